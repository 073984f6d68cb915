"""E R has the columns R_jj (r_j − v_j): the loss ‖E R‖² falls apart into columns, each of at most half a step.

r_j − v_j = e_j + Σ_{i<j} e_i R_ij/R_jj for e = w − v, which is what the sweep adds to column j before it is rounded.
"""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import sympy

from sqtheory.arrays import Mask
from sqtheory.theory.case import Case
from sqtheory.theory.claims import TOLERANCE
from sqtheory.theory.theorems.gram_error import INPUTS
from sqtheory.theory.theorems.sweep_bound import (
    BOUND,
    LOST,
    NO_FEEDBACK,
    PRUNED,
    ROUNDED,
    SHARE,
    THEOREM,
    Swept,
)

from .atoms import Row
from .conclusions import OnlyTested
from .dot_decomposition import product
from .exact import ExactRow, exact
from .gram_error import columns, matrix
from .proof import Proof
from .steps import Equal, NonNegative, Tested

a, b, c = sympy.symbols("a b c", positive=True)
x, y, z, r, h, t = sympy.symbols("x y z r h t", real=True)


def damped(row: ExactRow) -> list[Row]:
    """H, entry by entry; the identity where X = 0."""
    inputs = columns(matrix(row.x))
    moments = [[product(p, q) for q in inputs] for p in inputs]
    more = sum(moments[j][j] for j in range(INPUTS)) / INPUTS / SHARE or 1
    return [[v + (more if i == j else 0) for j, v in enumerate(line)] for i, line in enumerate(moments)]


def triangular(h: list[Row]) -> tuple[list[Row], Row]:
    """U with ones on its diagonal, upper triangular, and D, with H = U D Uᵀ, from the last input on."""
    rest = [list(line) for line in h]
    u = [[Fraction(int(i == j)) for j in range(INPUTS)] for i in range(INPUTS)]
    for j in reversed(range(INPUTS)):
        for i in range(j):
            u[i][j] = rest[i][j] / rest[j][j]
        for i in range(j):
            for k in range(j):
                rest[i][k] -= u[i][j] * u[k][j] * rest[j][j]
    return u, [rest[j][j] for j in range(INPUTS)]


def images(row: ExactRow) -> list[Row]:
    """What the sweep has made of every output."""
    return [exact(line) for line in Swept.of(row.case).images[row.index]]


def held(row: ExactRow) -> list[Row]:
    """What every entry was when its column came, given what the columns before it became."""
    u, _ = triangular(damped(row))
    return [
        [w[j] + sum(((w[i] - v[i]) * u[i][j] for i in range(j)), Fraction(0)) for j in range(INPUTS)]
        for w, v in zip(matrix(row.weight.x), images(row), strict=True)
    ]


def trace(h: list[Row], errors: list[Row]) -> Fraction:
    """Σ_o Σ_ij e_oi H_ij e_oj."""
    return sum((e[i] * h[i][j] * e[j] for e in errors for i in range(INPUTS) for j in range(INPUTS)), Fraction(0))


def errors(row: ExactRow) -> list[Row]:
    """W − V."""
    return [[p - q for p, q in zip(w, v, strict=True)] for w, v in zip(matrix(row.weight.x), images(row), strict=True)]


def summed(weights: Row, values: list[Row], flags: list[list[bool]]) -> Fraction:
    """Σ over flagged entries of weight times the squared value."""
    return sum(
        (weights[j] * line[j] ** 2 for line, on in zip(values, flags, strict=True) for j in range(INPUTS) if on[j]),
        Fraction(0),
    )


def kept(row: ExactRow, which: bool = True) -> list[list[bool]]:
    """Which entries the mask keeps, or prunes."""
    flags = row.weight.m
    return [[flag == which for flag in flags[i : i + INPUTS]] for i in range(0, len(flags), INPUTS)]


def half_steps(row: ExactRow) -> list[Row]:
    """σ Δ/2 of every entry."""
    values = exact(row.case.q.format.values)
    step = max((high - low for low, high in pairwise(values)), default=Fraction(0))
    return [[s * step / 2 for s in line] for line in matrix(row.weight.scale)]


def rounded_away(row: ExactRow) -> list[Row]:
    """r − v."""
    return [[p - q for p, q in zip(g, v, strict=True)] for g, v in zip(held(row), images(row), strict=True)]


def diagonal(row: ExactRow) -> Row:
    """H_jj."""
    h = damped(row)
    return [h[j][j] for j in range(INPUTS)]


def moved(case: Case) -> Mask:
    """|r − v| is at most half of the largest step in every kept entry."""
    swept = Swept.of(case)
    error, half = np.abs(swept.held - swept.images), swept.steps / 2
    return np.asarray(((error <= half * (1 + TOLERANCE)) | ~swept.mask).all(axis=(1, 2)))


PROOF = Proof(
    theorem=THEOREM,
    model={
        LOST: lambda row: trace(damped(row), errors(row)),
        ROUNDED: lambda row: summed(triangular(damped(row))[1], rounded_away(row), kept(row)),
        PRUNED: lambda row: summed(triangular(damped(row))[1], held(row), kept(row, False)),
        BOUND: lambda row: summed(triangular(damped(row))[1], half_steps(row), kept(row)),
        NO_FEEDBACK: lambda row: summed(diagonal(row), half_steps(row), kept(row)),
    },
    steps=(
        Equal(
            "three inputs, R = ((a, x, y), (0, b, z), (0, 0, c)), error (r, h, t): e R Rᵀ eᵀ column by column",
            sympy.expand((sympy.Matrix([[r, h, t]]) * sympy.Matrix([[a, x, y], [0, b, z], [0, 0, c]])).norm() ** 2),
            a**2 * r**2 + b**2 * (h + r * x / b) ** 2 + c**2 * (t + r * y / c + h * z / c) ** 2,
        ),
        NonNegative("H_jj − D_j is the sum of the other squares of row j of R", x**2 + y**2),
        Tested("unclipped and nearest, no kept entry is moved by more than half of the largest step", moved),
        OnlyTested("recursions over columns of any number: the steps take three, rows of four are tried"),
    ),
)
