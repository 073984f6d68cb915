"""The later the mask in a chain of quantizers, the more masks are open to the tie rule; none is lost on the way.

Rounding makes ties and never breaks one: where |x_i| ≥ |x_j| there is |q(x)_i| ≥ |q(x)_j|, again after the next.
"""

import numpy as np

from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp, nvfp4
from sqtheory.alphabet.rounding import floor
from sqtheory.alphabet.scores import wanda
from sqtheory.alphabet.sparsifiers import nm, top
from sqtheory.theory.case import Case
from sqtheory.theory.chains import LOST, ONE_SCALE_ALL, ORDERED_ALL, OUTCOMES_FIRST, OUTCOMES_LAST
from sqtheory.theory.claims import NEW, Attained, Claim
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import MAGNITUDE
from sqtheory.theory.theorem import Theorem

PLACES = Domain(
    x=Arrays(8),
    q=OneOf(int_(8), int_(4), hbfp(4), mxfp(E4M3), int_(3, block=4), bcq(2, zero=True)),
    s=OneOf(nm(2, 4), nm(1, 4), nm(3, 4), nm(1, 2)),
    then=OneOf((mxfp(E2M1),), (int_(3),), (hbfp(3, block=4),), (nvfp4(block=8),), (int_(4), int_(2))),
)
NEEDED = (
    ORDERED_ALL.shown(Case.of([7, 2.875, -2.8125, 0], int_(4, rounding=floor), nm(2, 4), then=(int_(4),))),
    ONE_SCALE_ALL.shown(Case.of([7, 0.5, 0.4375, 1], int_(8), top(3, per=Rows()), then=(hbfp(4, block=2),))),
    MAGNITUDE.shown(Case.of([7, 2.375, 2.625, 0], int_(4), nm(2, 4, score=wanda(np.diag([8, 1.375, 1.0, 1.0]))))),
)
"""Each assumption with a chain in which without it a mask of x is none later, and the worst choice is no worse."""

THEOREM = Theorem(
    slug="later_masks",
    title="The later the mask in a chain of quantizers the more masks ties allow: M(x) ⊆ M(q₁(x)) ⊆ M(q₂(q₁(x))) ⊆ …",
    claims=(Claim(LOST, "==", 0), Claim(OUTCOMES_FIRST, "<=", OUTCOMES_LAST)),
    where=(LOST, OUTCOMES_FIRST, OUTCOMES_LAST),
    given=NEEDED,
    domain=PLACES,
    witness=Attained(Case.of([7, 5, 5, 1], int_(4), nm(2, 4), then=(mxfp(E2M1),))),
    source=NEW,
    formal=("later_masks",),
)
