"""What a support cannot reach: nothing that is 0 off it loses less than its least-squares refit."""

import numpy as np

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import Array
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Attained, Claim, Quantity, Reference
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import Z, of_weight
from sqtheory.theory.samples import heavy, normal, one_signed, ties
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.gram_error import INPUTS, matrix
from sqtheory.theory.theorems.sweep_bound import EYE, LOST, Moments, mask_of


def refit(case: Case) -> Array:
    """V with V_S = (W H)_S H_SS⁻¹ in every output and 0 elsewhere, (rows, outputs, inputs)."""
    h, kept = Moments.of(case).h[:, None], mask_of(case).astype(np.float64)
    target = np.einsum("boi,bij->boj", matrix(case.weight.x), h[:, 0]) * kept
    system = h * kept[..., :, None] * kept[..., None, :] + np.eye(INPUTS) * (1 - kept)[..., None, :]
    return np.asarray(np.linalg.solve(system, target[..., None])[..., 0])


def out_of_reach(case: Case) -> Array:
    """Σ over outputs of w_P ([H⁻¹]_PP)⁻¹ w_Pᵀ."""
    moments, kept = Moments.of(case), mask_of(case).astype(np.float64)
    inverse, lost = np.linalg.inv(moments.h)[:, None], 1 - kept
    pruned = matrix(case.weight.x) * lost
    system = inverse * lost[..., :, None] * lost[..., None, :] + np.eye(INPUTS) * kept[..., None, :]
    answer = np.linalg.solve(system, pruned[..., None])[..., 0]
    return np.asarray(np.einsum("boi,boi->b", pruned, answer) * moments.unit**2)


REFIT = Quantity(
    "T_refit",
    r"\min_{V_P=0}\operatorname{tr}\bigl((W-V)H(W-V)^{\top}\bigr)",
    "tr((W − V) H (W − V)ᵀ) for V_S = (W H)_S H_SS⁻¹ on the support S of s(W) in every output, 0 on the pruned P, and "
    "H = XᵀX + 1 % of its mean diagonal",
    lambda case: Moments.of(case).lost(matrix(case.weight.x) - refit(case)),
    2,
)
REACH = Quantity(
    "T_P",
    r"\textstyle\sum_o w_P\,([H^{-1}]_{PP})^{-1}\,w_P^{\top}",
    "the sum over outputs of w_P ([H⁻¹]_PP)⁻¹ w_Pᵀ",
    out_of_reach,
    2,
)
MASKED = Quantity(
    "T_s",
    r"\operatorname{tr}\bigl(\varepsilon_s(W)H\varepsilon_s(W)^{\top}\bigr)",
    "tr(E H Eᵀ) for E = W − s(W)",
    lambda case: Moments.of(case).lost(matrix(case.weight.x - case.weight.orders.sparse)),
    2,
)
MASKED_IMAGE = Quantity(
    "T_sq_damped",
    r"\operatorname{tr}\bigl(\varepsilon_{q\circ s}(W)H\varepsilon_{q\circ s}(W)^{\top}\bigr)",
    "tr(E H Eᵀ) for E = W − q(s(W))",
    lambda case: Moments.of(case).lost(matrix(case.weight.x - case.weight.orders.after_mask)),
    2,
)

THEOREM = Theorem(
    slug="refit_optimal",
    title="The refit on a support loses w_P ([H⁻¹]_PP)⁻¹ w_Pᵀ, and no rounding, with feedback or without, loses less",
    claims=(
        Claim(REFIT, "==", REACH),
        Claim(REACH, "<=", MASKED),
        Claim(REACH, "<=", MASKED_IMAGE),
        Claim(REACH, "<=", LOST),
    ),
    where=(REFIT, REACH, MASKED, MASKED_IMAGE, LOST),
    given=(of_weight(Z).shown(Case.of(EYE, bcq(2), nm(1, 2), w=[3, 1] * 8)),),
    domain=Domain(
        x=Arrays(16, kinds=(normal, ties, one_signed, heavy), subnormal=False),
        w=Arrays(16, kinds=(normal, ties, one_signed, heavy), subnormal=False),
        q=OneOf(int_(4), int_(3, block=4), hbfp(4, block=4), mxfp(E2M1), bcq(2, zero=True)),
        s=OneOf(nm(2, 4), nm(1, 4), nm(1, 2), nm(3, 4)),
    ),
    witness=Attained(Case.of(EYE, int_(4), nm(2, 4), w=[7, 3, 1, 1] * 4)),
    source=Reference("frantar2022obc", "§4, group formulation of the OBS step"),
)
