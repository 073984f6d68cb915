"""XWᵀ − X̂Ŵᵀ = (X − X̂)Wᵀ + X̂(W − Ŵ)ᵀ, the triangle inequality, and ‖AB‖_F ≤ ‖A‖_F ‖B‖₂."""

from fractions import Fraction

import numpy as np
import sympy

from proofs.atoms import Atoms, Number, Row
from proofs.conclusions import OnlyTested
from proofs.dot_decomposition import error, masked, product
from proofs.gram_error import error_qs, error_sq, layer, matrix, squares
from proofs.proof import Proof
from proofs.steps import Cited, Equal, NonNegative
from sqtheory.theorem import Reference
from sqtheory.theorems.linear_layer import (
    IMAGE_FROBENIUS,
    IMAGE_SPECTRAL,
    OUTPUT_QS,
    OUTPUT_SQ,
    QS_FROBENIUS,
    QS_SPECTRAL,
    SQ_FROBENIUS,
    SQ_SPECTRAL,
    THEOREM,
    W_SPECTRAL,
    X_ERROR,
    X_SPECTRAL,
)

x, w, f, g, a, b, c, s, t = sympy.symbols("x w f g a b c s t", real=True)
GOLUB = Reference("golub2013", "§2.3")


def rational(v: Fraction) -> sympy.Rational:
    """The same number for sympy."""
    return sympy.Rational(v.numerator, v.denominator)


def root(v: Fraction) -> sympy.Expr:
    """√v."""
    return sympy.sqrt(rational(v))


def frobenius(row: Row) -> sympy.Expr:
    """√Σ v²."""
    return root(sum((v * v for v in row), Fraction(0)))


def spectral(row: Row) -> Number:
    """The root of the largest eigenvalue of MMᵀ: exact where that is diagonal or 2 × 2."""
    rows = matrix(row)
    gram = [[product(u, v) for v in rows] for u in rows]
    if all(gram[i][j] == 0 for i in range(len(gram)) for j in range(i)):
        return root(max(gram[i][i] for i in range(len(gram))))
    if len(gram) == 2:
        trace, half = gram[0][0] + gram[1][1], (gram[0][0] - gram[1][1]) / 2
        return sympy.sqrt(rational(trace) / 2 + root(half**2 + gram[0][1] ** 2))
    unit = max(max(map(abs, r)) for r in gram)
    return float(np.sqrt(np.linalg.eigvalsh([[float(v / unit) for v in r] for r in gram])[-1]) * float(root(unit)))


def output(a: Atoms, image: Row) -> sympy.Expr:
    """‖XWᵀ − q(X)Ŵᵀ‖_F, product by product."""
    pairs = zip(layer(a.x, a.w), layer(a.q, image), strict=True)
    return root(squares([error(one, two) for one, two in pairs]))


PROOF = Proof(
    theorem=THEOREM,
    model={
        OUTPUT_SQ: lambda a: output(a, a.weight.sq),
        OUTPUT_QS: lambda a: output(a, masked(a.weight)),
        X_ERROR: lambda a: frobenius(error(a.x, a.q)),
        X_SPECTRAL: lambda a: spectral(a.x),
        IMAGE_SPECTRAL: lambda a: spectral(a.q),
        IMAGE_FROBENIUS: lambda a: frobenius(a.q),
        W_SPECTRAL: lambda a: spectral(a.w),
        SQ_FROBENIUS: lambda a: frobenius(error_sq(a)),
        SQ_SPECTRAL: lambda a: spectral(error_sq(a)),
        QS_FROBENIUS: lambda a: frobenius(error_qs(a)),
        QS_SPECTRAL: lambda a: spectral(error_qs(a)),
    },
    steps=(
        Equal(
            "x w − f g = (x − f) w + f (w − g), entry by entry; sums over inputs add",
            x * w - f * g,
            (x - f) * w + f * (w - g),
        ),
        Equal(
            "… = (x − f) w + x (w − g) − (x − f)(w − g)", x * w - f * g, (x - f) * w + x * (w - g) - (x - f) * (w - g)
        ),
        Cited("‖A + B‖_F ≤ ‖A‖_F + ‖B‖_F", GOLUB),
        Cited("‖AB‖_F ≤ ‖A‖_F ‖B‖₂ and ‖AB‖_F ≤ ‖A‖₂ ‖B‖_F: row by row, ‖v B‖ ≤ ‖v‖ ‖B‖₂", GOLUB),
        Equal(
            "two inputs: the quadratic form a s² + 2 b s t + c t² of MᵀM, with trace a + c and u = largest eigenvalue",
            ((a + c) / 2) ** 2 - (a * c - b**2),
            ((a - c) / 2) ** 2 + b**2,
        ),
        OnlyTested("norms of matrices: the inequalities between them are cited and joined by hand"),
        NonNegative("… so that the eigenvalues are real", ((a - c) / 2) ** 2 + b**2),
    ),
)
