"""Without anybody to hold the zeros of a mask, rounding with feedback refills them."""

from sqtheory.alphabet.quantizers import hbfp, int_
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Claim, Quantity, Separation
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.zeros_survive import pruned_mass

REFILLED = Quantity(
    "v_P_free",
    r"\lVert V_P\rVert_1",
    "the sum of |v| over pruned entries of V, made of s(W) column by column at the scales of W, with the error of each "
    "handed on through H = XᵀX + 1 % of its mean diagonal to all that follow",
    lambda case: pruned_mass(case, everywhere=True),
)
LOUD = [4, 1, 0, 0, 0, 0.25, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]
"""The second input is a quarter of the first and little else: it is asked to make up for the first fourfold."""

THEOREM = Theorem(
    slug="feedback_refills",
    title="Rounding with feedback refills the zeros of a mask that nobody holds",
    claims=(Claim(REFILLED, ">", 0),),
    where=(REFILLED,),
    domain=None,
    witness=Separation(
        (
            Case.of(LOUD, int_(4, block=4), nm(2, 4), w=[2.4375, 0.5, 7, 0.25] * 4),
            Case.of(LOUD, hbfp(4, block=4), nm(2, 4), w=[2.4375, 0.5, 7, 0.25] * 4),
        )
    ),
    source=NEW,
)
