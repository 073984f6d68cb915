"""The exchange of ``prune_first_dominates``, with the composite of all quantizers in the place of one.

With Z and Σ at every place the chain keeps entries of one tensor Q(x), Q = q_r ∘ … ∘ q₁; places differ in which.
If i is kept by the mask of x alone and j by a later one alone, |x_i| ≥ |x_j| by the first mask, so |x_k,i| ≥ |x_k,j| at
every place k as each quantizer keeps the order; the later mask has |x_k,j| ≥ |x_k,i|. They tie there, hence in Q(x).
"""

import numpy as np

from sqtheory.arrays import Mask
from sqtheory.theory.case import Case
from sqtheory.theory.chains import ERROR_FIRST, ERROR_LATER
from sqtheory.theory.theorems.first_is_best import THEOREM

from .chains import PAIRED_LAST, READ_ZERO, error_at, least_later
from .conclusions import Concludes
from .proof import Proof
from .prune_first_bound import LOWERED, ROOTS
from .prune_first_dominates import PAIR, largest
from .shapes import Places
from .steps import Formal, Smt, Tested
from .unknowns import LARGEST, REAL


def keeps_entries(case: Case) -> Mask:
    """What the chain makes of x with the mask at any place are entries of Q(x)."""
    same = [case.every(case.placed(k) == case.masks[k] * case.images[-1]) for k in range(len(case.images))]
    return np.asarray(np.all(same, axis=0))


PROOF = Proof(
    theorem=THEOREM,
    model={ERROR_FIRST: error_at(0), ERROR_LATER: least_later},
    steps=(
        Tested("with Z and Σ at every place the chain keeps entries of Q(x): places differ in which", keeps_entries),
        *PAIR,
        Smt("p = ∞: an exchange of a ≥ b at one image does not lower the larger of the two errors", largest),
        ROOTS,
        Concludes(Places(1, 2), readings=READ_ZERO),
        Concludes(Places(2, 4), readings=READ_ZERO),
        *(
            Concludes(Places(n, m), REAL, lemmas=(PAIRED_LAST, LOWERED), readings=READ_ZERO)
            for n, m in ((1, 2), (2, 4))
        ),
        Concludes(Places(2, 4), LARGEST, readings=READ_ZERO),
        Formal("every size, group, budget, tie rule, number of quantizers, place and natural p", "first_is_best"),
        Formal("p = ∞", "first_is_best_largest"),
    ),
)
