"""Q→S costs at least what the mask of x would cost at the scales of x; a scale chosen anew costs no more than that.

With every scale fixed at its value for x, ``prune_first_dominates`` compares the masks: Σ_P |x|^p + Σ_K |x − q(x)|^p is
at most the error of Q→S. Of the survivors S→Q errs no more than at those scales, by ``fitted_bound``.
"""

from sqtheory.theory.theorems.fitted_dominates import THEOREM

from .conclusions import Concludes
from .coq_claims import FormallyConcludes
from .fitted_bound import READINGS, survivors_err_less
from .proof import Proof
from .prune_first_bound import LOWERED, ROOTS
from .prune_first_dominates import PAIR, PAIRED, balanced, same_image
from .shapes import Groups
from .steps import Formal, Smt, Tested
from .unknowns import LARGEST, REAL

PROOF = Proof(
    theorem=THEOREM,
    steps=(
        Tested("the survivors of s(x) err no more than under q(x)", survivors_err_less),
        Tested("both masks keep equally many entries of every group", balanced),
        Smt("kept by S→Q alone and kept by Q→S alone: the images tie", same_image),
        *PAIR,
        ROOTS,
        Concludes(Groups(2, 4), readings=READINGS),
        *(Concludes(Groups(n, m), REAL, lemmas=(PAIRED, LOWERED), readings=READINGS) for n, m in ((1, 4), (2, 4))),
        Concludes(Groups(2, 4), LARGEST, readings=READINGS),
        FormallyConcludes("every n, partition, budget, tie rule and natural p", "fitted_dominates"),
        Formal("candidates of the block alone: the overlap of groups and blocks is enough", "overlap_keeps_fitted"),
    ),
)
