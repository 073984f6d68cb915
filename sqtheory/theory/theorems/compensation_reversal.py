"""Feedback breaks the order: with it S→Q can lose more than Q→S, and more than S→Q without any.

Of the first weight, which lies on the grid, plain rounding loses nothing, and feedback moves the 3 for the −1 that is
pruned, to 2.05 and so to 2. Of 20,000 layers of four inputs and one output, of standard normal samples and weights,
with 2:4 and INT4 over the four, S→Q with feedback loses more than Q→S with it in 12 %, and more than plain S→Q in 10 %
(``tests/theory/test_compensation.py``).
"""

import numpy as np

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import Array
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Claim, Quantity, Separation
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.gram_error import matrix
from sqtheory.theory.theorems.prune_then_feedback import passed
from sqtheory.theory.theorems.refit_optimal import MASKED_IMAGE
from sqtheory.theory.theorems.sweep_bound import LOST, Moments


def rounded_first(case: Case) -> Array:
    """s of what rounding with feedback makes of W, (rows, outputs, inputs)."""
    w = matrix(case.weight.x)
    dense = passed(case, w, np.ones(w.shape, bool), rounds=True)
    flat = dense.reshape(case.x.shape)
    return matrix(np.where(case.s.mask(flat, case.weight.x), flat, 0.0))


ROUNDED_FIRST = Quantity(
    "T_qs_sweep",
    r"\operatorname{tr}\bigl((W-s(V_1))H(W-s(V_1))^{\top}\bigr)",
    "tr((W − s(V₁)) H (W − s(V₁))ᵀ), V₁ made of W column by column, every entry rounded at the scales of W, with "
    "feedback through H",
    lambda case: Moments.of(case).lost(matrix(case.weight.x) - rounded_first(case)),
    2,
)

THEOREM = Theorem(
    slug="compensation_reversal",
    title="With feedback S→Q can lose more than Q→S with feedback, and more than S→Q without",
    claims=(Claim(LOST, ">", ROUNDED_FIRST), Claim(LOST, ">", MASKED_IMAGE)),
    where=(LOST, ROUNDED_FIRST, MASKED_IMAGE),
    domain=None,
    witness=Separation(
        (
            Case.of([0, 0, 2, 2, 0, 1, 1, 0] + [0] * 8, int_(3, block=4), nm(2, 4), w=[2, -1, 3, 0] * 4),
            Case.of([1, -2, -1, 1, 0, 0, 0, -1] + [0] * 8, int_(3, block=4), nm(2, 4), w=[1.5, 3, -2, -1] * 4),
            Case.of([1, 1, -1, 0, 0, 0, -1, 0] + [0] * 8, int_(4, block=4), nm(2, 4), w=[-1.5, 3, -1.5, 7] * 4),
        )
    ),
    source=NEW,
)
