"""Column j of the second pass holds u_j + Σ (u_i − v_i) U_ij with u_j = w_j + Σ (w_i − u_i) U_ij: the sums telescope.

A pruned entry, 0 in both, has handed on w_i U_ij in the first pass and hands on nothing in the second.
"""

from fractions import Fraction

import numpy as np
import sympy

from sqtheory.theory.theorems.gram_error import INPUTS
from sqtheory.theory.theorems.prune_then_feedback import APART, THEOREM, TWO_PASSES
from sqtheory.theory.theorems.sweep_bound import LOST

from .atoms import Row
from .conclusions import OnlyTested
from .exact import ExactRow
from .gram_error import matrix
from .proof import Proof
from .steps import Equal
from .sweep_bound import PROOF as SWEEP
from .sweep_bound import damped, kept, trace, triangular

w1, w2, w3, v1, v2, u1, u2, a, b = sympy.symbols("w1 w2 w3 v1 v2 u1 u2 a b", real=True)
u3 = w3 + (w1 - u1) * a + (w2 - u2) * b
"""What the first pass holds at a third column, U_13 = a and U_23 = b."""


def passed(row: ExactRow, targets: list[Row], masks: list[list[bool]], *, rounds: bool) -> list[Row]:
    """What a pass makes of the targets, every sum in rationals; the format rounds."""
    u, _ = triangular(damped(row))
    made: list[Row] = []
    for w, scales, flags in zip(targets, matrix(row.weight.scale), masks, strict=True):
        v: Row = []
        for j in range(INPUTS):
            held = w[j] + sum(((w[i] - v[i]) * u[i][j] for i in range(j)), Fraction(0))
            v.append((rounded(row, held, scales[j]) if rounds else held) if flags[j] else Fraction(0))
        made.append(v)
    return made


def rounded(row: ExactRow, held: Fraction, scale: Fraction) -> Fraction:
    """σ times the level that the quotient goes to."""
    level = row.case.q.format.round(np.array([float(held / (scale or 1))]), row.case.q.rounding)
    return scale * Fraction(float(level[0]))


def in_two(row: ExactRow) -> list[Row]:
    """Pruned first, then rounded."""
    masks = kept(row)
    pruned = passed(row, matrix(row.weight.x), masks, rounds=False)
    return passed(row, pruned, masks, rounds=True)


def errors(row: ExactRow, made: list[Row]) -> list[Row]:
    """W − V."""
    return [[p - q for p, q in zip(w, v, strict=True)] for w, v in zip(matrix(row.weight.x), made, strict=True)]


def apart(row: ExactRow) -> Fraction:
    """Entry by entry."""
    one, two = passed(row, matrix(row.weight.x), kept(row), rounds=True), in_two(row)
    return sum((abs(p - q) for v, u in zip(one, two, strict=True) for p, q in zip(v, u, strict=True)), Fraction(0))


PROOF = Proof(
    theorem=THEOREM,
    model={
        APART: apart,
        TWO_PASSES: lambda row: trace(damped(row), errors(row, in_two(row))),
        LOST: SWEEP.model[LOST],
    },
    steps=(
        Equal(
            "u₃ + (u₁ − v₁) U₁₃ + (u₂ − v₂) U₂₃ = w₃ + (w₁ − v₁) U₁₃ + (w₂ − v₂) U₂₃, whatever the first pass made",
            u3 + (u1 - v1) * a + (u2 - v2) * b,
            w3 + (w1 - v1) * a + (w2 - v2) * b,
        ),
        OnlyTested("of any number of columns by induction, as what is held is the same and so what it is rounded to"),
    ),
)
