"""α b at b = sign r and α the mean of |r| is the best one-bit code; each half of an alternating round is a minimum."""

from fractions import Fraction
from typing import Any

import sympy

from sqtheory.theory.theorems.binary_code_residual import CAPTURED, ENERGY, FIRST, SECOND, TAKEN, TAKEN_AGAIN, THEOREM

from .atoms import Number, Row
from .conclusions import Concludes, OnlyTested
from .exact import ExactRow
from .proof import Proof
from .shapes import Entries
from .steps import Equal, NonNegative, Smt

n, alpha, total, energy = sympy.symbols("n alpha S E", positive=True)


def mean(sizes: Row) -> Number:
    """Σ|x|/n."""
    return sum(sizes, Fraction(0)) / len(sizes)


def sizes(x: Row) -> Row:
    """Magnitudes, entry by entry."""
    return [abs(v) for v in x]


def residual(x: Row) -> Row:
    """| |x| − mean|x| |, the magnitudes of what the best bit leaves."""
    return [abs(v - mean(sizes(x))) for v in sizes(x)]


def energy_of(x: Row) -> Number:
    """Σ x²."""
    return sum((v * v for v in x), Fraction(0))


def captured(a: ExactRow) -> Number:
    """By the normal equations of two sign vectors, and all four levels tried for every entry."""
    x, middle = a.x, mean(sizes(a.x))
    first = [1 if v >= 0 else -1 for v in x]
    second = [1 if v - middle * b >= 0 else -1 for v, b in zip(x, first, strict=True)]
    inner = sum(b * c for b, c in zip(first, second, strict=True))
    one, two = (sum(v * b for v, b in zip(x, some, strict=True)) for some in (first, second))
    size = len(x)
    if abs(inner) == size:
        scales = one / (2 * size), one / (2 * size)
    else:
        determinant = size * size - inner * inner
        scales = (size * one - inner * two) / determinant, (size * two - inner * one) / determinant
    levels = [s * scales[0] + t * scales[1] for s in (-1, 1) for t in (-1, 1)]
    return energy_of(x) - sum((min((v - level) ** 2 for level in levels) for v in x), Fraction(0))


def parts(z3: Any) -> tuple[list[Any], Any]:
    """refined ≤ after least squares, after least squares ≤ greedy: so refined ≤ greedy."""
    after, between, before = z3.Reals("after between before")
    return [after <= between, between <= before], after <= before


PROOF = Proof(
    theorem=THEOREM,
    model={
        ENERGY: lambda a: energy_of(a.x),
        FIRST: lambda a: energy_of(residual(a.x)),
        SECOND: lambda a: energy_of(residual(residual(a.x))),
        TAKEN: lambda a: len(a.x) * mean(sizes(a.x)) ** 2,
        TAKEN_AGAIN: lambda a: len(a.x) * mean(residual(a.x)) ** 2,
        CAPTURED: captured,
    },
    steps=(
        Equal(
            "with S = Σ|r|: E − 2αS + nα² at α = S/n is E − n (S/n)²",
            (energy - 2 * alpha * total + n * alpha**2).subs(alpha, total / n),
            energy - n * (total / n) ** 2,
        ),
        NonNegative("any other α leaves n (α − S/n)² more", n * (alpha - total / n) ** 2),
        Smt("a minimum over scales and then one over codes is no more than where it began", parts),
        *(Concludes(Entries(size), claims=(0, 1)) for size in (2, 3)),
        OnlyTested("least squares and nearest codes: two minimisations, tried on random rows", claims=(2,)),
    ),
)
