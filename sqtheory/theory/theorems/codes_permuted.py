"""Under the hypotheses of ``prune_first_dominates`` the order permutes the codes of a group, and does nothing else.

So nothing that forgets places can tell the orders apart: entropy, zeros, norms of the codes, their largest, and with
them the bits of an accumulator, log₂(2 max|a| Σ|codes| + 1) for activations a. Under an n:m mask n/m of the codes at
most are not 0: log₂(m/n) bits less than what dense codes may need, in either order.
"""

import numpy as np

from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp, mxint, nvfp4
from sqtheory.alphabet.rounding import floor, toward_zero
from sqtheory.alphabet.scaling import Percentile
from sqtheory.alphabet.scores import wanda
from sqtheory.alphabet.sparsifiers import nm, top
from sqtheory.alphabet.ties import Adversarial, by_original, high_index
from sqtheory.arrays import Array
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Attained, Claim, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import MAGNITUDE, ONE_SCALE, ORDERED, SIGMA, Z
from sqtheory.theory.theorem import Theorem


def apart(case: Case) -> Array:
    """Σ over groups of the differences of the k-th largest magnitudes of both orders, k = 1, 2, …"""
    made = case.orders.after_mask, case.orders.masked_image
    first, second = ([np.sort(np.abs(rows), axis=1) for rows in case.groups.split(y)] for y in made)
    differences = [np.abs(a - b).sum(axis=1).reshape(len(case), -1) for a, b in zip(first, second, strict=True)]
    return np.asarray(np.concatenate(differences, axis=1).sum(axis=1))


def codes(case: Case, made: Array) -> Array:
    """|y_i|/σ(x)_i, 0 where the scale is 0; the shape of x."""
    scale = np.abs(case.dense_scale)
    return np.divide(np.abs(made), scale, out=np.zeros(made.shape), where=scale > 0)


def entropy(sizes: Array) -> Array:
    """−Σ_v f_v log₂ f_v of the values in every row, f_v the share of entries that are v."""
    same = (sizes[:, :, None] == sizes[:, None, :]).mean(axis=2)
    return np.asarray(-np.log2(same).mean(axis=1) + 0.0)


APART = Quantity(
    "apart",
    r"\sum_G\sum_k\bigl|\,|q(s(x))|_{(k)}-|s(q(x))|_{(k)}\bigr|",
    "the sum over groups and k of the difference of the k-th largest of |q(s(x))| and of |s(q(x))| in the group",
    apart,
)
CODES_SQ = Quantity(
    "c_sq",
    r"\lVert q(s(x))/\sigma\rVert_1",
    "the sum of the codes |q(s(x))_i|/σ(x)_i: the largest dot product with activations in [−1, 1]",
    lambda case: codes(case, case.orders.after_mask).sum(axis=1),
)
CODES_QS = Quantity(
    "c_qs",
    r"\lVert s(q(x))/\sigma\rVert_1",
    "the sum of the codes |s(q(x))_i|/σ(x)_i",
    lambda case: codes(case, case.orders.masked_image).sum(axis=1),
)
ENTROPY_SQ = Quantity(
    "H_sq",
    r"H(|q(s(x))|)",
    "the entropy in bits of the magnitudes of q(s(x)) in the row",
    lambda case: entropy(np.abs(case.orders.after_mask)),
    noise=1e-14,
)
ENTROPY_QS = Quantity(
    "H_qs",
    r"H(|s(q(x))|)",
    "the entropy in bits of the magnitudes of s(q(x)) in the row",
    lambda case: entropy(np.abs(case.orders.masked_image)),
    noise=1e-14,
)

THEOREM = Theorem(
    slug="codes_permuted",
    title="Where pruning first dominates, both orders keep the same codes in every group, at other places",
    claims=(Claim(APART, "==", 0), Claim(CODES_SQ, "==", CODES_QS), Claim(ENTROPY_SQ, "==", ENTROPY_QS)),
    where=(APART, CODES_SQ, CODES_QS, ENTROPY_SQ, ENTROPY_QS),
    given=(
        Z.shown(Case.of([3, -1], bcq(2), nm(1, 2))),
        SIGMA.shown(Case.of([0, 1, 1, 1], int_(4, scaling=Percentile(50)), nm(2, 4))),
        ORDERED.shown(Case.of([7, 2.875, -2.8125, 0], int_(4, rounding=floor), nm(2, 4))),
        MAGNITUDE.shown(Case.of([7, 2.375, 2.625, 0], int_(4), nm(2, 4, score=wanda(np.diag([8, 1.375, 1.0, 1.0]))))),
        ONE_SCALE.shown(Case.of([7, 0.5, 0.4375, 1], hbfp(4, block=2), top(3, per=Rows()))),
    ),
    domain=Domain(
        x=Arrays(8),
        q=OneOf(
            *(int_(4), int_(3, block=4), int_(2), int_(4, rounding=toward_zero), hbfp(4), hbfp(3, block=4)),
            *(mxint(4), mxfp(E2M1), mxfp(E4M3, block=4), nvfp4(block=8), bcq(2, zero=True)),
        ),
        s=OneOf(
            *(nm(2, 4), nm(1, 4), nm(3, 4), nm(2, 4, ties=high_index), nm(2, 4, ties=by_original)),
            nm(1, 2, ties=Adversarial(2)),
        ),
    ),
    witness=Attained(Case.of([7, 2.5, 2, 1], int_(4), nm(2, 4))),
    source=NEW,
)
