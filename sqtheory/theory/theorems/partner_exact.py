"""Where the columns that entries multiply are orthogonal, ranking by the partner's norm is exact."""

import numpy as np

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm, threshold
from sqtheory.alphabet.ties import high_index
from sqtheory.arrays import Mask
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Assumption, Attained, Claim
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import decided_by_tensor
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.gram_error import INPUTS, matrix
from sqtheory.theory.theorems.partner_optimal import IDENTITY, KINDS, LEAST, SCORED, WITHIN
from sqtheory.theory.theorems.partner_perturbed import quaternions


def _orthogonal(case: Case) -> Mask:
    samples = matrix(case.x)
    products = np.einsum("bni,bnj->bij", samples, samples)
    return np.asarray((products * (1 - np.eye(INPUTS)) == 0).all(axis=(1, 2)))


ORTHOGONAL = Assumption(
    "orthogonal", "the columns of X are orthogonal: XᵀX is diagonal", _orthogonal, decided_by_tensor
)

THEOREM = Theorem(
    slug="partner_exact",
    title="Orthogonal columns: no mask of the budget loses less than that by |W_oj|·‖X_j‖₂, if nothing is updated",
    claims=(Claim(SCORED, "<=", LEAST),),
    where=(SCORED, LEAST),
    given=(
        WITHIN.shown(Case.of(IDENTITY, int_(4), threshold(1), w=[3, 1, 1, 0] * 4)),
        ORTHOGONAL.shown(Case.of([1, 1, 0, 0, 0, 0, 1, 0] + [0] * 8, int_(4), nm(1, 4), w=[1, 1, 1.25, 0] * 4)),
    ),
    domain=Domain(
        x=Arrays(16, kinds=(quaternions,)),
        w=Arrays(16, kinds=KINDS, subnormal=False),
        q=OneOf(int_(4)),
        s=OneOf(nm(2, 4), nm(1, 4), nm(3, 4), nm(1, 2), nm(2, 4, ties=high_index)),
    ),
    witness=Attained(Case.of(IDENTITY * 2, int_(4), nm(2, 4), w=[3, 1, 2, 1] * 4)),
    source=NEW,
)
