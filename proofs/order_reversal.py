"""Each tensor is decided in exact arithmetic; p = 1/2, whose powers are irrational, to fifty digits."""

from proofs.conclusions import Witnessed
from proofs.proof import Proof
from sqtheory.theory.theorems.order_reversal import THEOREM

PROOF = Proof(theorem=THEOREM, steps=(Witnessed(),))
