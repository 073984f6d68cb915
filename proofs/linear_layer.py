"""XWᵀ − X̂Ŵᵀ = (X − X̂)Wᵀ + X̂(W − Ŵ)ᵀ, the triangle inequality, and ‖AB‖_F ≤ ‖A‖_F ‖B‖₂."""

from fractions import Fraction
from typing import Any

import numpy as np
import sympy
from sympy import Eq, Le

from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems.linear_layer import (
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

from .atoms import Atoms, Number, Row
from .conclusions import Concludes, Lemma
from .dot_decomposition import error, product
from .gram_error import error_qs, error_sq, layer, matrix
from .proof import Proof
from .shapes import Groups
from .steps import Cited, Equal, NonNegative
from .unknowns import Facts, Unknowns

x, w, f, g, a, b, c, s, t = sympy.symbols("x w f g a b c s t", real=True)
GOLUB = Reference("golub2013", "§2.3")


def rational(v: Fraction) -> sympy.Rational:
    """The same number for sympy."""
    return sympy.Rational(v.numerator, v.denominator)


SMALL = 2**64
"""Numerators and denominators up to which squares are taken out of a root: larger ones take long to factor."""


def root(v: Fraction) -> sympy.Expr:
    """√v."""
    return sympy.Pow(rational(v), sympy.Rational(1, 2), evaluate=max(v.numerator, v.denominator) <= SMALL)


class Frobenius(sympy.Function):  # type: ignore[misc]
    """The Frobenius norm of a matrix of unknowns, entry by entry."""

    is_real = True
    is_nonnegative = True


class Spectral(sympy.Function):  # type: ignore[misc]
    """The spectral norm of a matrix of unknowns, entry by entry."""

    is_real = True
    is_nonnegative = True


def unknown(row: Row) -> bool:
    """Some entry is an expression."""
    return any(isinstance(v, sympy.Expr) for v in row)


def frobenius(row: Row) -> sympy.Expr:
    """√Σ v²; of unknowns a number of which the cited inequalities speak."""
    if unknown(row):
        return Frobenius(*map(sympy.expand, row))
    return root(sum((v * v for v in row), Fraction(0)))


def spectral(row: Row) -> Number:
    """The root of the largest eigenvalue of MMᵀ: exact where that is diagonal or 2 × 2; of unknowns as above."""
    if unknown(row):
        return Spectral(*map(sympy.expand, row))
    rows = matrix(row)
    gram = [[product(u, v) for v in rows] for u in rows]
    if all(gram[i][j] == 0 for i in range(len(gram)) for j in range(i)):
        return root(max(gram[i][i] for i in range(len(gram))))
    if len(gram) == 2:
        trace, half = gram[0][0] + gram[1][1], (gram[0][0] - gram[1][1]) / 2
        return sympy.sqrt(rational(trace) / 2 + root(half**2 + gram[0][1] ** 2))
    unit = max(max(map(abs, r)) for r in gram)
    return float(np.sqrt(np.linalg.eigvalsh([[float(v / unit) for v in r] for r in gram])[-1]) * float(root(unit)))


def times(x: Row, w: Row) -> Row:
    """X Wᵀ, row after row."""
    return [v for row in layer(x, w) for v in row]


def output(a: Atoms, image: Row) -> sympy.Expr:
    """‖XWᵀ − q(X)Ŵᵀ‖_F, product by product."""
    return frobenius(error(times(a.x, a.w), times(a.q, image)))


def triangle(one: Row, other: Row) -> Any:
    """‖A + B‖_F ≤ ‖A‖_F + ‖B‖_F."""
    both = [u + v for u, v in zip(one, other, strict=True)]
    return Le(frobenius(both), frobenius(one) + frobenius(other), evaluate=False)


def products(x: Row, w: Row) -> Facts:
    """‖XWᵀ‖_F ≤ ‖X‖_F ‖W‖₂ and ≤ ‖X‖₂ ‖W‖_F."""
    whole = frobenius(times(x, w))
    bounds = (frobenius(x) * spectral(w), spectral(x) * frobenius(w))
    return [Le(whole, bound, evaluate=False) for bound in bounds]


def triangles(a: Unknowns, goals: Facts) -> Facts:
    """XWᵀ − X̂Ŵᵀ = E_x Wᵀ + X̂ E_wᵀ and X̂ E_wᵀ = X E_wᵀ − E_x E_wᵀ, of both orders."""
    e, found = error(a.x, a.q), []
    for d in (error_sq(a), error_qs(a)):
        found += [triangle(times(e, a.w), times(a.q, d)), triangle(times(a.x, d), [-v for v in times(e, d)])]
    return found


def submultiplicative(a: Unknowns, goals: Facts) -> Facts:
    """The products above."""
    e = error(a.x, a.q)
    return [
        fact
        for d in (error_sq(a), error_qs(a))
        for x, w in ((e, a.w), (a.q, d), (a.x, d), (e, d))
        for fact in (*products(x, w), Eq(frobenius([-v for v in times(x, w)]), frobenius(times(x, w)), evaluate=False))
    ]


SUMS = Cited("‖A + B‖_F ≤ ‖A‖_F + ‖B‖_F", GOLUB)
PRODUCTS = Cited("‖AB‖_F ≤ ‖A‖_F ‖B‖₂ and ‖AB‖_F ≤ ‖A‖₂ ‖B‖_F: row by row, ‖v B‖ ≤ ‖v‖ ‖B‖₂", GOLUB)
NORMS = (
    Lemma("the triangle inequality", (SUMS,), triangles),
    Lemma("the norm of a product", (PRODUCTS,), submultiplicative),
)


PROOF = Proof(
    theorem=THEOREM,
    model={
        OUTPUT_SQ: lambda a: output(a, a.weight.sq),
        OUTPUT_QS: lambda a: output(a, a.weight.qs),
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
        SUMS,
        PRODUCTS,
        Equal(
            "two inputs: the quadratic form a s² + 2 b s t + c t² of MᵀM, with trace a + c and u = largest eigenvalue",
            ((a + c) / 2) ** 2 - (a * c - b**2),
            ((a - c) / 2) ** 2 + b**2,
        ),
        Concludes(Groups(2, 4, 2, products=True), lemmas=NORMS),
        NonNegative("… so that the eigenvalues are real", ((a - c) / 2) ** 2 + b**2),
    ),
)
