"""A mask by gain errs least of all masks, so that pruning by it first is never the worse order."""

from dataclasses import replace
from math import inf

import numpy as np

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.partition import Rows, Shape
from sqtheory.alphabet.quantizers import Quantizer, bcq, hbfp, int_, mxfp
from sqtheory.alphabet.rounding import floor, stochastic
from sqtheory.alphabet.scores import Gain
from sqtheory.alphabet.sparsifiers import Sparsifier, nm, top
from sqtheory.alphabet.ties import high_index
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Attained, Claim
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import ERROR_QS, ERROR_SQ, SIGMA, STEADY, Z, of_pipeline
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems import score_keeps_scale


def _by_gain(s: Sparsifier, q: Quantizer, p: float, shape: Shape) -> Ruling:
    ranks = s.fixed_budget and s.score is not None and s.score.saves == (q, p)
    return Ruling(ranks, f"{s} {'ranks' if ranks else 'does not rank'} by what keeping an entry saves under {q}")


def _scale_kept(s: Sparsifier, q: Quantizer, p: float, shape: Shape) -> Ruling:
    """By what is known of magnitude masks, or by theorem ``score_keeps_scale``."""
    known = SIGMA.ruling(s, q, p, shape)
    rulings = [a.ruling(s, q, p, shape) for a in score_keeps_scale.THEOREM.given]
    if known.closed or not all(ruling.closed for ruling in rulings):
        return known
    return Ruling(True, "the score ranks the maximum of every block first in it (theorem score_keeps_scale)")


BY_GAIN = of_pipeline(
    "by_gain",
    "s keeps of every group the entries of largest gain |x_i|^p − |x_i − q(x)_i|^p, ties by any rule",
    _by_gain,
)
SIGMA_BY_SCORE = replace(SIGMA, ruling=_scale_kept)
"""Σ, also where a score other than the magnitude keeps the scales."""
BY_ROW = hbfp(4, block=2)
DRAWN = int_(4, rounding=stochastic(np.random.default_rng(0)))

THEOREM = Theorem(
    slug="gain_dominates",
    title="A mask by gain is never worse first, for every p, over several scales too",
    claims=(Claim(ERROR_SQ, "<=", ERROR_QS),),
    where=(ERROR_SQ, ERROR_QS),
    given=(
        Z.shown(Case.of([3, -1], bcq(2), nm(1, 2, score=Gain(bcq(2), 1)))),
        SIGMA_BY_SCORE.shown(Case.of([4, 4.5], hbfp(4), nm(1, 2, score=Gain(hbfp(4), 1)))),
        BY_GAIN.shown(Case.of([7, 0.5, 0.4375, 1], BY_ROW, top(3, per=Rows()))),
        STEADY.shown(Case.of([7, 3.25, 0, 0] * 8, DRAWN, nm(2, 4, score=Gain(DRAWN, 1)))),
    ),
    domain=Domain(
        x=Arrays(12, subnormal=False),
        q=OneOf(
            *(int_(4, block=6), int_(3, block=2), int_(4, block=4, rounding=floor)),
            *(hbfp(4, block=4), mxfp(E2M1, block=2), bcq(3, zero=True, block=4)),
        ),
        s=OneOf(nm(2, 4), nm(1, 4), nm(3, 6), nm(1, 2, ties=high_index), top(0.5, per=Rows())),
        p=OneOf(1.0, 1.5, 2.0, 3.0, inf),
        score=Gain,
    ),
    witness=Attained(Case.of([7, 2.5, 1, 1], int_(4), nm(2, 4, score=Gain(int_(4), 1)))),
    source=NEW,
    formal=("gain_prune_first", "gain_prune_first_largest"),
)
