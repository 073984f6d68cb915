"""At fixed scales every entry is rounded by a coin of its own: expectations add entry by entry.

An entry at the share f of its cell of width d goes down with probability 1 − f: E|ε| = 2 f (1 − f) d and
E ε² = f (1 − f) d², while E Q(x) = x. A pruned entry is 0, which is a level: its coin has one side.
"""

from fractions import Fraction

import sympy

from sqtheory.theory.theorems.stochastic_rounding import KEPT_1, KEPT_2, PRUNED_1, PRUNED_2, SQ_1, SQ_2, THEOREM

from .atoms import Atoms, Number
from .conclusions import Concludes
from .proof import Proof
from .shapes import Entries
from .steps import Equal, Tested

f, d = sympy.symbols("f d", nonnegative=True)


def coin(a: Atoms, x: Number, value: Number, ends: tuple[Number, Number], p: int) -> Number:
    """E |x − Q(value)|^p by the two levels around the value; an end of the grid where it lies beyond."""
    low, high = ends
    up = a.share(value, low, high)
    return (1 - up) * abs(x - low) ** p + up * abs(x - high) ** p


def after_mask(a: Atoms, p: int) -> Number:
    """Σ E|x − Q(m x)|^p at the scales of the masked tensor."""
    entries = zip(a.x, a.m, a.masked_ends, strict=True)
    return sum((coin(a, x, x if m else Fraction(0), ends, p) for x, m, ends in entries), Fraction(0))


def kept(a: Atoms, p: int) -> Number:
    """Σ_K E|x − Q(x)|^p at the scales of x."""
    entries = zip(a.x, a.m, a.ends, strict=True)
    return sum((coin(a, x, x, ends, p) for x, m, ends in entries if m), Fraction(0))


def pruned(a: Atoms, p: int) -> Number:
    """Σ_P |x|^p."""
    return sum((abs(x) ** p for x, m in zip(a.x, a.m, strict=True) if not m), Fraction(0))


PROOF = Proof(
    theorem=THEOREM,
    model={
        SQ_1: lambda a: after_mask(a, 1),
        SQ_2: lambda a: after_mask(a, 2),
        KEPT_1: lambda a: kept(a, 1),
        KEPT_2: lambda a: kept(a, 2),
        PRUNED_1: lambda a: pruned(a, 1),
        PRUNED_2: lambda a: pruned(a, 2),
    },
    steps=(
        Tested(
            "with Σ a kept entry meets the same cell before and after masking",
            lambda case: case.every(
                ~case.orders.mask | (case.x == 0) | (case.spread(case.q.scales(case.orders.sparse)) == case.dense_scale)
            ),
        ),
        Equal("unbiased: (1 − f)·(x − f d) + f·(x + (1 − f) d) = x", (1 - f) * (-f * d) + f * (1 - f) * d, 0),
        Equal("E|ε| = 2 f (1 − f) d", (1 - f) * (f * d) + f * ((1 - f) * d), 2 * f * (1 - f) * d),
        Equal("E ε² = f (1 − f) d²", (1 - f) * (f * d) ** 2 + f * ((1 - f) * d) ** 2, f * (1 - f) * d**2),
        Equal("a level stays: f = 0", (2 * f * (1 - f) * d).subs(f, 0), 0),
        Concludes(Entries(4)),
    ),
)
