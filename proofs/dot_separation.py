"""Each pair of vectors is decided in exact arithmetic."""

from sqtheory.theory.theorems.dot_decomposition import QS, SQ, WHOLE
from sqtheory.theory.theorems.dot_interaction import Q, S
from sqtheory.theory.theorems.dot_separation import THEOREM

from .conclusions import Witnessed
from .dot_decomposition import PROOF as DECOMPOSITION
from .dot_interaction import PROOF as INTERACTION
from .proof import Proof

PROOF = Proof(
    theorem=THEOREM,
    model={
        QS: DECOMPOSITION.model[QS],
        **{quantity: INTERACTION.model[quantity] for quantity in (WHOLE, SQ, Q, S)},
    },
    steps=(Witnessed(),),
)
