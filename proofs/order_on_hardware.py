"""Each sum is near its exact one (accumulator_bound), so the difference is near the exact difference."""

from typing import Any

from sqtheory.theory.accumulated import ALLOWED, DOT, FL
from sqtheory.theory.theorems.order_on_hardware import ALLOWED_QS, DOT_QS, FL_QS, THEOREM

from .accumulating import Accumulated, allowed, dot, fl
from .coq_claims import FormallyConcludes
from .exact import ExactRow
from .proof import Proof
from .steps import Smt


def other(a: ExactRow) -> Accumulated:
    """The weight after Q→S."""
    return Accumulated.of(a, w=a.weight.qs)


def sign(z3: Any) -> tuple[list[Any], Any]:
    """A gap larger than what both may miss keeps its sign."""
    one, other_, gap, room = z3.Reals("one other gap room")
    near = [one - other_ - gap <= room, gap - (one - other_) <= room, room >= 0]
    return [*near, z3.Or(gap > room, gap < -room)], (one - other_) * gap > 0


PROOF = Proof(
    theorem=THEOREM,
    model={
        FL: fl,
        FL_QS: lambda a: other(a).total,
        DOT: dot,
        DOT_QS: lambda a: other(a).dot,
        ALLOWED: allowed,
        ALLOWED_QS: lambda a: other(a).allowed(other(a).parts[0]),
    },
    steps=(
        FormallyConcludes("any two sums in any two accumulators", "accumulators_differ"),
        Smt("where the exact gap exceeds what both may miss, hardware sees its sign", sign),
    ),
)
