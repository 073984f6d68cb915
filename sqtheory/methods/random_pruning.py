"""Random pruning: masks that do not look at weights, drawn entry by entry or of an exact count."""

from collections.abc import Sequence
from fractions import Fraction
from math import prod
from zlib import crc32

import numpy as np

from sqtheory.alphabet.quantizers import Quantizer, int_
from sqtheory.alphabet.scores import given
from sqtheory.alphabet.sparsifiers import FixedMask, Sparsifier, nm
from sqtheory.arrays import Array, FixedArray
from sqtheory.methods.erk import kept
from sqtheory.methods.evidence import Holds, OnWeight, OrderVerdict, Runs
from sqtheory.methods.method import Facts, Method, Variant
from sqtheory.orders.pair import Pair
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import frozen_commutation, half_step_bound

FIFTH = Fraction(1, 5)


def drawn(known: Facts) -> Array:
    """Independent uniform numbers for the entries of a tensor, from a Generator that its name seeds."""
    if known.name not in known.shapes:
        raise ValueError(f"random draws a mask for every tensor of a checkpoint, and {known.name!r} is none of them")
    return np.random.default_rng(crc32(known.name.encode())).random(known.shapes[known.name])


def build(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """A uniformly random mask that keeps of every group what s keeps, and q."""
    return Pair(s.with_score(given(drawn(known))), q)


def bernoulli(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """A mask that keeps every entry for itself with the probability of the density of s, and q."""
    numbers = drawn(known)
    return Pair(FixedMask(FixedArray(numbers < kept(s, numbers.shape) / prod(numbers.shape))), q)


def loss_moments(x: Sequence[Fraction], count: int, by_entry: bool) -> tuple[Fraction, Fraction]:
    """Mean and variance of Σ x_i² over what is pruned, where ``count`` of n ≥ 2 entries stay, in expectation or always.

    With d = count/n the mean is (1 − d) Σ x_i² either way; the variance d(1 − d) Σ x_i⁴ entry by entry, and
    d(1 − d) n/(n − 1) (Σ x_i⁴ − (Σ x_i²)²/n) of an exact count.
    """
    n, d = len(x), Fraction(count, len(x))
    squares, fourths = sum(v**2 for v in x), sum(v**4 for v in x)
    spread = Fraction(fourths) if by_entry else Fraction(n, n - 1) * (fourths - squares**2 / Fraction(n))
    return (1 - d) * squares, d * (1 - d) * spread


def uniform_plus(sizes: Sequence[int], density: Fraction, published: bool = False) -> tuple[Fraction, ...]:
    """Densities of layers with the first dense and the last at least 1/5, the others equal and meeting d Σ n_l.

    ``published``: what is left is shared among the entries of all layers, not of the others, below a density of
    1/5, and not solved anew above. Raises ValueError where the first and the last exceed the budget.
    """
    total, first, last = sum(sizes), sizes[0], sizes[-1]
    low = density < FIFTH
    left = density * total - first - (FIFTH * last if low else 0)
    others = total if published else total - first - (last if low else 0)
    if left < 0 or not others:
        raise ValueError(f"a density of {density} is less than what the first and the last layer keep")
    rest = density if published and not low else left / others
    return (Fraction(1), *(rest for _ in sizes[1:-1]), FIFTH if low else rest)


def misses_its_budget() -> bool:
    """Of layers of 10, 80 and 10 entries at 1/5 the published rule keeps 28 in expectation, at 3/20 less than 15."""
    sizes = (10, 80, 10)
    spent = [sum(n * d for n, d in zip(sizes, uniform_plus(sizes, f, True), strict=True)) for f in (FIFTH, THREE)]
    return spent[0] == 28 and spent[1] < 15


THREE = Fraction(3, 20)
LARGEST_LOST = nm(2, 4, score=given([0, 1, 2, 0]))
METHOD = Method(
    name="random",
    title="Random pruning: masks that do not look at the weights",
    source=Reference("liu2022random", "§3; VITA-Group/Random_Pruning 871077f, CIFAR/sparselearning/core.py"),
    needs=(),
    build=build,
    evidence=(
        Holds(
            "where the largest entry of every scale block stays both orders are one",
            frozen_commutation.THEOREM,
            Case.of([7, -2.5, 1, 3], int_(4), nm(2, 4, score=given([3, 2, 1, 0]))),
        ),
        OnWeight(
            "where it goes, what the finer scale rounds anew may have been on the grid",
            OrderVerdict.fails,
            FixedArray([[7.0, 3, 1, 0]]),
            Pair(LARGEST_LOST, int_(4)),
        ),
        OnWeight(
            "… or have been lost on it",
            OrderVerdict.holds,
            FixedArray([[7.0, 0.375, 0.25, 0]]),
            Pair(LARGEST_LOST, int_(4)),
        ),
        Runs("published uniform+ misses the budget of its density", OrderVerdict.none, misses_its_budget),
    ),
    rests_on=(half_step_bound.THEOREM,),
    variants=(
        Variant("bernoulli", "every entry for itself, as published: the budget is met in expectation", bernoulli),
    ),
)
