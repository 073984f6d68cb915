"""The scale of a block is one that each of its halves may choose; the least of a half is no more than that.

min_σ (A(σ) + B(σ)) ≥ min_σ A(σ) + min_σ B(σ) for the powers A, B of the two halves, and the same of their maximum.
"""

import numpy as np
from sympy import Le

from sqtheory.alphabet.partition import Blocks
from sqtheory.arrays import Mask
from sqtheory.orders.errors import box_norms
from sqtheory.theory.case import Case
from sqtheory.theory.theorems.finer_blocks import CHOSEN, ERROR_HALVED, THEOREM, halved_image

from .conclusions import Concludes
from .proof import Proof
from .prune_first_bound import LOWERED, ROOTS
from .shapes import Entries
from .steps import Tested
from .unknowns import LARGEST, REAL, Facts, Unknowns


def chosen(a: Unknowns) -> Facts:
    """A half of two entries errs no more than under the scale of its block."""
    if CHOSEN not in a.given:
        return []
    errors = list(zip(a.minus(a.x, a.halved), a.minus(a.x, a.q), strict=True))
    halves = [errors[at : at + 2] for at in range(0, len(errors), 2)]
    return [
        Le(a.power([own for own, _ in half]), a.power([of_block for _, of_block in half]), evaluate=False)
        for half in halves
    ]


def half_by_half(case: Case) -> Mask:
    """The same of the operators."""
    halves = Blocks((case.q.partition.run or 2) // 2)
    own, of_block = (box_norms(case.x - image, case.p, halves) for image in (halved_image(case), case.orders.image))
    return np.asarray((own <= of_block * (1 + 1e-12) + 1e-300).reshape(len(case), -1).all(axis=1))


READINGS = {CHOSEN: chosen}
PROOF = Proof(
    theorem=THEOREM,
    model={ERROR_HALVED: lambda a: a.norm(a.minus(a.x, a.halved))},
    steps=(
        Tested("no half errs more than under the scale of its block", half_by_half),
        ROOTS,
        Concludes(Entries(8), readings=READINGS),
        Concludes(Entries(4), REAL, lemmas=(LOWERED,), readings=READINGS),
        Concludes(Entries(4), LARGEST, readings=READINGS),
    ),
)
