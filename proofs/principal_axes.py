"""Ky Fan's principle: k orthonormal directions share a total of k among the axes, at most 1 on each.

In the basis of the axes a projection of rank k has the diagonal c with 0 ≤ c_i ≤ 1 and Σ c_i ≤ k, and keeps Σ λ_i c_i
of the energy: at most the k largest λ. What is kept and what is deleted add up to ‖X‖² by Pythagoras.
"""

from fractions import Fraction
from typing import Any

import mpmath
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
    """Those of XᵀX, largest first: the diagonal where nothing else is there, else to so many digits."""
    if not any(v for i, row in enumerate(gram) for j, v in enumerate(row) if i != j):
        return sorted((row[i] for i, row in enumerate(gram)), reverse=True)
    with mpmath.workdps(DIGITS):
        numbers = [[mpmath.mpf(v.numerator) / v.denominator for v in row] for row in gram]
        found = mpmath.eigsy(mpmath.matrix(numbers), eigvals_only=True)
        return sorted((sympy.Float(str(v), DIGITS) for v in found), key=float, reverse=True)


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
    rest = total(a) - leading(a)
    return rest if isinstance(rest, Fraction) else max(rest, sympy.Integer(0))


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
