"""Of the survivors S→Q errs no more than at the scales of x, since those are among what it chooses from.

The mask keeps the maxima of block and tensor, and with them the numbers that a scale is chosen from. σ(x) is one of
them; the scale that s(x) gets errs no more in ‖·‖_p over the block, and pruned entries, 0, err by 0 under each. So
Σ_K |x − q(s(x))|^p ≤ Σ_K |x − q(x)|^p for every block, and the pruned entries cost Σ_P |x|^p.
"""

import numpy as np
from sympy import Le

from sqtheory.arrays import Mask
from sqtheory.theory.case import Case
from sqtheory.theory.theorems.fitted_bound import FITTED, MAXIMA_KEPT, THEOREM

from .conclusions import Concludes
from .coq_claims import FormallyConcludes
from .proof import Proof
from .prune_first_bound import ADDED, LOWERED, ROOTS, SUBADDITIVE
from .shapes import Entries
from .steps import Tested
from .unknowns import LARGEST, REAL, Facts, Unknowns


def chosen(a: Unknowns) -> Facts:
    """‖m ⊙ x − q(s(x))‖_p ≤ ‖m ⊙ (x − q(x))‖_p over the survivors of a block, where candidates stay what they are."""
    if MAXIMA_KEPT not in a.given:
        return []
    kept = [(x, y, q) for x, y, q, m in zip(a.x, a.sq, a.q, a.m, strict=True) if m]
    after, before = (a.power([x - y for x, y, _ in kept]), a.power([x - q for x, _, q in kept]))
    return [Le(after, before, evaluate=False)]


def survivors_err_less(case: Case) -> Mask:
    """The same of the operators, on whole rows."""
    two = case.orders
    kept = case.powers(np.where(two.mask, case.x - two.after_mask, 0))
    at_x = case.powers(np.where(two.mask, case.x - two.image, 0))
    return np.asarray(kept <= at_x * (1 + 1e-12) + 1e-300)


READINGS = {FITTED: chosen}
PROOF = Proof(
    theorem=THEOREM,
    steps=(
        Tested("the survivors of s(x) err no more than under q(x)", survivors_err_less),
        ROOTS,
        SUBADDITIVE,
        Concludes(Entries(8), claims=(0, 1), readings=READINGS),
        Concludes(Entries(8), REAL, claims=(1,), readings=READINGS),
        Concludes(Entries(4), REAL, claims=(0,), lemmas=(LOWERED, ADDED), readings=READINGS),
        Concludes(Entries(3), LARGEST, claims=(0, 2), readings=READINGS),
        FormallyConcludes("p-th powers, every mask and natural p", "fitted_bound", claims=(1,)),
    ),
)
