"""Layer-wise quantization: more bits for layers that change what they are given, or that have few large weights."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import hbfp, int_
from sqtheory.alphabet.sparsifiers import nm, top
from sqtheory.arrays import Array
from sqtheory.methods.evidence import Fails, Holds, OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import prune_first_dominates

ONE, OTHER = (np.array([[*row, *(-v for v in row)]]) for row in ((1.0, 1, 1, 1), (0.0, 0, 0, 1)))


def input_modification(x: Array, y: Array) -> float:
    """LIM: −cos of what a layer is given and what it gives, both (samples, features), as mean over the samples.

    Larger is more important. Raises ValueError for a sample of zeros, that has no direction.
    """
    a, b = x.astype(np.float64), y.astype(np.float64)
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    if not lengths.all():
        raise ValueError(f"sample {int(np.flatnonzero(lengths == 0)[0])} has no direction: it is 0")
    return float(-(np.sum(a * b, axis=1) / lengths).mean())


def large_share(weight: Array) -> float:
    """ZD: the share of weights above the mean by more than one standard deviation. Smaller is more important."""
    w = weight.astype(np.float64)
    return float((w > w.mean() + w.std()).mean())


def two_levels(
    importance: Sequence[float], sizes: Sequence[int], low: int, high: int, mean: Fraction
) -> tuple[int, ...]:
    """``high`` bits for the most important layers while their mean over weights is at most ``mean``, else ``low``.

    The first among equals; no layer after the first that would exceed the mean. Raises ValueError unless
    low ≤ mean ≤ high.
    """
    if not low <= mean <= high:
        raise ValueError(f"a mean of {mean} bits is none between {low} and {high}")
    bits, spare = [low] * len(sizes), (mean - low) * sum(sizes)
    for at in sorted(range(len(sizes)), key=lambda layer: (-importance[layer], layer)):
        spare -= (high - low) * sizes[at]
        if spare < 0:
            break
        bits[at] = high
    return tuple(bits)


def blind_to_scales() -> bool:
    """A layer that doubles its input has the least importance, −1, and 8 times its output has it as well."""
    x, y = np.array([[1.0, 2], [3, -1]]), np.array([[2.0, 1], [1, 1]])
    return input_modification(x, 2 * x) == input_modification(x, x) and input_modification(x, 8 * y) == (
        input_modification(x, y)
    )


def mean_is_met() -> bool:
    """Two of four equal layers at 4 bits and two at 2 are 3 bits: levels that no integer format has."""
    return two_levels((0.1, 0.9, 0.5, 0.3), (8, 8, 8, 8), 2, 4, Fraction(3)) == (2, 4, 4, 2)


def ranks_anew() -> bool:
    """Dense, the one has fewer large weights than the other; 2:4, it has more."""
    s = nm(2, 4)
    return large_share(ONE) < large_share(OTHER) and large_share(s(ONE)) > large_share(s(OTHER))


METHOD = Idea(
    name="layerwise",
    title="Layer-wise quantization: bits by what layers change, or by how many of their weights are large",
    source=Reference(
        "dumitru2024layerwise", "abstract; LIM and ZD are read from its words, its repository has no code"
    ),
    computes="both importances, and two bit-widths of any mean between them.",
    outside="perplexity.",
    evidence=(
        Runs("what a layer changes does not depend on scales", OrderVerdict.none, blind_to_scales),
        Runs("two widths have any mean that shares of layers have", OrderVerdict.none, mean_is_met),
        Runs("a mask can turn the ranking round: bits are for what is left, after it", OrderVerdict.holds, ranks_anew),
        Holds(
            "by magnitude within one scale block, whatever the bits of a layer are",
            prune_first_dominates.THEOREM,
            Case.of([7, 2.5, 1, 1], int_(4), nm(2, 4)),
        ),
        Fails(
            "where a group spans blocks of different scales",
            prune_first_dominates.THEOREM,
            Case.of([7, 0.5, 0.4375, 1], hbfp(4, block=2), top(3, per=Rows())),
        ),
    ),
)
