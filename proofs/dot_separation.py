"""Each pair of vectors is decided in exact arithmetic."""

from sqtheory.theory.theorems.dot_separation import THEOREM

from .conclusions import Witnessed
from .proof import Proof

PROOF = Proof(theorem=THEOREM, steps=(Witnessed(),))
