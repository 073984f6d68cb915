"""S and Q are unbiased and throw coins of their own: variances add, and each order rounds another number.

S→Q rounds x/π and keeps it with chance π: π V(x/π) more than S alone. Q→S rounds x and divides by π what is kept:
V(x)/π more. A variance of rounding is f(1 − f)Δ², from 0 to Δ²/4, and Δ²/6 on average over the cell: there S→Q has π²
times the variance of Q→S. On a point Q→S wins by π V(x/π) − V(x)/π ≤ πΔ²/4, with equality for x on the grid and x/π
halfway between two levels; never where 1/π is a whole number k, since V(kx) ≤ k V(x), as of k independent roundings.
"""

from fractions import Fraction
from typing import Any

import sympy
from sympy import And, Ge, Implies, Le

from sqtheory.theory.quantities import UNIFORM
from sqtheory.theory.theorems.unbiased_order import (
    MOST,
    PRUNE_FIRST,
    QUANTIZE_FIRST,
    ROOM,
    ROUNDED_AFTER,
    ROUNDED_BEFORE,
    SPARSE,
    THEOREM,
)

from .atoms import Atoms, Number, Pairs
from .conclusions import Concludes, Lemma
from .proof import Proof
from .shapes import Groups
from .steps import Enumerated, Equal, NonNegative, Smt
from .unknowns import Facts, Unknowns

f, d, k, pi = sympy.symbols("f Delta k pi", positive=True)


def share_of(a: Atoms) -> Fraction:
    """π."""
    return Fraction(a.budget(a.groups[0]), len(a.groups[0]))


def rounded(a: Atoms, moved: list[Number], cells: Pairs, factor: Fraction) -> list[Number]:
    """E(x − Q(t)·factor)²."""
    found = []
    for x, t, (low, high) in zip(a.x, moved, cells, strict=True):
        up = a.share(t, low, high)
        found.append(sympy.cancel((1 - up) * (x - low * factor) ** 2 + up * (x - high * factor) ** 2))
    return found


def prune_first(a: Atoms) -> Number:
    """Σ (1 − π) E(x − Q(0))² + π E(x − Q(x/π))²."""
    pi = share_of(a)
    gone = rounded(a, [0 * x for x in a.x], a.ends_of(Fraction(0)), Fraction(1))
    kept = rounded(a, [x / pi for x in a.x], a.ends_of(1 / pi), Fraction(1))
    return sum(((1 - pi) * g + pi * e for g, e in zip(gone, kept, strict=True)), Fraction(0))


def quantize_first(a: Atoms) -> Number:
    """Σ (1 − π) x² + π E(x − Q(x)/π)²."""
    pi = share_of(a)
    kept = rounded(a, a.x, a.ends_of(Fraction(1)), 1 / pi)
    return sum(((1 - pi) * x**2 + pi * e for x, e in zip(a.x, kept, strict=True)), Fraction(0))


def spread(a: Atoms, factor: Fraction) -> Number:
    """Σ (t − low)(high − t)."""
    entries = zip(a.x, a.ends_of(factor), strict=True)
    return sum(((factor * x - low) * (high - factor * x) for x, (low, high) in entries), Fraction(0))


def around(a: Unknowns) -> list[tuple[Number, Number, Number]]:
    """x and x/π, each with the ends of its cell."""
    factors = (Fraction(1), 1 / share_of(a))
    return [(factor * x, *ends) for factor in factors for x, ends in zip(a.x, a.ends_of(factor), strict=True)]


def in_cells(a: Unknowns) -> Facts:
    """Both x and x/π lie between the ends of their cells."""
    return [fact for t, low, high in around(a) for fact in (Le(low, t), Le(t, high))]


def one_step(a: Unknowns) -> Facts:
    """No cell is wider than the step."""
    return [Le(high - low, 2 * a.half_step) for _, low, high in around(a)]


def at_most(a: Unknowns, goals: Facts) -> Facts:
    """0 ≤ (t − low)(high − t) ≤ (Δ/2)² for low ≤ t ≤ high ≤ low + Δ."""
    found = []
    for t, low, high in around(a):
        variance = sympy.expand((t - low) * (high - t))
        cell = And(Le(low, t), Le(t, high), Le(high - low, 2 * a.half_step))
        found.append(Implies(cell, And(Ge(variance, 0), Le(variance, a.half_step**2))))
    return found


def never_for_whole(z3: Any) -> tuple[list[Any], Any]:
    """V(2x) ≤ 2 V(x), for x in the lower and in the upper half of its cell."""
    t = z3.Real("f")
    twice = z3.If(2 * t <= 1, 2 * t * (1 - 2 * t), (2 * t - 1) * (2 - 2 * t))
    return [t >= 0, t <= 1], twice <= 2 * t * (1 - t)


def beaten() -> list[str]:
    """Densities 1/k and places f for which V(kx) > k V(x)."""
    return [
        f"k = {whole}, f = {place}"
        for whole in range(1, 9)
        for place in (Fraction(i, 240) for i in range(241))
        if variance(whole * place) > whole * variance(place)
    ]


def variance(t: Fraction) -> Fraction:
    """Of unbiased rounding on the whole numbers."""
    return (t % 1) * (1 - t % 1)


AT_MOST = (
    NonNegative("its largest value: Δ²/4 − f(1 − f)Δ² = (½ − f)²Δ²", (sympy.Rational(1, 2) - f) ** 2 * d**2),
    Equal("… as said", d**2 / 4 - f * (1 - f) * d**2, (sympy.Rational(1, 2) - f) ** 2 * d**2),
)
QUARTER = Lemma("a variance of rounding is not negative, and at most Δ²/4", AT_MOST, at_most)

PROOF = Proof(
    theorem=THEOREM,
    model={
        PRUNE_FIRST: prune_first,
        QUANTIZE_FIRST: quantize_first,
        SPARSE: lambda a: sum((x**2 for x in a.x), Fraction(0)) * (1 - share_of(a)) / share_of(a),
        ROUNDED_AFTER: lambda a: share_of(a) * spread(a, 1 / share_of(a)),
        ROUNDED_BEFORE: lambda a: spread(a, Fraction(1)) / share_of(a),
        MOST: lambda a: share_of(a) * sum(((2 * a.half_step) ** 2 for _ in a.x), Fraction(0)) / 4,
    },
    steps=(
        Equal(
            "the variance of one rounding: (1 − f) f² Δ² + f (1 − f)² Δ²",
            (1 - f) * f**2 + f * (1 - f) ** 2,
            f * (1 - f),
        ),
        Equal("its mean over the cell: Δ²/6", sympy.integrate(f * (1 - f) * d**2, (f, 0, 1)), d**2 / 6),
        Equal(
            "so on average over the cell S→Q has π² times the variance of Q→S", (pi * d**2 / 6) / (d**2 / 6 / pi), pi**2
        ),
        *AT_MOST,
        Smt("π = ½: Q→S never wins, as V(2x) ≤ 2 V(x)", never_for_whole),
        Enumerated("π = 1/k for k ≤ 8, at 240 places of the cell: V(kx) ≤ k V(x)", beaten),
        *(Concludes(Groups(n, m), claims=(0, 1)) for n, m in ((1, 2), (2, 3), (1, 4), (2, 4))),
        Concludes(Groups(1, 2), claims=(2,), lemmas=(QUARTER,), readings={ROOM: in_cells, UNIFORM: one_step}),
    ),
)
