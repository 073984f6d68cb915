"""PreCropping: a layer of density r keeps √r of its channels on either side."""

from fractions import Fraction
from math import sqrt

from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import fixed
from sqtheory.arrays import FixedArray
from sqtheory.methods.evidence import OnWeight, OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.orders.pair import Pair
from sqtheory.theory.claims import Reference

WEIGHT = FixedArray([[7.0, 3, 2, 1], [3.0, 2.2, 1, 0.3]])
BY_ROWS = int_(4, per=Rows())


def cropped(inputs: int, outputs: int, densities: tuple[Fraction, Fraction]) -> tuple[int, int]:
    """The channels √r₁·inputs and √r₂·outputs, to the nearest whole number, at least 1.

    Raises ValueError for a density outside (0, 1].
    """
    if not all(0 < r <= 1 for r in densities):
        raise ValueError(f"densities lie in (0, 1]: got {' and '.join(map(str, densities))}")
    return max(1, round(sqrt(densities[0]) * inputs)), max(1, round(sqrt(densities[1]) * outputs))


def meets_the_budget() -> bool:
    """A layer of one density r keeps r of its weights exactly where r is a square, up to (a + b)/2 + ¼ else."""
    a, b = cropped(64, 128, (Fraction(1, 4), Fraction(1, 4)))
    c, d = cropped(50, 70, (Fraction(1, 3), Fraction(1, 3)))
    wide = (50 + 70) / sqrt(3) / 2 + 0.25
    return a * b * 4 == 64 * 128 and 0 < abs(c * d - 50 * 70 / 3) <= wide


def neighbours_disagree() -> bool:
    """Layers of density ¼ and 1 share channels: cropped for either, the other keeps not what it was given."""
    a, b = cropped(64, 64, (Fraction(1, 4), Fraction(1, 4)))
    return a * b == 64 * 64 // 4 and b * 64 == 64 * 64 // 2


METHOD = Idea(
    name="precropping",
    title="PreCropping: whole channels, by the densities that pruning at initialization would leave",
    source=Reference("cai2022precropping", "abstract; √r on either side from the count of parameters"),
    computes="widths and the parameters that are left.",
    outside="the densities, which another method gives, and the training.",
    evidence=(
        Runs("a density is met up to rounding of widths", OrderVerdict.none, meets_the_budget),
        Runs(
            "two layers that share channels keep their densities only where these are equal",
            OrderVerdict.none,
            neighbours_disagree,
        ),
        OnWeight(
            "outputs that go leave the scales of other rows alone: both orders are one",
            OrderVerdict.none,
            WEIGHT,
            Pair(fixed([[True] * 4, [False] * 4]), BY_ROWS),
        ),
        OnWeight(
            "inputs that go can take the largest of a row along, and its scale changes",
            OrderVerdict.fails,
            WEIGHT,
            Pair(fixed([[False, True, True, True]] * 2), BY_ROWS),
        ),
    ),
)
