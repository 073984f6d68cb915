"""Three pairs of rows x and w in exact arithmetic; on each row the orders differ by one exchange of tied entries."""

from sqtheory.theory.theorems.weaker_first_loses import THEOREM

from .conclusions import Witnessed
from .proof import Proof

PROOF = Proof(theorem=THEOREM, steps=(Witnessed(),))
