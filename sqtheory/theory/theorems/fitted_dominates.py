"""Scales fitted in the norm of the error may move: pruning first is still never the worse order."""

from math import inf

from sqtheory.alphabet.formats import E2M1, INT4
from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp, nvfp4, scaled
from sqtheory.alphabet.scaling import BlockError, FourOverSix, FullRange, LeastNorm, MixedFormat, mse
from sqtheory.alphabet.sparsifiers import nm, threshold, top
from sqtheory.alphabet.ties import Adversarial, high_index
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Attained, Claim
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import ERROR_QS, ERROR_SQ, MAGNITUDE, NORM, ONE_SCALE, ORDERED, Z
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.fitted_bound import FITTED, MAXIMA_KEPT

THEOREM = Theorem(
    slug="fitted_dominates",
    title="Scales of least error in the norm of the error: pruning first is never the worse order, though scales move",
    claims=(Claim(ERROR_SQ, "<=", ERROR_QS),),
    where=(ERROR_SQ, ERROR_QS),
    given=(
        Z.shown(Case.of([3, -1], bcq(2, scaling=mse(4)), nm(1, 2), 2)),
        FITTED.shown(Case.of([0, 1, 0.375, 0.5], int_(3, scaling=mse()), nm(2, 4))),
        MAXIMA_KEPT.shown(Case.of([3.75, 0, 4, 7, 0, 0], mxfp(E2M1, block=3), nm(1, 2))),
        ORDERED.shown(Case.of([8, -7.75], int_(4, scaling=FullRange()), nm(1, 2))),
        MAGNITUDE.shown(Case.of([7, 1.75], int_(4, scaling=mse(1)), threshold(1.875), 2)),
        ONE_SCALE.shown(Case.of([7, 0.5, 0.4375, 1], int_(4, scaling=mse(3), block=2), top(3, per=Rows()), 2)),
        NORM.shown(Case.of([2, 2.375, 0, 7], int_(4, scaling=LeastNorm(0.5, 1)), nm(2, 4), 0.5)),
    ),
    domain=Domain(
        x=Arrays(8),
        q=OneOf(
            *(int_(4, scaling=LeastNorm(p, 8)) for p in (1, 2, inf)),
            *(scaled(E2M1, scaling=LeastNorm(p, 9), block=4) for p in (1, 2, inf)),
            *(int_(2, scaling=mse(9)), int_(3, block=4, scaling=LeastNorm(inf, 1))),
            *(nvfp4(block=4, scaling=FourOverSix(error)) for error in BlockError),
            *(nvfp4(block=4, scaling=MixedFormat(INT4, error)) for error in BlockError),
            *(int_(4), hbfp(4, block=4), mxfp(E2M1), nvfp4(block=8), bcq(2, zero=True)),
        ),
        s=OneOf(
            *(nm(2, 4), nm(1, 4), nm(3, 4), nm(2, 4, ties=high_index)),
            *(nm(2, 4, ties=Adversarial(2)), nm(1, 2, ties=Adversarial(inf))),
        ),
        p=OneOf(1.0, 2.0, inf),
    ),
    witness=Attained(Case.of([7, 2.5, 1, 1], int_(4, scaling=mse(2)), nm(2, 4), 2)),
    source=NEW,
    formal=("fitted_dominates", "overlap_keeps_fitted"),
)
