"""The same masked weights through dense and through 2:4 instructions: groups of other lengths, other cuts."""

import sympy

from sqtheory.alphabet.formats import BFLOAT16
from sqtheory.alphabet.quantizers import cast
from sqtheory.arithmetic.named import aligned
from sqtheory.theory.accumulated import ALLOWED, ALLOWED_SPARSE, FL, FL_SPARSE, IN_RANGE
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Claim, NoneKnown
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.accumulator_bound import DOMAIN

LARGE = Case.of(
    [2.0**127, 0, 2.0**126, 2.0**126],
    cast(BFLOAT16),
    w=[1, 1, 1, 1],
    accumulator=aligned("bf16", group=1, fraction=2, significant=1),
)
"""2^128 in groups of two, which float32 does not hold; in groups of one each 2^126 is lost."""

THEOREM = Theorem(
    slug="sparse_dense_bound",
    title="One masked weight through dense and 2:4 instructions: apart by at most what both may miss",
    claims=(Claim(sympy.Abs(FL - FL_SPARSE), "<=", ALLOWED + ALLOWED_SPARSE),),
    where=(FL, FL_SPARSE, ALLOWED, ALLOWED_SPARSE),
    given=(IN_RANGE.shown(LARGE),),
    domain=DOMAIN,
    witness=NoneKnown("both would have to miss by all they may, in opposite directions; equal by accumulator_exact"),
    source=NEW,
    formal=("sparse_dense_bound",),
)
