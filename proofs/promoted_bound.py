"""Each part loses what a chain from 0 may; J sums of float32 numbers to nearest lose at most J 2^−24 Σ|part|.

The second is as Jeannerod and Rump (2013) bound sums, without terms in 2^−48: an addition loses at most 2^−24 of its
sum, and at most the number added. While that number is below 2^−24 of those before, the latter is enough; else 2^−24 of
all errors so far is below 2^−24 of it.
"""

from fractions import Fraction
from typing import Any

from sqtheory.theory.accumulated import DOT
from sqtheory.theory.theorems.promoted_bound import ALLOWED_PARTS, FL_PARTS, FLAT_PARTS, THEOREM

from .accumulating import Accumulated, dot
from .atoms import Number
from .coq_claims import FormallyConcludes
from .exact import ExactRow
from .proof import Proof
from .steps import Smt

ROUNDING = Fraction(1, 2**24)


def allowed(a: ExactRow) -> Number:
    """Part by part, and J 2^−24 A."""
    one = Accumulated.of(a, parts=True)
    return sum(map(one.allowed, one.parts), Fraction(0)) + len(one.parts) * ROUNDING * one.all_sizes


def flat(a: ExactRow) -> Number:
    """At the largest rate."""
    one = Accumulated.of(a, parts=True)
    kept = Fraction(2) ** (1 - one.how.significant)
    rates = [
        (sum(one.products[i].value != 0 for g in part for i in g) + one.spare * len(part)) * one.unit + len(part) * kept
        for part in one.parts
    ]
    return (max(rates) + len(rates) * ROUNDING) * one.all_sizes


def addition(z3: Any) -> tuple[list[Any], Any]:
    """Errors of k additions to S below k u S, one number p more: below (k + 1) u (S + p)."""
    u, s, p, k, before, now = z3.Reals("u s p k before now")
    held = [u > 0, s >= 0, p >= 0, k >= 0, before >= 0, before <= k * u * s, now >= 0]
    small = z3.And(p <= u * s, now <= before + p)
    large = z3.And(p > u * s, u * before <= k * u * p, now <= before + u * (p + s + before))
    return [*held, z3.Or(small, large)], now <= (k + 1) * u * (s + p)


PROOF = Proof(
    theorem=THEOREM,
    model={
        FL_PARTS: lambda a: Accumulated.of(a, parts=True).total,
        DOT: dot,
        ALLOWED_PARTS: allowed,
        FLAT_PARTS: flat,
    },
    steps=(
        Smt("an addition more adds u of what is added: errors of both kinds", addition),
        FormallyConcludes("any parts, and any rounding to nearest that loses at most u", "promoted_bound", claims=(0,)),
        FormallyConcludes("at the largest rate of a part", "promoted_bound_flat", claims=(1,)),
    ),
)
