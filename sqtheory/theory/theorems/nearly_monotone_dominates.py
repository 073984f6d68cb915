"""Pruning first is never worse where images keep the order of magnitudes in a group, whatever its scales.

So under one map for all entries, as where a block is one entry and its scale a power of two: plain floating point. And
where x and −x have images of two sizes, both as near. What a pair of one group needs is less still: what keeping saves,
|x_i|^p − |x_i − q(x)_i|^p, is no less than that of j wherever |x_i| ≥ |x_j| and |q(x)_i| ≤ |q(x)_j|. Without that a
mask 1:2 whose ties go against it prunes first and loses.
"""

from math import inf

import numpy as np

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp, mxint
from sqtheory.alphabet.rounding import half_up, stochastic
from sqtheory.alphabet.scaling import FullRange, Midpoint, Percentile, Reciprocal
from sqtheory.alphabet.scores import wanda
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.alphabet.ties import Adversarial, by_original, high_index
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Attained, Claim
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import ERROR_QS, ERROR_SQ, MAGNITUDE, NEARLY_ORDERED, NORM, SIGMA, STEADY, Z
from sqtheory.theory.theorem import Theorem

MIDDLE = Midpoint()
DRAWN = int_(4, rounding=stochastic(np.random.default_rng(0)))

THEOREM = Theorem(
    slug="nearly_monotone_dominates",
    title="Pruning first is never worse where images keep the order of magnitudes in a group, over several scales too, "
    "those of x and −x of two sizes, the smaller no further off",
    claims=(Claim(ERROR_SQ, "<=", ERROR_QS),),
    where=(ERROR_SQ, ERROR_QS),
    given=(
        Z.shown(Case.of([3, -1], bcq(2), nm(1, 2))),
        SIGMA.shown(Case.of([0, 1, 1, 1], int_(4, scaling=Percentile(50)), nm(2, 4))),
        NEARLY_ORDERED.shown(Case.of([8, 7.875, -7.75, 0], int_(4, scaling=FullRange()), nm(2, 4))),
        MAGNITUDE.shown(
            Case.of([7, 2.375, 2.625, 0], int_(4), nm(2, 4, score=wanda(np.diag([8, 1.375, 1.0, 1.0])))),
        ),
        STEADY.shown(Case.of([7, 3.25, 0, 0] * 8, DRAWN, nm(2, 4))),
        NORM.shown(Case.of([2, 2.375, 0, 7], int_(4), nm(2, 4), 0.5)),
    ),
    domain=Domain(
        x=Arrays(8),
        q=OneOf(
            *(int_(4, scaling=MIDDLE), int_(3, block=4, scaling=MIDDLE), int_(2, scaling=MIDDLE)),
            *(int_(4, scaling=Reciprocal(MIDDLE)), int_(4, rounding=half_up), mxint(4, rounding=half_up)),
            *(mxfp(E2M1, block=4, rounding=half_up), int_(4)),
            *(mxfp(E2M1, block=1), hbfp(4, block=1), hbfp(2, block=1), mxint(3, block=1), int_(4, block=1)),
        ),
        s=OneOf(
            *(nm(2, 4), nm(1, 4), nm(3, 4), nm(2, 4, ties=high_index), nm(2, 4, ties=by_original)),
            *(nm(2, 4, ties=Adversarial(1)), nm(1, 2, ties=Adversarial(inf))),
        ),
        p=OneOf(1.0, 1.5, 2.0, 3.0, inf),
    ),
    witness=Attained(Case.of([7.5, -7.5, 1, 1], int_(4, scaling=MIDDLE), nm(1, 4))),
    source=NEW,
    formal=("nearly_monotone_dominates", "nearly_monotone_dominates_largest", "one_map_ordered"),
)
