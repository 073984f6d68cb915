"""Levels are their own images, so q(q(x)) = q(x) where q(x) has the scale of x, or half of it and doubled levels.

σ = max|x|/max Γ with nearest rounding: the maximum goes to ±max Γ, both levels, and so gives σ again. A power of two:
the maximum may fall to the next lower one, but then every level in use has its double in Γ.
"""

from fractions import Fraction

import numpy as np
import sympy

from sqtheory.alphabet.formats import FORMATS, Format
from sqtheory.alphabet.rounding import ROUNDINGS, half_away, nearest_even
from sqtheory.alphabet.scaling import Exponent, PowerOfTwo
from sqtheory.arrays import Array
from sqtheory.theory.theorems.idempotence import DEFECT, THEOREM

from .atoms import Number
from .conclusions import OnlyTested
from .exact import ExactRow
from .proof import Proof
from .steps import Enumerated, Equal, Tested

sigma, level, top = sympy.symbols("sigma level top", positive=True)


def defect(a: ExactRow) -> Number:
    """max |q(q(x)) − q(x)| / max |x|, 0 below the rounding of float64."""
    again = a.of(a.case.q.apply(a.case.orders.image, a.case.orders.image))
    size = max(map(abs, a.x))
    share = max(abs(u - v) for u, v in zip(again, a.q, strict=True)) / size if size else Fraction(0)
    return share if share >= 1e-14 else 0.0


def moved_levels() -> list[str]:
    """Formats with a level that rounding to nearest moves."""
    rules = (nearest_even, half_away)
    return [f.name for f in FORMATS.values() for rule in rules if not np.array_equal(f.round(f.values, rule), f.values)]


def lost() -> list[str]:
    """Grids, power-of-two rules and roundings said to reproduce, but with a maximum whose image has a finer scale.

    The image of the maximum may have half the scale if its double, and that of every level below it, is a level.
    """
    wrong = []
    for fmt in FORMATS.values():
        for rule in map(PowerOfTwo, Exponent):
            for rounding in (r for r in ROUNDINGS.values() if rule.reproduces(fmt, r)):
                tops = maxima_of(fmt)
                sigma = rule.from_maximum(tops, fmt)
                image = np.abs(fmt.round(tops / sigma, rounding))
                share = sigma / np.where(image > 0, rule.from_maximum(image * sigma, fmt), sigma)
                finer = image[share != 1]
                below = fmt.values[np.abs(fmt.values) <= finer.max(initial=0)]
                if not (np.isin(share, (1, 2)).all() and np.isin(2 * below, fmt.values).all()):
                    wrong.append(f"{fmt} with scaling={rule}, rounding={rounding}")
    return wrong


def maxima_of(fmt: Format) -> Array:
    """Levels of the upper binades of a grid, the middles of its cells, and 64 numbers of three binades around it."""
    top = 2.0 ** (np.frexp(fmt.max)[1] - 1)
    positive = fmt.values[fmt.values >= top / 4]
    middles = (positive[1:] + positive[:-1]) / 2
    return np.concatenate([positive, middles, *(top * c * (1 + np.arange(64) / 64) for c in (0.5, 1, 2))])


PROOF = Proof(
    theorem=THEOREM,
    model={DEFECT: defect},
    steps=(
        Equal(
            "max|x|/max Γ: the maximum σ max Γ is its own image, whose scale is σ",
            sigma * top / top,
            sigma,
        ),
        Enumerated("a power of two: it stays, or halves where the levels in use have doubles in Γ", lost),
        Tested(
            "of the shipped formats q(x) has the scales of x, up to the rounding of real scales",
            lambda case: case.every(
                (np.abs(case.x).max(axis=1, keepdims=True) == 0)
                | (case.orders.image == 0)
                | np.isclose(case.spread(case.q.scales(case.orders.image)), case.dense_scale, rtol=1e-12, atol=0)
            ),
        ),
        OnlyTested("a scale of an image is read off its rule, format by format, by enumeration"),
        Equal("then the ratios of q(x) are levels", (sigma * level) / sigma, level),
        Equal("at half the scale they are doubles of levels", (sigma * level) / (sigma / 2), 2 * level),
        Enumerated("and every level of every format is its own image", moved_levels),
    ),
)
