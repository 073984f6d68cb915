"""Every number of E4M3 as the scale of a block: which maxima it is given to, their images, and the scale of those.

In units of the scale g of the tensor a block of maximum a has the scale c = E4M3(a/6), the smallest number where that
is 0; a goes to the level v of E2M1 that is nearest a/c, and the block of q(x), whose maximum is v c, has the scale
E4M3(v c/6). The block of the largest entry has c = 448 and v = 6, so that g is the same again.
"""

from bisect import bisect
from fractions import Fraction
from itertools import pairwise

from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.theory.theorems.nvfp4_requantized import BELOW_FOUR, CHANGED, MIDDLE, SECOND, THEOREM

from .atoms import Number
from .conclusions import OnlyTested
from .exact import ExactRow
from .idempotence import defect
from .proof import Proof
from .steps import Enumerated

LEVELS = [Fraction(v) for v in E2M1.values.tolist() if v >= 0]
SCALES = [Fraction(v) for v in E4M3.values.tolist() if v > 0]


def rounded(v: Fraction, grid: list[Fraction], first: int) -> Fraction:
    """The nearest of a grid, midpoints to the even code, counted from ``first``; what is beyond goes to the last."""
    near = bisect(grid, v)
    around = enumerate(grid[max(near - 1, 0) : near + 1], first + max(near - 1, 0))
    return min(around, key=lambda place: (abs(place[1] - v), place[0] % 2))[1]


def scale_of(largest: Fraction) -> Fraction:
    """The scale of a block of this maximum, both over g: E4M3 with 0, and not 0 for it."""
    return rounded(largest / 6, [Fraction(0), *SCALES], 0) or SCALES[0]


def image_of(ratio: Fraction) -> Fraction:
    """The level of E2M1 for a maximum over its scale."""
    return rounded(ratio, LEVELS, 0)


def samples_of(c: Fraction) -> list[Fraction]:
    """Maxima of blocks of scale c that meet every level and every end of a cell: midpoints, levels, and their sides."""
    places = SCALES.index(c)
    low = (SCALES[places - 1] + c) / 2 if places else Fraction(0)
    high = (SCALES[places + 1] + c) / 2 if places + 1 < len(SCALES) else c
    middles = [(u + v) / 2 for u, v in pairwise(LEVELS)]
    inside = [6 * low, 6 * high, *(c * v for v in (*LEVELS, *middles))]
    sides = [a + delta * c for a in inside for delta in (Fraction(-1, 2**20), Fraction(0), Fraction(1, 2**20))]
    return [a for a in sides if a > 0 and a <= 6 * SCALES[-1] and scale_of(a) == c]


def moved() -> list[tuple[Fraction, Fraction]]:
    """Scales and maxima whose image has another scale, but for the second smallest and maxima of up to 5 of it."""
    return [
        (c, a)
        for c in SCALES
        for a in samples_of(c)
        if (scale_of(image_of(a / c) * c) != c) != (c == SECOND and a <= Fraction(MIDDLE) * c) and image_of(a / c)
    ]


def kept_at_half() -> list[Fraction]:
    """Where the scale of the image is another, it is half: the maximum of 4 σ then lies beyond the largest level."""
    c = Fraction(SECOND)
    tops = [a for a in samples_of(c) if a <= MIDDLE * c]
    return [a for a in tops if image_of(a / c) != 4 or scale_of(4 * c) != c / 2]


def in_four(a: ExactRow) -> Number:
    """By the blocks of the row, one after the other."""
    size = a.case.q.partition.sides(a.case.x.shape)[-1]
    blocks = [range(start, min(start + size, len(a.x))) for start in range(0, len(a.x), size)]
    g = max(map(abs, a.x)) / (6 * 448)
    largest = [max(abs(a.x[i]) for i in block) for block in blocks]
    return Fraction(any(top and scale_of(top / g) == SECOND and top <= MIDDLE * SECOND * g for top in largest))


PROOF = Proof(
    theorem=THEOREM,
    model={CHANGED: lambda a: Fraction(defect(a) > 0), BELOW_FOUR: in_four},
    steps=(
        Enumerated("each of the 126 scales: the image has it again, but for the second and maxima up to 5 σ", moved),
        Enumerated("there the maximum goes to 4 σ, at half the scale beyond 6, and so is another", kept_at_half),
        OnlyTested("that a row is the sum of its blocks under one g is tested: the scales are tried one by one"),
    ),
)
