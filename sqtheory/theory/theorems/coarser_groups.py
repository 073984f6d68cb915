"""Where s goes second, freedom can hurt: 6:8 in place of 3:4 on one scale makes Q→S lose more, and S→Q never does."""

from math import inf

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.quantizers import hbfp, int_, mxfp, mxint
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Claim, Quantity, Separation
from sqtheory.theory.quantities import ERROR_QS
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.freer_mask import free_error

FREE_QS = Quantity(
    "e_free_qs",
    r"\lVert x-m\odot q(x)\rVert_p",
    "the p-norm of x − m ⊙ q(x) for the mask m of the largest |q(x)_i| of the row, as many as s keeps",
    lambda case: free_error(case, case.orders.image),
)
X = [2.5, -1.75, 0.75, -2, 1, 2.75, -0.75, 1.5]
"""3/4, 1 and −3/4 have images of one size: of the row as one group the first of them stays, of its halves 1 does."""

THEOREM = Theorem(
    slug="coarser_groups",
    title="Quantized first, coarser groups of one budget can make the error larger",
    claims=(Claim(FREE_QS, ">", ERROR_QS),),
    where=(FREE_QS, ERROR_QS),
    domain=None,
    witness=Separation(
        (
            Case.of(X, int_(3), nm(3, 4)),
            Case.of([7, 0, 1.25, 6, 2, -1, 6.25, -0.5], int_(4), nm(1, 4), 2),
            Case.of([4, 1.75, 1, -6.5, 2, 3, 0.75, -2], hbfp(4), nm(2, 4)),
            Case.of([7, -1.5, 8, 7, 2, 1, -2.25, -4.5], mxfp(E2M1), nm(3, 4)),
            Case.of([4, 3, -8, -3, 0.5, 6.75, 7, -3.5], mxint(4), nm(3, 4), inf),
        )
    ),
    source=NEW,
)
