"""Each tensor is decided in exact arithmetic; p = 1/2, whose powers are irrational, to fifty digits."""

from sqtheory.theory.theorems.order_reversal import THEOREM

from .conclusions import Witnessed
from .proof import Proof

PROOF = Proof(theorem=THEOREM, steps=(Witnessed(),))
