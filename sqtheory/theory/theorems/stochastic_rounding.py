"""Unbiased stochastic rounding: the identity of S→Q holds for expectations."""

import numpy as np

from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp, mxint
from sqtheory.alphabet.scaling import Frozen
from sqtheory.alphabet.scores import given
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import FixedArray
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Attained, Claim, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.expectations.coins import expected_rounding
from sqtheory.theory.quantities import SIGMA, Z
from sqtheory.theory.theorem import Theorem


def _after_mask(p: int) -> Quantity:
    return Quantity(
        f"E{p}_sq",
        rf"\mathbb{{E}}\lVert\varepsilon_{{Q\circ s}}\rVert_{p}^{p}",
        f"the expectation of Σ|x − Q(s(x))|^{p} over the rounding",
        lambda case: expected_rounding(case.x, case.orders.sparse, case.q, p).sum(axis=1),
    )


def _kept(p: int) -> Quantity:
    return Quantity(
        f"E{p}_q_kept",
        rf"\sum_K\mathbb{{E}}|\varepsilon_Q(x)_i|^{p}",
        f"the expectation of Σ|x − Q(x)|^{p} over the entries that s keeps",
        lambda case: np.where(case.orders.mask, expected_rounding(case.x, case.x, case.q, p), 0.0).sum(axis=1),
    )


def _pruned(p: int) -> Quantity:
    return Quantity(
        f"E{p}_s",
        rf"\sum_P|x_i|^{p}",
        f"Σ|x|^{p} over the pruned entries",
        lambda case: np.where(case.orders.mask, 0.0, np.abs(case.x) ** p).sum(axis=1),
    )


SQ_1, SQ_2 = _after_mask(1), _after_mask(2)
KEPT_1, KEPT_2 = _kept(1), _kept(2)
PRUNED_1, PRUNED_2 = _pruned(1), _pruned(2)


THEOREM = Theorem(
    slug="stochastic_rounding",
    title="Under stochastic rounding the identity of S→Q holds in expectation, in L1 and in squared L2",
    claims=(Claim(SQ_1, "==", PRUNED_1 + KEPT_1), Claim(SQ_2, "==", PRUNED_2 + KEPT_2)),
    where=(SQ_1, PRUNED_1, KEPT_1, SQ_2, PRUNED_2, KEPT_2),
    given=(
        Z.shown(Case.of([3, -1], bcq(2), nm(1, 2))),
        SIGMA.shown(Case.of([7, 3, 1, 0], int_(4), nm(2, 4, score=given([0, 3, 2, 1])))),
    ),
    domain=Domain(
        x=Arrays(8),
        q=OneOf(
            hbfp(4),
            hbfp(3, block=4),
            mxint(4),
            mxfp(E2M1),
            mxfp(E4M3, block=4),
            int_(4, scaling=Frozen(FixedArray(0.25))),
        ),
        s=OneOf(nm(2, 4), nm(1, 4), nm(4, 8)),
    ),
    witness=Attained(Case.of([7, 2.5, 1, 1], int_(4), nm(2, 4))),
    source=NEW,
)
