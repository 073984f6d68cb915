"""Each tensor is decided in exact arithmetic; p = 1/2, whose powers are irrational, to fifty digits."""

from proofs.conclusions import Witnessed
from proofs.models import shared
from proofs.proof import Proof
from sqtheory.theory.quantities import ERROR_QS, ERROR_SQ
from sqtheory.theory.theorems.order_reversal import THEOREM

PROOF = Proof(theorem=THEOREM, model=shared(ERROR_SQ, ERROR_QS), steps=(Witnessed(),))
