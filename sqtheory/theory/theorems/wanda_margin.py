"""Where weighted magnitudes lie further apart than what rounding moves them, both orders keep the same entries.

With errors of at most h, half a step, n_i |x_i| − n_j |x_j| > h (n_i + n_j) at the cut of every group is enough.
"""

import numpy as np

from sqtheory.alphabet.formats import E4M3
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp, mxint
from sqtheory.alphabet.rounding import stochastic, toward_zero
from sqtheory.alphabet.scaling import Percentile
from sqtheory.alphabet.scores import wanda
from sqtheory.alphabet.sparsifiers import nm, threshold
from sqtheory.alphabet.ties import high_index
from sqtheory.arrays import Mask
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Assumption, Claim, NoneKnown, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import SIGMA, STEADY, Z, decided_by_tensor
from sqtheory.theory.samples import heavy, normal, one_signed
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.weighted_dominates import WEIGHTED, weights

ALIKE = wanda(np.diag([1.0, 1.25, 0.75, 1.0]))
"""Inputs of norms that differ by a half at most."""


def _apart(case: Case) -> Mask:
    if case.s.score is None or case.s.score.linear(case.x.shape) is None:
        return np.zeros(len(case), bool)
    n, size, error = weights(case), np.abs(case.x), np.abs(case.x - case.orders.image)
    least = case.groups.reduce(
        np.where(case.orders.mask, n * (size - error), np.inf), lambda rows: np.asarray(rows.min(axis=1))
    )
    most = case.groups.reduce(
        np.where(case.orders.mask, -np.inf, n * (size + error)), lambda rows: np.asarray(rows.max(axis=1))
    )
    return np.asarray((least > most).reshape(len(case), -1).all(axis=1))


DEFECT_WEIGHTED = Quantity(
    "W_defect",
    r"\lVert n\odot(q(s(x))-s(q(x)))\rVert_p",
    "the p-norm of n ⊙ (q(s(x)) − s(q(x))), n_i |x_i| the scores of s",
    lambda case: case.norms(weights(case) * (case.orders.after_mask - case.orders.masked_image)),
)
APART = Assumption(
    "scores_apart",
    "n_i (|x_i| − |x_i − q(x)_i|) > n_j (|x_j| + |x_j − q(x)_j|) for a kept i and a pruned j of one group",
    _apart,
    decided_by_tensor,
)

THEOREM = Theorem(
    slug="wanda_margin",
    title="Where weighted magnitudes are further apart at the cut than their weighted errors, both orders are one",
    claims=(Claim(DEFECT_WEIGHTED, "==", 0),),
    where=(DEFECT_WEIGHTED,),
    given=(
        Z.shown(Case.of([3, -1], bcq(2), nm(1, 2))),
        SIGMA.shown(Case.of([0, 3, 2, 1], int_(4, scaling=Percentile(50)), nm(2, 4))),
        STEADY.shown(Case.of([7, 3.25, 0, 0] * 8, int_(4, rounding=stochastic(np.random.default_rng(0))), nm(2, 4))),
        WEIGHTED.shown(Case.of([7, 1.25, 0, 0], int_(4), threshold(1.25))),
        APART.shown(Case.of([7, 1.4375, 2, 0], int_(4), nm(2, 4, score=wanda(np.diag([1.0, 1.5, 1.0, 1.0]))))),
    ),
    domain=Domain(
        x=Arrays(4, kinds=(normal, one_signed, heavy)),
        q=OneOf(int_(8), hbfp(8), mxint(8), mxfp(E4M3), int_(8, rounding=toward_zero), int_(4)),
        s=OneOf(nm(2, 4, score=ALIKE), nm(1, 2, score=ALIKE), nm(3, 4), nm(2, 4, ties=high_index)),
    ),
    witness=NoneKnown("an identity has no slack to show tight"),
    source=NEW,
)
