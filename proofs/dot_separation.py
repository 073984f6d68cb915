"""Each pair of vectors is decided in exact arithmetic."""

from proofs.conclusions import Witnessed
from proofs.dot_decomposition import PROOF as DECOMPOSITION
from proofs.dot_interaction import PROOF as INTERACTION
from proofs.proof import Proof
from sqtheory.theory.theorems.dot_decomposition import QS, SQ, WHOLE
from sqtheory.theory.theorems.dot_interaction import Q, S
from sqtheory.theory.theorems.dot_separation import THEOREM

PROOF = Proof(
    theorem=THEOREM,
    model={
        QS: DECOMPOSITION.model[QS],
        **{quantity: INTERACTION.model[quantity] for quantity in (WHOLE, SQ, Q, S)},
    },
    steps=(Witnessed(),),
)
