"""Each tensor is decided in exact arithmetic; p = 1/2, whose powers are irrational, to fifty digits."""

from sqtheory.theory.quantities import ERROR_QS, ERROR_SQ
from sqtheory.theory.theorems.order_reversal import THEOREM

from .conclusions import Witnessed
from .models import shared
from .proof import Proof

PROOF = Proof(theorem=THEOREM, model=shared(ERROR_SQ, ERROR_QS), steps=(Witnessed(),))
