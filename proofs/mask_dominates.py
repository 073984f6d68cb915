"""Nine cases, each decided in exact arithmetic."""

from sqtheory.theory.theorems.mask_dominates import THEOREM

from .conclusions import Witnessed
from .proof import Proof

PROOF = Proof(theorem=THEOREM, steps=(Witnessed(),))
