"""Under an adversary at the ties the mask is the worse the later it stands in a chain of quantizers."""

from dataclasses import replace
from math import inf

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.quantizers import int_, mxfp
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.theory.case import Case
from sqtheory.theory.chains import WORST_BETWEEN, WORST_FIRST, WORST_LAST
from sqtheory.theory.claims import NEW, Attained, Claim
from sqtheory.theory.domain import OneOf
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.later_masks import NEEDED, PLACES

THEOREM = Theorem(
    slug="worst_by_position",
    title="With ties broken for the worst the error of a chain of quantizers does not fall as its mask moves back",
    claims=(Claim(WORST_FIRST, "<=", WORST_BETWEEN), Claim(WORST_BETWEEN, "<=", WORST_LAST)),
    where=(WORST_FIRST, WORST_BETWEEN, WORST_LAST),
    given=NEEDED,
    domain=replace(PLACES, p=OneOf(0.5, 1.0, 1.5, 2.0, 3.0, inf)),
    witness=Attained(Case.of([7, 2.5, 1, 1], int_(4), nm(2, 4), then=(mxfp(E2M1),))),
    source=NEW,
)
