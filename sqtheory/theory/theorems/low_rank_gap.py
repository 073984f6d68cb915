"""A correction of low rank brings the orders no further apart than their results are, and takes its share of both."""

import numpy as np

from sqtheory.alphabet.compensation.low_rank import tails
from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp, nf4
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Attained, Claim, Quantity, Reference
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.samples import heavy, normal, one_signed, ties
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.gram_error import INPUTS, matrix
from sqtheory.theory.theorems.linear_layer import frobenius

RANK = 1
"""Of the correction, here; the proof is the same for every rank."""

REST_SQ = Quantity(
    "r_sq",
    rf"d_{RANK}(\varepsilon_{{q\circ s}})",
    f"the Frobenius norm of W − q(s(W)) − L for the best L of rank {RANK}",
    lambda case: tails(matrix(case.x - case.orders.after_mask))[:, RANK],
)
REST_QS = Quantity(
    "r_qs",
    rf"d_{RANK}(\varepsilon_{{s\circ q}})",
    f"the Frobenius norm of W − s(q(W)) − L for the best L of rank {RANK}",
    lambda case: tails(matrix(case.x - case.orders.masked_image))[:, RANK],
)
WHOLE_SQ = Quantity(
    "f_sq",
    r"\lVert\varepsilon_{q\circ s}\rVert_F",
    "the Frobenius norm of W − q(s(W))",
    lambda case: frobenius(matrix(case.x - case.orders.after_mask)),
)
WHOLE_QS = Quantity(
    "f_qs",
    r"\lVert\varepsilon_{s\circ q}\rVert_F",
    "the Frobenius norm of W − s(q(W))",
    lambda case: frobenius(matrix(case.x - case.orders.masked_image)),
)
APART = Quantity(
    "d",
    r"\lVert q(s(W))-s(q(W))\rVert_F",
    "the Frobenius norm of q(s(W)) − s(q(W))",
    lambda case: frobenius(matrix(case.orders.after_mask - case.orders.masked_image)),
)

THEOREM = Theorem(
    slug="low_rank_gap",
    title="Corrected by rank r, the orders differ by at most ‖q(s(W)) − s(q(W))‖, and r/n of either squared error goes",
    claims=(
        Claim(REST_SQ, "<=", REST_QS + APART),
        Claim(REST_QS, "<=", REST_SQ + APART),
        Claim(INPUTS * REST_SQ**2, "<=", (INPUTS - RANK) * WHOLE_SQ**2),
        Claim(INPUTS * REST_QS**2, "<=", (INPUTS - RANK) * WHOLE_QS**2),
    ),
    where=(REST_SQ, REST_QS, APART, WHOLE_SQ, WHOLE_QS),
    domain=Domain(
        x=Arrays(16, kinds=(normal, ties, one_signed, heavy), subnormal=False),
        q=OneOf(int_(4), int_(3, block=4), hbfp(4, block=4), mxfp(E2M1), nf4(), bcq(3)),
        s=OneOf(nm(2, 4), nm(1, 4), nm(1, 2)),
    ),
    witness=Attained(Case.of((7 * np.eye(4) + np.roll(np.eye(4), 1, axis=1)).ravel(), int_(4), nm(1, 4))),
    source=Reference("eckart1936approximation", "with the triangle inequality"),
    unconditional=True,
)
