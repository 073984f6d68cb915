"""Where the cut of every group falls between two images, the order does not matter."""

import numpy as np

from sqtheory.alphabet.formats import E4M3
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp, mxint, nvfp4
from sqtheory.alphabet.rounding import stochastic
from sqtheory.alphabet.scaling import Percentile
from sqtheory.alphabet.scores import wanda
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import Mask
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Assumption, Claim, NoneKnown
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import MAGNITUDE, SIGMA, STEADY, Z, decided_by_tensor
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.ties_by_original import DEFECT


def _clear(case: Case) -> Mask:
    size = np.abs(case.orders.image)
    least = case.groups.reduce(np.where(case.orders.mask, size, np.inf), lambda rows: rows.min(axis=1))
    most = case.groups.reduce(np.where(case.orders.mask, -np.inf, size), lambda rows: rows.max(axis=1))
    return np.asarray((least > most).reshape(len(case), -1).all(axis=1))


MARGIN = Assumption(
    "margin",
    "in every group the least |q(x)_i| of a kept entry exceeds the largest of a pruned one: no cell holds both",
    _clear,
    decided_by_tensor,
)

THEOREM = Theorem(
    slug="margin",
    title="Where kept and pruned entries round to different magnitudes, both orders are one, whatever the tie rule",
    claims=(Claim(DEFECT, "==", 0),),
    where=(DEFECT,),
    given=(
        Z.shown(Case.of([3, -1], bcq(2), nm(1, 2))),
        SIGMA.shown(Case.of([0, 3, 2, 1], int_(4, scaling=Percentile(50)), nm(2, 4))),
        MAGNITUDE.shown(Case.of([7, 2.375, 0.625, 0], int_(4), nm(2, 4, score=wanda(np.diag([8.0, 1.0, 3.0, 1.0]))))),
        STEADY.shown(Case.of([7, 3.25, 0, 0] * 8, int_(4, rounding=stochastic(np.random.default_rng(0))), nm(2, 4))),
        MARGIN.shown(Case.of([7, 1.75, 2.25, 0], int_(4), nm(2, 4))),
    ),
    domain=Domain(
        x=Arrays(4),
        q=OneOf(int_(4), int_(8), hbfp(6), mxint(8), mxfp(E4M3), nvfp4(block=4), bcq(2, zero=True)),
        s=OneOf(nm(2, 4), nm(1, 4), nm(3, 4), nm(1, 2)),
    ),
    witness=NoneKnown("an identity has no slack to show tight"),
    source=NEW,
)
