"""Each row is decided in exact arithmetic."""

from sqtheory.theory.theorems.coarser_groups import FREE_QS, THEOREM

from .conclusions import Witnessed
from .freer_mask import free_error
from .proof import Proof

PROOF = Proof(theorem=THEOREM, model={FREE_QS: lambda a: free_error(a, a.q)}, steps=(Witnessed(),))
