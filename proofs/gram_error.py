"""Sums in another order: Σ_n Σ_o (Σ_i x_ni e_oi)² = Σ_o Σ_ij e_oi (Σ_n x_ni x_nj) e_oj, and expectations are linear."""

from collections.abc import Sequence
from fractions import Fraction

import sympy

from sqtheory.theory.theorems.gram_error import INPUTS, LAYER_QS, LAYER_SQ, THEOREM, TRACE_QS, TRACE_SQ

from .atoms import Atoms, Row
from .conclusions import Concludes
from .dot_decomposition import error, product
from .proof import Proof
from .shapes import Groups
from .steps import Enumerated, Equal

x1, x2, y1, y2, e1, e2, d = sympy.symbols("x1 x2 y1 y2 e1 e2 d", real=True)


def matrix(row: Sequence[Fraction]) -> list[Row]:
    """A row of entries as rows of four."""
    return [list(row[i : i + INPUTS]) for i in range(0, len(row), INPUTS)]


def layer(x: Row, e: Row) -> list[Row]:
    """X Eᵀ, one dot product at a time."""
    return [[product(sample, output) for output in matrix(e)] for sample in matrix(x)]


def squares(rows: list[Row]) -> Fraction:
    """Σ v²."""
    return sum((v * v for row in rows for v in row), Fraction(0))


def trace(x: Row, e: Row) -> Fraction:
    """Σ_ij (Σ_n x_ni x_nj)(Σ_o e_oi e_oj)."""
    moments, errors = ([[product(a, b) for a in columns(m)] for b in columns(m)] for m in (matrix(x), matrix(e)))
    return sum((product(a, b) for a, b in zip(moments, errors, strict=True)), Fraction(0))


def columns(rows: list[Row]) -> list[Row]:
    """The columns of a matrix."""
    return [list(column) for column in zip(*rows, strict=True)]


def error_sq(a: Atoms) -> Row:
    """The entries of W − q(s(W))."""
    return error(a.w, a.weight.sq)


def error_qs(a: Atoms) -> Row:
    """The entries of W − s(q(W))."""
    return error(a.w, a.weight.qs)


def covariance_would_do() -> list[str]:
    """Two equal samples have covariance 0, and a layer errs on them all the same."""
    samples, e = [[Fraction(1), Fraction(0)]] * 2, [Fraction(1), Fraction(0)]
    mean = [sum(c, Fraction(0)) / len(c) for c in columns(samples)]
    centred = [error(s, mean) for s in samples]
    lost, claimed = (sum(product(s, e) ** 2 for s in some) for some in (samples, centred))
    return [] if claimed == 0 < lost else [f"{claimed} against {lost}"]


PROOF = Proof(
    theorem=THEOREM,
    model={
        LAYER_SQ: lambda a: squares(layer(a.x, error_sq(a))),
        LAYER_QS: lambda a: squares(layer(a.x, error_qs(a))),
        TRACE_SQ: lambda a: trace(a.x, error_sq(a)),
        TRACE_QS: lambda a: trace(a.x, error_qs(a)),
    },
    steps=(
        Equal(
            "one output, two samples x, y of two inputs: ⟨x, e⟩² + ⟨y, e⟩² = eᵀ (xxᵀ + yyᵀ) e; samples and outputs add",
            (x1 * e1 + x2 * e2) ** 2 + (y1 * e1 + y2 * e2) ** 2,
            (x1**2 + y1**2) * e1**2 + 2 * (x1 * x2 + y1 * y2) * e1 * e2 + (x2**2 + y2**2) * e2**2,
        ),
        Equal(
            "random inputs: E⟨x, e⟩² = eᵀ E[xxᵀ] e, for two values with chances d and 1 − d as for any law",
            d * (x1 * e1 + x2 * e2) ** 2 + (1 - d) * (y1 * e1 + y2 * e2) ** 2,
            (d * x1**2 + (1 - d) * y1**2) * e1**2
            + 2 * (d * x1 * x2 + (1 - d) * y1 * y2) * e1 * e2
            + (d * x2**2 + (1 - d) * y2**2) * e2**2,
        ),
        Concludes(Groups(2, 4, 2, products=True)),
        Enumerated(
            "Σ_x holds second moments about 0: the covariance misses what the mean input loses", covariance_would_do
        ),
    ),
)
