"""Each kept square is at most the largest; each entry but the largest of a block is within half a gap of a level.

The largest entry of a block is a level itself, so that at most n − 1 entries of a row err at all.
"""

from fractions import Fraction
from itertools import pairwise

import sympy
from sympy import Abs, Eq, Implies, Le, Max, Or

from sqtheory.theory.quantities import NEAREST
from sqtheory.theory.theorems.incoherence import CELL, KEPT, SIZE, SPANS, THEOREM

from .atoms import Atoms, Number
from .conclusions import Concludes, Lemma
from .exact import ExactRow
from .proof import Proof
from .rounding_cell import half, neither_nearer
from .shapes import Entries
from .steps import Equal, Smt
from .unknowns import Facts, Unknowns

C = sympy.Symbol("c", nonnegative=True)
mu, n, k, L, E = sympy.symbols("mu n k L E", positive=True)


def cell(a: Atoms) -> Number:
    """(widest gap / (2 largest level))²; an unknown c² on unknown rows."""
    if not isinstance(a, ExactRow):
        return C**2
    levels = [Fraction(v) for v in a.case.q.format.values.tolist()]
    return (max(high - low for low, high in pairwise(levels)) / (2 * levels[-1])) ** 2


def reaches(a: Unknowns) -> Facts:
    """lo ≤ x ≤ hi, neighbours at most 2 c max|x| apart, and an x of the largest magnitude is one of them."""
    largest = Max(*map(Abs, a.x))
    facts: Facts = []
    for x, (low, high) in zip(a.x, a.around, strict=True):
        facts += [Le(low, x), Le(x, high), Le(high - low, 2 * C * largest)]
        facts.append(Implies(Eq(Abs(x), largest), Or(Eq(x, low), Eq(x, high))))
    return facts


def squared(a: Unknowns, goals: Facts) -> Facts:
    """|e| ≤ c M ⇒ e² ≤ c² M²."""
    largest = Max(*map(Abs, a.x))
    errors = [x - q for x, q in zip(a.x, a.q, strict=True)]
    return [Implies(Le(Abs(e), C * largest), Le(e**2, C**2 * largest**2)) for e in errors]


def monotone(z3):  # type: ignore[no-untyped-def]
    """0 ≤ a ≤ b implies a² ≤ b²."""
    a, b = z3.Reals("a b")
    return [a >= 0, a <= b], a * a <= b * b


SQUARES = Smt("0 ≤ a ≤ b ⇒ a² ≤ b²", monotone)

PROOF = Proof(
    theorem=THEOREM,
    model={
        KEPT: lambda a: Fraction(sum(a.m)),
        SIZE: lambda a: Fraction(len(a.x)),
        CELL: cell,
    },
    steps=(
        Smt("the nearer of two levels is at most half their gap away", half),
        SQUARES,
        Concludes(Entries(3), claims=(0,)),
        Concludes(
            Entries(3),
            claims=(1,),
            lemmas=(Lemma("squares grow", (SQUARES,), squared),),
            readings={SPANS: reaches, NEAREST: neither_nearer},
        ),
        Equal(
            "with max x² = μ² E/n pruning loses at least the share 1 − kμ²/n",
            (E - k * (mu**2 * E / n)) / E,
            1 - k * mu**2 / n,
        ),
        Equal(
            "and an integer grid of ±L steps less than the share μ²/(4L²)",
            n * (1 / (2 * L)) ** 2 * (mu**2 * E / n) / E,
            mu**2 / (4 * L**2),
        ),
    ),
)
