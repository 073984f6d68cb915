"""Each tensor is decided in exact arithmetic."""

from sqtheory.theory.chains import ERROR_BETWEEN, ERROR_LAST
from sqtheory.theory.theorems.places_reversed import THEOREM

from .chains import error_at
from .conclusions import Witnessed
from .proof import Proof

PROOF = Proof(theorem=THEOREM, model={ERROR_BETWEEN: error_at(1), ERROR_LAST: error_at(-1)}, steps=(Witnessed(),))
