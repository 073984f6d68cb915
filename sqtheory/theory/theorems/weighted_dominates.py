"""When pruning first is never worse for weighted magnitudes (Wanda), in the norm of their weights."""

from math import inf

import numpy as np

from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.quantizers import Quantizer, bcq, hbfp, int_, mxfp, mxint
from sqtheory.alphabet.rounding import floor
from sqtheory.alphabet.scaling import Percentile, Reach
from sqtheory.alphabet.scores import wanda
from sqtheory.alphabet.sparsifiers import Sparsifier, nm, threshold
from sqtheory.alphabet.ties import Adversarial, high_index
from sqtheory.arrays import Array, Mask
from sqtheory.exceptions import Undefined
from sqtheory.orders.pair import Pair
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Assumption, Attained, Claim, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import NORM, ORDERED, SIGMA, Z, of_pipeline
from sqtheory.theory.theorem import Theorem

LEVEL = wanda(np.diag([3.0] * 4 + [0.5] * 4))
"""Inputs of one norm in every group of four."""


def weights(case: Case) -> Array:
    """n ≥ 0 with scores n_i |x_i|, the shape of x. Raises Undefined for a score that is no such product."""
    found = None if case.s.score is None else case.s.score.linear(case.x.shape)
    if found is None:
        raise Undefined(f"{case.s} does not rank by weighted magnitudes")
    return found


ERROR_SQ_WEIGHTED = Quantity(
    "W_sq",
    r"\lVert n\odot\varepsilon_{q\circ s}\rVert_p",
    "the p-norm of n ⊙ (x − q(s(x))), n_i |x_i| the scores of s",
    lambda case: case.norms(weights(case) * (case.x - case.orders.after_mask)),
)
ERROR_QS_WEIGHTED = Quantity(
    "W_qs",
    r"\lVert n\odot\varepsilon_{s\circ q}\rVert_p",
    "the p-norm of n ⊙ (x − s(q(x))), n_i |x_i| the scores of s",
    lambda case: case.norms(weights(case) * (case.x - case.orders.masked_image)),
)


def _weighted(s: Sparsifier, q: Quantizer, p: float, shape: Shape) -> Ruling:
    ranks = s.fixed_budget and s.score is not None and s.score.linear(shape) is not None
    return Ruling(ranks, f"{s} {'keeps' if ranks else 'does not keep'} the largest n_i |x_i| of every group")


def _level(case: Case) -> Mask:
    if case.s.score is None or case.s.score.linear(case.x.shape) is None:
        return np.zeros(len(case), bool)
    return _one_in_groups(case, weights(case) * case.dense_scale)


def _one_in_groups(case: Case, values: Array) -> Mask:
    single = case.groups.reduce(values, lambda rows: np.asarray(rows.max(axis=1) == rows.min(axis=1)))
    return np.asarray(single.reshape(len(case), -1).all(axis=1))


def _ruling_of_level(s: Sparsifier, q: Quantizer, p: float, shape: Shape) -> Ruling:
    n = None if s.score is None else s.score.linear(shape)
    if n is None:
        return Ruling(False, f"{s} does not rank by weighted magnitudes")
    if q.scaling.looks_at is Reach.nothing:
        spread = q.partition.spread(q.scales(np.zeros(shape)), shape)
        if _level_in(s, n * spread):
            return Ruling(True, "the weights times the scales are one number in every group")
    if not _level_in(s, n):
        return Ruling(False, "entries of one group have different weights, and scales do not make up for it")
    single = Pair(s, q).on(shape).one_scale
    return Ruling(single.closed, f"entries of one group have one weight, and {single.why}")


def _level_in(s: Sparsifier, values: Array) -> bool:
    return all(bool((rows.max(axis=1) == rows.min(axis=1)).all()) for rows in s.groups.split(values))


WEIGHTED = of_pipeline(
    "weighted", "W: s keeps, of every group, the entries of largest n_i |x_i| for weights n ≥ 0", _weighted
)
ONE_STEP = Assumption(
    "one_weighted_scale_per_group",
    "n_i σ_i is one number for all entries of a mask group: a step of the grid weighs the same for all of them",
    _level,
    _ruling_of_level,
)

THEOREM = Theorem(
    slug="weighted_dominates",
    title="Ranked by weighted magnitudes, steps of one weight in a group: S→Q never loses more in the weighted norm",
    claims=(Claim(ERROR_SQ_WEIGHTED, "<=", ERROR_QS_WEIGHTED),),
    where=(ERROR_SQ_WEIGHTED, ERROR_QS_WEIGHTED),
    given=(
        Z.shown(Case.of([3, -1], bcq(2), nm(1, 2))),
        SIGMA.shown(Case.of([0, 1, 1, 1], int_(4, scaling=Percentile(50)), nm(2, 4))),
        ORDERED.shown(Case.of([7, 2.875, -2.8125, 0], int_(4, rounding=floor), nm(2, 4))),
        WEIGHTED.shown(Case.of([7, 0.875, 0, 0], int_(4), threshold(1))),
        ONE_STEP.shown(
            Case.of([7, 1.4375, 1, 0], int_(4), nm(2, 4, score=wanda(np.diag([1.0, 1.0, 1.375, 1.0])))),
        ),
        NORM.shown(Case.of([2, 2.375, 0, 7], int_(4), nm(2, 4), 0.5)),
    ),
    domain=Domain(
        x=Arrays(8),
        q=OneOf(
            *(int_(4), int_(3, block=4), hbfp(4), hbfp(3, block=4), mxint(4), mxfp(E2M1), mxfp(E4M3, block=4)),
        ),
        s=OneOf(
            *(nm(2, 4, score=LEVEL), nm(1, 4, score=LEVEL), nm(3, 4, score=LEVEL, ties=high_index), nm(2, 4)),
            nm(1, 2, score=LEVEL, ties=Adversarial(1)),
        ),
        p=OneOf(1.0, 1.5, 2.0, 3.0, inf),
    ),
    witness=Attained(Case.of([7, 2.5, 1, 1], int_(4), nm(2, 4, score=wanda(np.diag([2.0] * 4))))),
    source=NEW,
)
