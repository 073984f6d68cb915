"""Each pair of vectors is decided in exact arithmetic."""

from proofs.atoms import Atoms
from proofs.dot_decomposition import PROOF as DECOMPOSITION
from proofs.dot_interaction import PROOF as INTERACTION
from proofs.proof import Proof
from proofs.steps import Enumerated
from sqtheory.theorem import Separation
from sqtheory.theorems.dot_decomposition import QS, SQ, WHOLE
from sqtheory.theorems.dot_interaction import Q, S
from sqtheory.theorems.dot_separation import THEOREM


def failures() -> list[str]:
    """The cases in which some order errs by no more than both parts."""
    assert isinstance(THEOREM.witness, Separation)
    values = {str(case): PROOF.values(Atoms(case, 0)) for case in THEOREM.witness.cases}
    return [case for case, v in values.items() if not all(claim.exact(v) for claim in THEOREM.claims)]


PROOF = Proof(
    theorem=THEOREM,
    model={
        QS: DECOMPOSITION.model[QS],
        **{quantity: INTERACTION.model[quantity] for quantity in (WHOLE, SQ, Q, S)},
    },
    steps=(Enumerated("for every listed pair both orders err by more", failures),),
)
