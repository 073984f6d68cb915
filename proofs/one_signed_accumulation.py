"""cut(v) lies between 0 and v: a group's sum is at most C and its products in magnitude, and keeps their one sign."""

from typing import Any

from sqtheory.theory.accumulated import MAGNITUDES
from sqtheory.theory.theorems.one_signed_accumulation import ALIKE, PARTIAL, THEOREM

from .accumulating import Accumulated
from .atoms import Number
from .coq_claims import FormallyConcludes
from .exact import ExactRow
from .proof import Proof
from .steps import Smt


def partial(a: ExactRow) -> Number:
    """After every prefix of whole groups."""
    one = Accumulated.of(a)
    [groups] = one.parts
    return max(abs(one.first(sum(map(len, groups[:k]))).total) for k in range(1, len(groups) + 1))


def between(z3: Any) -> tuple[list[Any], Any]:
    """Cuts of a ≥ 0 and b ≥ 0, and of their sum: between 0 and a + b."""
    a, b, u, v, w = z3.Reals("a b u v w")
    return [0 <= u, u <= a, 0 <= v, v <= b, 0 <= w, w <= u + v], z3.And(0 <= w, w <= a + b)


PROOF = Proof(
    theorem=THEOREM,
    model={
        PARTIAL: partial,
        ALIKE: lambda a: Accumulated.of(a).with_operands(abs, both=True).total,
        MAGNITUDES: lambda a: Accumulated.of(a).magnitude,
    },
    steps=(
        Smt("two cuts one after the other stay between 0 and the sum", between),
        FormallyConcludes("after any number of groups", "one_signed_partial", claims=(0,)),
        FormallyConcludes("products that are not negative", "one_signed_accumulation", claims=(1, 2)),
    ),
)
