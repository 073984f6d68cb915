"""Between two places the exchange goes one way: what the earlier mask keeps alone had the larger magnitude there.

If i is kept by the mask of one place alone and j by that of the next, they tie at the later place; had they tied at the
earlier one too, one order of the entries would choose alike at both. So |x_k,i| > |x_k,j| at the earlier place, hence
|x_i| > |x_j|, and at one image the larger entry saves at least as much.
"""

from sqtheory.theory.chains import ERROR_BETWEEN, ERROR_FIRST, ERROR_LAST
from sqtheory.theory.theorems.places_in_order import FIXED_TIES, THEOREM

from .chains import PAIRED_LAST, READ_ZERO, error_at, fixed_order
from .conclusions import Concludes
from .first_is_best import keeps_entries
from .proof import Proof
from .prune_first_bound import LOWERED, ROOTS
from .prune_first_dominates import PAIR, largest
from .shapes import Places
from .steps import Smt, Tested
from .unknowns import LARGEST, REAL

READ = {**READ_ZERO, FIXED_TIES: fixed_order}

PROOF = Proof(
    theorem=THEOREM,
    model={ERROR_FIRST: error_at(0), ERROR_BETWEEN: error_at(1), ERROR_LAST: error_at(-1)},
    steps=(
        Tested("with Z and Σ at every place the chain keeps entries of Q(x): places differ in which", keeps_entries),
        *PAIR,
        Smt("p = ∞: an exchange of a ≥ b at one image does not lower the larger of the two errors", largest),
        ROOTS,
        Concludes(Places(1, 2), readings=READ),
        Concludes(Places(2, 4), readings=READ),
        *(Concludes(Places(n, m), REAL, lemmas=(PAIRED_LAST, LOWERED), readings=READ) for n, m in ((1, 2), (2, 4))),
        Concludes(Places(2, 4), LARGEST, readings=READ),
    ),
)
