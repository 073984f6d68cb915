"""Ky Fan's principle: k orthonormal directions share a total of k among the axes, at most 1 on each.

In the basis of the axes a projection of rank k has the diagonal c with 0 ≤ c_i ≤ 1 and Σ c_i ≤ k, and keeps Σ λ_i c_i
of the energy: at most the k largest λ. What is kept and what is deleted add up to ‖X‖² by Pythagoras.
"""

from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import combinations
from typing import Any

import sympy

from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems.gram_error import INPUTS
from sqtheory.theory.theorems.principal_axes import DELETED, DELETED_BY_AXES, LEADING, THEOREM, TOTAL

from .atoms import Atoms, Number, Row
from .conclusions import OnlyTested
from .dot_decomposition import product
from .gram_error import columns, matrix
from .proof import Proof
from .steps import Cited, Equal, Smt

x1, x2, t = sympy.symbols("x1 x2 t", real=True)
DIGITS = 40


def eigenvalues(gram: list[Row]) -> Row:
    """Those of XᵀX, largest first, by turning one pair of inputs after the other until nothing is off the diagonal.

    Jacobi's method in decimals of so many digits; exact where nothing is off the diagonal to begin with.
    """
    size = range(len(gram))
    if not any(gram[i][j] for i in size for j in size if i != j):
        return sorted((gram[i][i] for i in size), reverse=True)
    with localcontext(prec=DIGITS):
        h = [[Decimal(v.numerator) / v.denominator for v in row] for row in gram]
        least = sum(h[i][i] for i in size) * Decimal(10) ** (10 - DIGITS)
        while max(abs(h[i][j]) for i, j in combinations(size, 2)) > least:
            for i, j in combinations(size, 2):
                if abs(h[i][j]) > least:
                    turn(h, i, j)
        return sorted((Fraction(h[i][i]) for i in size), reverse=True)


def turn(h: list[list[Decimal]], i: int, j: int) -> None:
    """h ↦ GᵀhG for the rotation G of the inputs i and j that makes h_ij 0."""
    ratio = (h[j][j] - h[i][i]) / (2 * h[i][j])
    t = (1 if ratio >= 0 else -1) / (abs(ratio) + (ratio * ratio + 1).sqrt())
    c = 1 / (t * t + 1).sqrt()
    s = t * c
    for row in h:
        row[i], row[j] = c * row[i] - s * row[j], s * row[i] + c * row[j]
    h[i], h[j] = (
        [c * u - s * v for u, v in zip(h[i], h[j], strict=True)],
        [s * u + c * v for u, v in zip(h[i], h[j], strict=True)],
    )


def leading(a: Atoms) -> Number:
    """The sum of the k largest eigenvalues."""
    samples = columns(matrix(a.x))
    gram = [[product(u, v) for v in samples] for u in samples]
    return sum(eigenvalues(gram)[: a.budget(range(INPUTS))], Fraction(0))


def total(a: Atoms) -> Number:
    """Σ x²."""
    return product(a.x, a.x)


def deleted(a: Atoms) -> Number:
    """What is left of every sample after each direction, made orthogonal to those before it, is taken out."""
    directions: list[list[Fraction]] = []
    for column in columns(matrix(a.weight.x))[: a.budget(range(INPUTS))]:
        direction = without(list(column), directions)
        if any(direction):
            directions.append(direction)
    return sum((product(r, r) for r in (without(list(row), directions) for row in matrix(a.x))), Fraction(0))


def trailing(a: Atoms) -> Number:
    """The sum of the other eigenvalues, as what they add up to less the leading ones."""
    return max(total(a) - leading(a), Fraction(0))


def without(row: list[Fraction], directions: list[list[Fraction]]) -> list[Fraction]:
    """A row less its parts along orthogonal directions."""
    for d in directions:
        share = product(row, d) / product(d, d)
        row = [v - share * u for v, u in zip(row, d, strict=True)]
    return row


def spread_of_rank(z3: Any) -> tuple[list[Any], Any]:
    """λ_1 ≥ … ≥ λ_4, 0 ≤ c_i ≤ 1 and Σ c_i ≤ 2 imply Σ λ_i c_i ≤ λ_1 + λ_2."""
    powers, shares = z3.Reals("l1 l2 l3 l4"), z3.Reals("c1 c2 c3 c4")
    falling = [a >= b for a, b in zip(powers, [*powers[1:], 0], strict=True)]
    within = [z3.And(c >= 0, c <= 1) for c in shares]
    kept = sum(power * c for power, c in zip(powers, shares, strict=True))
    return [*falling, *within, sum(shares) <= 2], kept <= powers[0] + powers[1]


PROOF = Proof(
    theorem=THEOREM,
    model={
        TOTAL: total,
        LEADING: leading,
        DELETED: deleted,
        DELETED_BY_AXES: trailing,
    },
    steps=(
        Cited(
            "XᵀX has orthonormal eigenvectors; the diagonal of a projection lies in [0, 1] and adds up to its rank",
            Reference("fan1949weyl", "Theorem 1"),
        ),
        Smt("so of four axes two directions keep no more than the two largest λ", spread_of_rank),
        Equal(
            "two inputs, one direction at angle t: what is kept and what is deleted add up to the energy",
            (x1 * sympy.cos(t) + x2 * sympy.sin(t)) ** 2 + (x1 * sympy.sin(t) - x2 * sympy.cos(t)) ** 2,
            x1**2 + x2**2,
        ),
        OnlyTested("eigenvectors are no rational functions of the entries: the solver is given none"),
    ),
)
