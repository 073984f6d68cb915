"""Every partial sum is a multiple of 2^k of at most P bits, and lies where no cut at 2^{E−F} ≤ 2^k reaches it."""

from sqtheory.theory.accumulated import DOT, FL
from sqtheory.theory.exact_sums import sums_of_ones
from sqtheory.theory.theorems.accumulator_exact import BACKWARD, THEOREM

from .accumulating import Accumulated, dot, fl
from .atoms import Number
from .coq_claims import FormallyConcludes
from .exact import ExactRow
from .proof import Proof
from .steps import Enumerated


def backward(a: ExactRow) -> Number:
    """The chain over the reversed row."""
    return Accumulated.of(a).backward.total


def not_sharp() -> list[str]:
    """Accumulators whose sums of ones do not stop at 2^min(P, F+1), of those with groups of one product."""
    return [str(how) for how, reached in sums_of_ones() if reached != 2**how.exact_bits]


PROOF = Proof(
    theorem=THEOREM,
    model={FL: fl, DOT: dot, BACKWARD: backward},
    steps=(
        Enumerated("sums of ones one by one stop at 2^min(P, F+1), for all P and F up to 8", not_sharp),
        FormallyConcludes("any products in any groups, and so in any order", "accumulator_exact"),
    ),
)
