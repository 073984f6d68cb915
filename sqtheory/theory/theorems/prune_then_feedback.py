"""Pruning with feedback and then rounding with feedback is the pass that does both: nothing is lost between the two.

SparseGPT makes u of w, pruned entries 0 and the others moved; GPTQ makes v of u. At column j the second pass holds
u_j + Σ (u_i − v_i) U_ij, and u_j is w_j + Σ (w_i − u_i) U_ij: together w_j + Σ (w_i − v_i) U_ij, what one pass holds.
It rests on one H, one mask and one set of scales for both passes.
"""

import numpy as np

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp, nf4
from sqtheory.alphabet.rounding import stochastic
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import Array, Mask
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Attained, Claim, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import STEADY, of_weight
from sqtheory.theory.samples import heavy, normal, one_signed
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.gram_error import INPUTS, matrix
from sqtheory.theory.theorems.sweep_bound import EYE, LOST, MIXED, Moments, Swept, mask_of

KINDS = (normal, one_signed, heavy)


def passed(case: Case, w: Array, mask: Mask, *, rounds: bool) -> Array:
    """What a pass over w makes, (rows, outputs, inputs): pruned entries 0, the others held, or rounded at scales of W.

    Column j holds w_j + Σ_{i<j} (w_i − v_i) R_ij/R_jj, v what the columns before it became.
    """
    factor, scales = Moments.of(case).factor, matrix(case.weight.dense_scale)
    made, unit = np.zeros(w.shape), np.where(scales == 0, 1, scales)
    for j in range(INPUTS):
        before = np.einsum("boi,bi->bo", (w - made)[:, :, :j], factor[:, :j, j])
        held = w[:, :, j] + before / factor[:, j, j, None]
        if rounds:
            held = scales[:, :, j] * case.q.format.round(held / unit[:, :, j], case.q.rounding)
        made[:, :, j] = np.where(mask[:, :, j], held, 0.0)
    return made


def in_two_passes(case: Case) -> Array:
    """Pruned with feedback, then rounded with feedback, the zeros held."""
    mask = mask_of(case)
    pruned = passed(case, matrix(case.weight.x), mask, rounds=False)
    return passed(case, pruned, mask, rounds=True)


TWO_PASSES = Quantity(
    "T_two",
    r"\operatorname{tr}\bigl((W-V'')H(W-V'')^{\top}\bigr)",
    "tr((W − V″) H (W − V″)ᵀ): W pruned column by column with feedback through H, then rounded column by column with "
    "feedback through the same H at the scales of W, the zeros held",
    lambda case: Moments.of(case).lost(matrix(case.weight.x) - in_two_passes(case)),
    2,
)
APART = Quantity(
    "apart",
    r"\lVert V-V''\rVert_1",
    "the sum of |v − v″| over all entries, V of one pass and V″ of two",
    lambda case: np.abs(Swept.of(case).images - in_two_passes(case)).sum(axis=(1, 2)),
    0,
)

THEOREM = Theorem(
    slug="prune_then_feedback",
    title="Pruned with feedback and then rounded with feedback, by one H, mask and scales, is the joint pass exactly",
    claims=(Claim(APART, "==", 0), Claim(TWO_PASSES, "==", LOST)),
    where=(APART, TWO_PASSES, LOST),
    given=(
        of_weight(STEADY).shown(
            Case.of(EYE, int_(4, rounding=stochastic(np.random.default_rng(0))), nm(3, 4), w=[7, 3.5, 2.5, 1] * 4)
        ),
    ),
    domain=Domain(
        x=Arrays(16, kinds=KINDS, subnormal=False),
        w=Arrays(16, kinds=KINDS, subnormal=False),
        q=OneOf(int_(4), int_(3), int_(4, block=4), hbfp(4, block=4), mxfp(E2M1), nf4(), bcq(3), int_(8, block=4)),
        s=OneOf(nm(2, 4), nm(1, 4), nm(1, 2), nm(3, 4)),
    ),
    witness=Attained(Case.of(MIXED, int_(4), nm(2, 4), w=[7, 2.5, 1, 3] * 4)),
    source=NEW,
)
