"""Densities in proportion to weights of the layers, none above 1, of one exact budget of kept entries."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, prod
from typing import final

from sqtheory.alphabet.allocation.apportion import apportioned
from sqtheory.alphabet.partition import Shape


@final
@dataclass(frozen=True)
class Densities:
    """d_l = min(1, ε r_l) with Σ d_l n_l = d Σ n_l, in rational numbers: ε, and in how many rounds it was found."""

    sizes: tuple[int, ...]
    shares: tuple[Fraction, ...]
    factor: Fraction
    rounds: int

    @property
    def expected(self) -> Fraction:
        """Σ d_l n_l, the expected number of entries that independent draws keep."""
        return sum((d * n for d, n in zip(self.shares, self.sizes, strict=True)), Fraction(0))

    @property
    def kept(self) -> tuple[int, ...]:
        """Whole numbers of kept entries within 1 of d_l n_l whose sum is ⌈Σ d_l n_l⌉."""
        return apportioned([d * n for d, n in zip(self.shares, self.sizes, strict=True)], ceil(self.expected))


def capped_proportional(sizes: Sequence[int], weights: Sequence[Fraction], density: Fraction) -> Densities:
    """d_l = min(1, ε r_l) for weights r_l ≥ 0 and the one ε that spends the budget d Σ n_l.

    Every round makes the layers that ε r_l ≥ 1 dense and solves ε anew for the others; a round without such a layer
    is the last, so that L layers take L rounds at most. Raises ValueError for a density outside (0, 1], for sizes and
    weights that are no such numbers, and where layers of weight 0 would have to be kept.
    """
    if not 0 < density <= 1:
        raise ValueError(f"a density lies in (0, 1], got {density}")
    if len(sizes) != len(weights) or not sizes or min(sizes) < 1 or min(weights) < 0:
        raise ValueError(
            f"needed a size of at least 1 and a weight of at least 0 for every layer, got {sizes}, {weights}"
        )
    budget, dense, rounds = density * sum(sizes), set[int](), 0
    factor = Fraction(0)
    while len(dense) < len(sizes):
        rounds += 1
        rest = [at for at in range(len(sizes)) if at not in dense]
        left = budget - sum(sizes[at] for at in dense)
        spent = sum((sizes[at] * weights[at] for at in rest), Fraction(0))
        if spent == 0 and left > 0:
            raise ValueError(f"layers of weight 0 keep nothing, and {float(left):g} entries more were to be kept")
        factor = left / spent if spent else Fraction(0)
        full = {at for at in rest if factor * weights[at] >= 1}
        if not full:
            break
        dense |= full
    shares = tuple(Fraction(1) if at in dense else factor * r for at, r in enumerate(weights))
    return Densities(tuple(sizes), shares, factor, rounds)


def uniform(shapes: Sequence[Shape], density: Fraction) -> Densities:
    """The same density everywhere."""
    return capped_proportional([prod(shape) for shape in shapes], [Fraction(1)] * len(shapes), density)


def erdos_renyi(shapes: Sequence[Shape], density: Fraction) -> Densities:
    """r_l = (n_in + n_out)/(n_in n_out) by the first two axes alone, as of a random bipartite graph (ER).

    `mocanu2018set`, Eq. 1. Axes beyond the second count among the entries, not in the weight.
    """
    return _by(shapes, density, 2)


def erdos_renyi_kernel(shapes: Sequence[Shape], density: Fraction) -> Densities:
    """r_l = Σ_a n_a/Π_a n_a over all axes of a layer, the sides of a kernel among them (ERK).

    `evci2020rigl`, §3, (1): for matrices it is ER.
    """
    return _by(shapes, density, None)


def _by(shapes: Sequence[Shape], density: Fraction, axes: int | None) -> Densities:
    if flat := next((shape for shape in shapes if len(shape) < 2), None):
        raise ValueError(f"a layer has inputs and outputs: a tensor of shape {flat} has not two axes")
    weights = [Fraction(sum(shape[:axes]), prod(shape[:axes])) for shape in shapes]
    return capped_proportional([prod(shape) for shape in shapes], weights, density)
