"""Three cases in exact arithmetic; what S→Q keeps of one operand meets what it prunes of the other."""

from sqtheory.theory.theorems.four_words_separation import THEOREM

from .conclusions import Witnessed
from .proof import Proof

PROOF = Proof(theorem=THEOREM, steps=(Witnessed(),))
