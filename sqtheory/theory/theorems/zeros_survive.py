"""A mask survives rounding with feedback if no error is handed on to what it prunes, and 0 stays 0."""

import numpy as np

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import Array
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Claim, NoneKnown, Quantity, Reference
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import FROZEN_Z, of_weight
from sqtheory.theory.samples import heavy, normal, one_signed, ties
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.gram_error import INPUTS, matrix
from sqtheory.theory.theorems.sweep_bound import EYE, Moments, mask_of


def pruned_mass(case: Case, *, everywhere: bool) -> Array:
    """Σ |v| over pruned entries, V made of s(W) at the scales of W, errors handed on everywhere or to kept entries."""
    moments, scales, kept = Moments.of(case), matrix(case.weight.dense_scale), mask_of(case)
    shares = np.linalg.inv(moments.factor)
    held, unit = matrix(case.weight.orders.sparse).copy(), np.where(scales == 0, 1, scales)
    reach = np.ones_like(kept) if everywhere else kept
    for j in range(INPUTS):
        ratios = case.q.format.round(held[:, :, j] / unit[:, :, j], case.q.rounding)
        image = scales[:, :, j] * ratios
        error = (held[:, :, j] - image)[:, :, None] * (shares[:, j, j + 1 :] / shares[:, j, j, None])[:, None, :]
        held[:, :, j] = image
        held[:, :, j + 1 :] -= np.where(reach[:, :, j + 1 :], error, 0.0)
    return np.asarray(np.where(kept, 0.0, np.abs(held)).sum(axis=(1, 2)))


SPARED = Quantity(
    "v_P",
    r"\lVert V_P\rVert_1",
    "the sum of |v| over pruned entries of V, made of s(W) column by column at the scales of W, with the error of each "
    "handed on through H = XᵀX + 1 % of its mean diagonal to kept entries only",
    lambda case: pruned_mass(case, everywhere=False),
)

THEOREM = Theorem(
    slug="zeros_survive",
    title="Rounding with feedback keeps the zeros of a mask if it hands errors on to kept entries only",
    claims=(Claim(SPARED, "==", 0),),
    where=(SPARED,),
    given=(of_weight(FROZEN_Z).shown(Case.of(EYE, bcq(2), nm(1, 2), w=[3, 1] * 8)),),
    domain=Domain(
        x=Arrays(16, kinds=(normal, ties, one_signed, heavy), subnormal=False),
        w=Arrays(16, kinds=(normal, ties, one_signed, heavy), subnormal=False),
        q=OneOf(int_(4), int_(3, block=4), hbfp(4, block=4), mxfp(E2M1), bcq(2, zero=True), int_(8)),
        s=OneOf(nm(2, 4), nm(1, 4), nm(1, 2), nm(3, 4)),
    ),
    witness=NoneKnown("an identity has no slack to show tight"),
    source=Reference("frantar2023sparsegpt", "§3.2, updates of what a mask keeps"),
)
