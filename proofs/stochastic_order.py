"""In one cell Q→S swaps a pair in one outcome of the four: a falls, b rises. What it wins and loses there is the gap.

S→Q keeps a ≥ b whatever the coins. Where both lie in one cell [v, v + Δ], a = v + αΔ goes down with chance 1 − α and
b = v + βΔ up with chance β; then Q→S keeps b at v + Δ instead of a at v. In every other outcome Q(a) ≥ Q(b), and ties
go to a. So the p-th power of the error of S→Q exceeds that of Q→S on average by (1 − α)β times
(b^p + (αΔ)^p) − (a^p + ((1 − β)Δ)^p). Pairs in two cells are never swapped.
"""

from fractions import Fraction
from itertools import product
from typing import Any

import sympy

from sqtheory.theory.theorems.stochastic_order import (
    LOST_1,
    LOST_2,
    QS_1,
    QS_2,
    SQ_1,
    SQ_2,
    THEOREM,
    WON_1,
    WON_2,
)

from .atoms import Atoms, Number
from .conclusions import Concludes
from .proof import Proof
from .shapes import Pairs
from .steps import Equal, Smt, Tested
from .stochastic_rounding import after_mask

alpha, beta, v, d = sympy.symbols("alpha beta v Delta", positive=True)


def before_mask(a: Atoms, p: int) -> Number:
    """Σ over pairs and the four outcomes of their coins: the larger image stays, of equal ones what s keeps."""
    total: Number = Fraction(0)
    for i, j in a.groups:
        for up in product((False, True), repeat=2):
            chance: Number = 1
            image = {}
            for k, raised in zip((i, j), up, strict=True):
                share = a.share(a.x[k], *a.ends[k])
                chance = chance * (share if raised else 1 - share)
                image[k] = a.ends[k][int(raised)]
            y, z = abs(image[i]), abs(image[j])
            swapped = a.choose_tied((i, j), [0, 1], 1) == [1] if y == z else z > y
            kept, gone = (j, i) if swapped else (i, j)
            total += chance * (abs(a.x[kept] - image[kept]) ** p + abs(a.x[gone]) ** p)
    return total


def turned(a: Atoms) -> list[tuple[Number, Number, Number, Number, Number]]:
    """α, β, v, Δ and a − b of every pair in one cell."""
    found = []
    for i, j in a.groups:
        first, second = (sorted_ends(a.ends[k]) for k in (i, j))
        if first == second and first[0] != first[1]:
            low, high = first
            x, y = (abs(a.x[j]), abs(a.x[i])) if abs(a.x[j]) > abs(a.x[i]) else (abs(a.x[i]), abs(a.x[j]))
            found.append((a.share(x, low, high), a.share(y, low, high), low, high - low, x - y))
    return found


def sorted_ends(ends: tuple[Number, Number]) -> tuple[Number, Number]:
    """The magnitudes of both ends in order."""
    low, high = map(abs, ends)
    return (high, low) if low > high else (low, high)


def won(a: Atoms, p: int) -> Number:
    """Σ 2(1 − α)β β Δ^p."""
    return sum((2 * (1 - s) * t * t * step**p for s, t, _, step, _ in turned(a)), Fraction(0))


def lost(a: Atoms, p: int) -> Number:
    """Σ (1 − α)β Δ, and Σ 2(1 − α)β (Δ²/2 + v(a − b))."""
    if p == 1:
        return sum(((1 - s) * t * step for s, t, _, step, _ in turned(a)), Fraction(0))
    return sum(((1 - s) * t * (step**2 + 2 * low * gap) for s, t, low, step, gap in turned(a)), Fraction(0))


def swap(p: int) -> sympy.Expr:
    """(b^p + (αΔ)^p) − (a^p + ((1 − β)Δ)^p)."""
    return (v + beta * d) ** p + (alpha * d) ** p - (v + alpha * d) ** p - ((1 - beta) * d) ** p


def exactly_then(p: int) -> Any:
    """For 0 ≤ β ≤ α < 1, β > 0: Q→S is better iff β > ½ (p = 1), iff β > ½ + (α − β)v/Δ (p = 2)."""

    def question(z3: Any) -> tuple[list[Any], Any]:
        s, t, low, step = z3.Reals("alpha beta v Delta")
        a, b = low + s * step, low + t * step
        pair = b + s * step - a - (1 - t) * step
        square = b * b + s * s * step * step - a * a - (1 - t) * (1 - t) * step * step
        rule = 2 * t > 1 if p == 1 else (2 * t - 1) * step > 2 * low * (s - t)
        return [t > 0, t <= s, s < 1, low >= 0, step > 0], ((pair if p == 1 else square) > 0) == rule

    return question


PROOF = Proof(
    theorem=THEOREM,
    model={
        SQ_1: lambda a: after_mask(a, 1),
        SQ_2: lambda a: after_mask(a, 2),
        QS_1: lambda a: before_mask(a, 1),
        QS_2: lambda a: before_mask(a, 2),
        WON_1: lambda a: won(a, 1),
        WON_2: lambda a: won(a, 2),
        LOST_1: lambda a: lost(a, 1),
        LOST_2: lambda a: lost(a, 2),
    },
    steps=(
        Tested(
            "a masked entry is 0, and a kept one lies in the cell it lay in",
            lambda case: case.every(
                ~case.orders.mask | (case.x == 0) | (case.spread(case.q.scales(case.orders.sparse)) == case.dense_scale)
            ),
        ),
        Equal("the swap in L1: (2β − 1)Δ", swap(1), (2 * beta - 1) * d),
        Equal(
            "the swap in squared L2: 2(β − ½ − (α − β)v/Δ)Δ²",
            swap(2),
            2 * (beta - sympy.Rational(1, 2) - (alpha - beta) * v / d) * d**2,
        ),
        Smt("L1: Q→S is the better order iff β > ½", exactly_then(1)),
        Smt("squared L2: iff β > ½ + (α − β)v/Δ; so of every two equal entries in the upper half", exactly_then(2)),
        Concludes(Pairs()),
    ),
)
