"""With Z and Σ both orders keep values of q(x); the error of a mask is a constant less the gains that it keeps.

Σ_P |x|^p + Σ_K |x − q|^p = Σ |x|^p − Σ_K (|x|^p − |x − q|^p), and the top gains of a group have the largest sum. So
no mask leaves less, neither that of Q→S nor any other, wherever scales differ.
"""

import numpy as np
import sympy

from sqtheory.theory.theorems.gain_dominates import BY_GAIN, THEOREM

from .conclusions import Concludes
from .coq_claims import FormallyConcludes
from .gain_optimal import largest_is_least
from .proof import Proof
from .prune_first_bound import LOWERED, ROOTS
from .prune_first_dominates import balanced, saved
from .quantize_first_bound import top_prunes_least
from .shapes import Groups
from .steps import Equal, Smt, Tested
from .unknowns import REAL, Facts, Unknowns, on_top

kept, gain, pruned = sympy.symbols("kept gain pruned", real=True)


def by_gain(a: Unknowns) -> Facts:
    """No kept entry of a group gains less than a pruned one."""
    return on_top([saved(a, i) for i in range(len(a.x))], a.m, a.groups)


PROOF = Proof(
    theorem=THEOREM,
    steps=(
        Tested(
            "with Z and Σ, q(s(x)) = m ⊙ q(x)",
            lambda case: case.every(case.orders.after_mask == np.where(case.orders.mask, case.orders.image, 0)),
        ),
        Tested("both masks keep equally many entries of every group", balanced),
        Equal(
            "error = Σ_P |x|^p + Σ_K |x − q|^p = Σ |x|^p − Σ_K gain, with Σ_K |x|^p = Σ_K |x − q|^p + Σ_K gain",
            pruned + kept,
            (pruned + (kept + gain)) - gain,
        ),
        Smt("2:4: the largest gains have the largest sum, as the smallest have the smallest", top_prunes_least(2, 4)),
        Smt("2:4, p = ∞: the top by its gain has the least largest error", largest_is_least(2, 4, nearest=False)),
        ROOTS,
        Concludes(Groups(2, 4), readings={BY_GAIN: by_gain}),
        Concludes(Groups(1, 2, 2), readings={BY_GAIN: by_gain}),
        *(
            Concludes(Groups(n, m), REAL, lemmas=(LOWERED,), readings={BY_GAIN: by_gain})
            for n, m in ((1, 2), (1, 4), (2, 4))
        ),
        FormallyConcludes("every quantizer, partition, budget and natural p", "gain_prune_first"),
        FormallyConcludes("p = ∞", "gain_prune_first_largest"),
    ),
)
