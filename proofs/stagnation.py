"""C has the largest exponent, its digits all lie above the cut, and every product of the group lies below it."""

from typing import Any

from sqtheory.theory.accumulated import FL
from sqtheory.theory.theorems.stagnation import BEFORE, THEOREM

from .accumulating import Accumulated, fl
from .atoms import Number
from .coq_claims import FormallyConcludes
from .exact import ExactRow
from .proof import Proof
from .steps import Smt


def before(a: ExactRow) -> Number:
    """The chain without its last group."""
    one = Accumulated.of(a)
    [groups] = one.parts
    return one.first(sum(map(len, groups[:-1]))).total


def nothing_added(z3: Any) -> tuple[list[Any], Any]:
    """A product of magnitude below u holds no whole u."""
    v, u, r = z3.Reals("v u r")
    k = z3.Int("k")
    return [u > 0, 0 <= v, v < u, v == u * (k + r), 0 <= r, r < 1], k == 0


PROOF = Proof(
    theorem=THEOREM,
    model={FL: fl, BEFORE: before},
    steps=(
        Smt("a product below the unit is cut to 0", nothing_added),
        FormallyConcludes("any C of P bits and any group", "stagnation"),
    ),
)
