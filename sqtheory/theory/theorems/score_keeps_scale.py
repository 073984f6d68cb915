"""Which scores let a mask move no scale: those that rank the maximum of a block above all that is smaller in it."""

from fractions import Fraction

import numpy as np

from sqtheory.alphabet.formats import E2M1, Format
from sqtheory.alphabet.partition import Blocks, Rows, Shape
from sqtheory.alphabet.quantizers import Quantizer, hbfp, int_, mxfp
from sqtheory.alphabet.scaling import Percentile
from sqtheory.alphabet.scores import Gain
from sqtheory.alphabet.sparsifiers import Sparsifier, blockwise, nm, top
from sqtheory.alphabet.traits import DETERMINISTIC, KEEPS_ZERO, MAX_DETERMINED
from sqtheory.arrays import Array, Mask
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Assumption, Claim, NoneKnown
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import having, of_pipeline
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.overlap import COVERED, MOVED


def _ranked(s: Sparsifier, q: Quantizer, p: float, shape: Shape) -> Ruling:
    ranks = s.fixed_budget and s.score is not None and not s.score.is_drawn
    return Ruling(ranks, f"{s} {'keeps' if ranks else 'does not keep'} the entries of largest score in every group")


def _first(case: Case) -> Mask:
    """No score of a block is as large as that of its maximum, but those of entries of that magnitude."""
    score, size = case.s.score, np.abs(case.x)
    if score is None or score.is_drawn:
        return np.zeros(len(case), bool)
    at_top = size == case.spread(case.q.partition.reduce(size, lambda rows: np.asarray(rows.max(axis=1))))
    scores = score.of(case.x).astype(np.float64)
    least = case.q.partition.reduce(np.where(at_top, scores, np.inf), lambda rows: np.asarray(rows.min(axis=1)))
    return case.every(at_top | (scores < case.spread(least)))


def on_level(fmt: Format, q: Quantizer) -> bool:
    """The maximum of a block, of either sign, is a level at its scale, which in real arithmetic is a share of it."""
    shares = [q.scaling.share(fmt, negative) for negative in (False, True)]
    levels = {Fraction(v) for v in fmt.values.tolist()}
    known = all(shares) and q.scaling.exact_codes and not q.scaling.shifts
    return known and all(sign / share in levels for share in shares if share for sign in (1, -1))


def _gain_grows(q: Quantizer, p: float) -> Ruling:
    """In real arithmetic; gains that differ in their last bits may tie in float64."""
    if DETERMINISTIC in q.traits and on_level(q.format, q):
        return Ruling(True, "a block's maximum lies on a level and gains all of itself, other entries less")
    if not (q.nearest and q.format.odd and q.saturate and KEEPS_ZERO in q.traits):
        return Ruling(False, f"gains need not grow with the magnitude under {q}")
    least = Fraction(float(np.min(q.format.values[q.format.values > 0])))
    most = q.scaling.supremum(q.format) if q.scaling.follows_maximum else None
    if most is None or not 1 / most > least / 2:
        return Ruling(False, f"the maximum of a block may come back as 0 under {q}")
    why = "grows with the magnitude wherever an image is not 0, as that of a block's maximum is not"
    return Ruling(p > 1, f"the gain {why}" if p > 1 else "gains tie between a level and a midpoint for p ≤ 1")


def _ruling_of_first(s: Sparsifier, q: Quantizer, p: float, shape: Shape) -> Ruling:
    score = s.score
    if score is None:
        return Ruling(False, f"{s} has no score")
    if score.is_magnitude:
        return Ruling(True, "magnitudes are ranked")
    weights = score.linear(shape)
    if weights is not None and _level_in_blocks(weights, q):
        return Ruling(True, "entries of one block are ranked by one positive multiple of their magnitude")
    if score.saves is not None and score.saves[0] == q:
        return _gain_grows(q, score.saves[1])
    return Ruling(False, f"the score {score.title} need not rank the maximum of a block first")


def _level_in_blocks(weights: Array, q: Quantizer) -> bool:
    blocks = q.partition.split(weights)
    return all(bool(((rows.max(axis=1) == rows.min(axis=1)) & (rows.min(axis=1) > 0)).all()) for rows in blocks)


RANKED = of_pipeline(
    "ranked",
    "s keeps of every group the entries of largest score, ties by any rule, a score that is not drawn",
    _ranked,
)
FIRST = Assumption(
    "maxima_first",
    "in every scale block an entry smaller in magnitude than the maximum scores less than the maximum",
    _first,
    _ruling_of_first,
)

THEOREM = Theorem(
    slug="score_keeps_scale",
    title="A mask by any score that ranks the maximum of a block first in it moves no scale where a magnitude mask "
    "moves none: gains do so",
    claims=(Claim(MOVED, "==", 0),),
    where=(MOVED,),
    given=(
        COVERED.shown(Case.of([0, 0, 0, 0, 4, 4, 2, 0, 1, 0, 0, 0], int_(4, block=6), nm(2, 4))),
        RANKED.shown(Case.of([7, 0, 4, 4], int_(4), blockwise(0.5, per=Blocks(2), norm=1))),
        FIRST.shown(Case.of([4, 4.5], hbfp(4), nm(1, 2, score=Gain(hbfp(4), 1)))),
        having("max_determined", MAX_DETERMINED).shown(
            Case.of([0, 1, 1, 1], int_(4, scaling=Percentile(50)), nm(2, 4))
        ),
    ),
    domain=Domain(
        x=Arrays(12, subnormal=False),
        q=OneOf(int_(4, block=4), int_(3, block=2), hbfp(4, block=6), mxfp(E2M1, block=4), mxfp(E2M1, block=12)),
        s=OneOf(nm(2, 4), nm(3, 4), nm(1, 2), nm(5, 6), top(0.9, per=Rows())),
        p=OneOf(2.0, 3.0),
        score=Gain,
    ),
    witness=NoneKnown("an identity has no slack to show tight"),
    source=NEW,
    formal=("score_keeps_scale", "scores_keep_maxima"),
)
