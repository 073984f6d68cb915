"""x − q_σ(x) = d + g + b entry by entry; what the squares miss is twice the inner product of d + g and b.

Both cases are decided in exact arithmetic: there the inner product is not 0.
"""

import math
from fractions import Fraction

import sympy

from sqtheory.theory.theorems.error_in_three import BIAS, DEAD, NOISE, THEOREM, unrounded_image

from .atoms import Number, Row
from .conclusions import Witnessed
from .exact import ExactRow
from .proof import Proof
from .steps import Enumerated, Equal

x, star, q, d, g, b = sympy.symbols("x star q d g b", real=True)


def unrounded(a: ExactRow) -> Row:
    """q_σ*(x) of a row that is one block, by trying every level in rationals; of two as near the one that is made."""
    top, grid = max(map(abs, a.x)), a.case.q.format
    sigma = top / Fraction(grid.max)
    levels = [Fraction(v) for v in grid.values.tolist()]
    made: Row = []
    for v, near in zip(a.x, a.of(unrounded_image(a.case)), strict=True):
        least = min((abs(v - sigma * level) for level in levels), default=Fraction(0))
        best = [sigma * level for level in levels if abs(v - sigma * level) == least]
        made.append(min(best, key=lambda one: abs(one - near)))
    return made


def dead(a: ExactRow) -> Number:
    """Σ |x|^p over the entries whose image is 0."""
    return a.power([v for v, y in zip(a.x, unrounded(a), strict=True) if not y])


def noise(a: ExactRow) -> Number:
    """Σ |x − q_σ*(x)|^p over the others."""
    return a.power([v - y for v, y in zip(a.x, unrounded(a), strict=True) if y])


def bias(a: ExactRow) -> Number:
    """Σ |q_σ*(x) − q_σ(x)|^p."""
    return a.power([y - z for y, z in zip(unrounded(a), a.q, strict=True)])


def signs() -> list[str]:
    """What the squares miss, where it has not the sign that is said: less in the first case, more in the second."""
    assert hasattr(THEOREM.witness, "cases")
    missed = []
    for case in THEOREM.witness.cases:
        a = ExactRow(case, 0)
        missed.append(a.power(a.minus(a.x, a.q)) - dead(a) - noise(a) - bias(a))
    return [] if [math.copysign(1, v) for v in missed] == [-1, 1] else [str(missed)]


PROOF = Proof(
    theorem=THEOREM,
    model={DEAD: dead, NOISE: noise, BIAS: bias},
    steps=(
        Equal("an image of 0: x − q = d + b for d = x, b = 0 − q", x - q, x + (0 - q)),
        Equal("another image: x − q = g + b for g = x − q*, b = q* − q", x - q, (x - star) + (star - q)),
        Equal(
            "(d + g + b)² with d g = 0",
            ((d + g + b) ** 2).expand().subs(d * g, 0),
            d**2 + g**2 + b**2 + 2 * (d + g) * b,
        ),
        Enumerated("the error is less than the sum in the first case, and more in the second", signs),
        Witnessed(),
    ),
)
