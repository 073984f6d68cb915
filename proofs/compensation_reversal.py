"""Each layer is decided in exact arithmetic: H, its factor and every sum are rational."""

from sqtheory.theory.theorems.compensation_reversal import ROUNDED_FIRST, THEOREM
from sqtheory.theory.theorems.gram_error import INPUTS
from sqtheory.theory.theorems.refit_optimal import MASKED_IMAGE
from sqtheory.theory.theorems.sweep_bound import LOST

from .atoms import Row
from .conclusions import Witnessed
from .exact import ExactRow
from .gram_error import matrix
from .proof import Proof
from .prune_then_feedback import errors, passed
from .refit_optimal import PROOF as REFIT
from .sweep_bound import damped, kept, trace


def rounded_first(row: ExactRow) -> list[Row]:
    """The largest of every output of what is made of all of it, by sorting."""
    dense = passed(row, matrix(row.weight.x), [[True] * INPUTS] * len(kept(row)), rounds=True)
    budget = row.weight.budget(range(INPUTS))
    found = []
    for v in dense:
        stay = set(sorted(range(INPUTS), key=lambda j: -abs(v[j]))[:budget])
        found.append([v[j] if j in stay else v[j] * 0 for j in range(INPUTS)])
    return found


PROOF = Proof(
    theorem=THEOREM,
    model={
        LOST: lambda row: trace(damped(row), errors(row, passed(row, matrix(row.weight.x), kept(row), rounds=True))),
        ROUNDED_FIRST: lambda row: trace(damped(row), errors(row, rounded_first(row))),
        MASKED_IMAGE: REFIT.model[MASKED_IMAGE],
    },
    steps=(Witnessed(),),
)
