"""A survivor either keeps its image or, alone in its block, is the maximum of what is left and comes back as it is.

So Σ_K |x − q(s(x))|^p ≤ Σ_K |x − q(x)|^p, though a scale moved, and the pruned entries cost Σ_P |x|^p.
"""

import numpy as np
from sympy import Le, Symbol

from sqtheory.arrays import Mask
from sqtheory.theory.case import Case
from sqtheory.theory.theorems.single_survivor import ALONE, EXACT, THEOREM

from .conclusions import Concludes
from .proof import Proof
from .prune_first_bound import ADDED, LOWERED, ROOTS, SUBADDITIVE
from .shapes import Entries
from .steps import Equal, Tested
from .unknowns import LARGEST, REAL, SAME_AGAIN, Facts, Unknowns

level = Symbol("level", positive=True)
size = Symbol("size", nonnegative=True)


def alone(a: Unknowns) -> Facts:
    """A kept entry has the image it had, or errs by nothing where maxima are exact: its error has not grown."""
    if EXACT not in a.given or not SAME_AGAIN & a.given:
        return []
    entries = zip(a.x, a.q, a.sq, a.m, strict=True)
    return [Le(a.power([x - y]), a.power([x - q]), evaluate=False) for x, q, y, m in entries if m]


def errs_no_more(case: Case) -> Mask:
    """Every survivor errs by what it erred, or by the last bits of its scale."""
    two = case.orders
    after, before = (np.where(two.mask, np.abs(case.x - y), 0) for y in (two.after_mask, two.image))
    return case.every(after <= before + 1e-15 * np.abs(case.x))


READ = {ALONE: alone}
PROOF = Proof(
    theorem=THEOREM,
    steps=(
        Equal("alone in its block: σ = |x|/v for a level v, and σ v = |x|", (size / level) * level, size),
        Tested("every survivor errs no more than under q(x)", errs_no_more),
        ROOTS,
        SUBADDITIVE,
        Concludes(Entries(6), claims=(0, 1), readings=READ),
        Concludes(Entries(4), REAL, claims=(1,), readings=READ),
        Concludes(Entries(4), REAL, claims=(0,), lemmas=(LOWERED, ADDED), readings=READ),
        Concludes(Entries(3), LARGEST, claims=(0, 2), readings=READ),
    ),
)
