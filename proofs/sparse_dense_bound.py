"""Both sums are near the one exact sum of the same products (accumulator_bound)."""

from dataclasses import replace
from typing import Any

from sqtheory.theory.accumulated import ALLOWED, ALLOWED_SPARSE, FL, FL_SPARSE
from sqtheory.theory.theorems.sparse_dense_bound import THEOREM

from .accumulating import Accumulated, allowed, fl
from .coq_claims import FormallyConcludes
from .exact import ExactRow
from .proof import Proof
from .steps import Smt


def longer(a: ExactRow) -> Accumulated:
    """In groups of twice as many places."""
    one = Accumulated.of(a)
    return replace(one, how=replace(one.how, span=2 * one.how.span))


def triangle(z3: Any) -> tuple[list[Any], Any]:
    """Two numbers near one."""
    one, other, true, a, b = z3.Reals("one other true a b")
    near = [one - true <= a, true - one <= a, other - true <= b, true - other <= b]
    return near, z3.And(one - other <= a + b, other - one <= a + b)


PROOF = Proof(
    theorem=THEOREM,
    model={
        FL: fl,
        FL_SPARSE: lambda a: longer(a).total,
        ALLOWED: allowed,
        ALLOWED_SPARSE: lambda a: longer(a).allowed(longer(a).parts[0]),
    },
    steps=(
        Smt("two numbers within a and b of one are within a + b", triangle),
        FormallyConcludes("any two groupings of the same products", "sparse_dense_bound"),
    ),
)
