"""What each order costs on average, exactly: how often it keeps the entry of a rank."""

from functools import cache
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp, mxint
from sqtheory.alphabet.rounding import floor, toward_zero
from sqtheory.alphabet.scores import wanda
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import Array, Mask
from sqtheory.exceptions import Undefined
from sqtheory.orders.errors import powers
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Assumption, Attained, Claim, Norms, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.expectations.exchangeable import (
    NOISE,
    differing_chance,
    kept_by_each_order,
    kept_chances,
    log_binomial,
)
from sqtheory.theory.quantities import CHOICES, FROZEN_Z, MAGNITUDE, ORDERED
from sqtheory.theory.theorem import Theorem


@cache
def groups_of(population: int, m: int) -> NDArray[np.intp]:
    """Every set of m of N places, in lexicographic order: C(N, m) × m."""
    return np.array(list(combinations(range(population), m)))


def mask_size(case: Case) -> tuple[int, int]:
    """n and m: how many entries of how large a group are kept. Raises Undefined beyond ``CHOICES`` groups of a row."""
    count = case.x.shape[1]
    m = min(case.s.groups.sides(case.x.shape)[-1], count)
    if comb(count, m) > CHOICES:
        raise Undefined(f"at most {CHOICES} groups of a row are tried, {count} entries have {comb(count, m)} of {m}")
    return case.s.budget(m), m


def _one_scale_per_row(case: Case) -> Mask:
    sigma = case.dense_scale
    return case.every(sigma == sigma[:, :1])


def frozen_zero(case: Case) -> Array:
    """q(0) at the scales of x, the shape of x."""
    return case.q.frozen(case.x).apply(np.zeros_like(case.x), case.x)


def _by_rank(case: Case, x: Array) -> tuple[NDArray[np.intp], Array]:
    """The places of every row from the largest score of x to the smallest, and the scores in that order."""
    score = case.s.score.of(x) if case.s.score else x
    order = np.argsort(-score, axis=1, kind="stable")
    return order, np.take_along_axis(score, order, axis=1)


def _after_mask(case: Case) -> Array:
    """Σ over kept |x − q|^p, over pruned |x − q(0)|^p, of every group: S→Q."""
    n, m = mask_size(case)
    order, _ = _by_rank(case, case.x)
    kept, pruned = (
        np.take_along_axis(powers(np.abs(case.x - y), case.p), order, axis=1)
        for y in (case.orders.image, frozen_zero(case))
    )
    places = groups_of(case.x.shape[1], m)  # in ascending order, so that the first n hold the largest scores
    return np.asarray((kept[:, places[:, :n]].sum(axis=2) + pruned[:, places[:, n:]].sum(axis=2)).mean(axis=1))


def _cut(case: Case, score: Array) -> tuple[Mask, Mask, Array, Array]:
    """Of every group: entries ranked above its n-th largest, those that tie with it, |ties|, and places left for them.

    ``score`` descends along every row.
    """
    n, m = mask_size(case)
    places = groups_of(case.x.shape[1], m)
    cut, rank = score[:, places[:, n - 1], None], score[:, places]
    above, tied = rank > cut, rank == cut
    return above, tied, tied.sum(axis=2), n - above.sum(axis=2)


def _before_mask(case: Case) -> Array:
    """Σ over kept |x − q|^p, over pruned |x|^p, the mean over all ways to break ties of q(x): Q→S."""
    _, m = mask_size(case)
    order, score = _by_rank(case, case.orders.image)
    above, tied, ties, left = _cut(case, score)
    places = groups_of(case.x.shape[1], m)
    kept, pruned = (
        np.take_along_axis(powers(np.abs(e), case.p), order, axis=1)[:, places]
        for e in (case.x - case.orders.image, case.x)
    )
    chance = above + tied * (left / ties)[:, :, None]
    return np.asarray((kept * chance + pruned * (1 - chance)).sum(axis=2).mean(axis=1))


def _differs(case: Case) -> Array:
    """1 − 1/C(C, r), the mean over groups."""
    _, _, ties, left = _cut(case, _by_rank(case, case.orders.image)[1])
    return np.asarray((-np.expm1(-log_binomial(ties, left))).mean(axis=1))


def _by_chance(case: Case, order: int) -> Array:
    """m/N Σ (chance |x − q|^p + (1 − chance) |x|^p), the chances of S→Q (0) or Q→S (1)."""
    n, m = mask_size(case)
    count = case.x.shape[1]
    chance = kept_by_each_order(case.x, case.orders.image, kept_chances(count, n, m))[order]
    kept, pruned = powers(np.abs(case.x - case.orders.image), case.p), powers(np.abs(case.x), case.p)
    return np.asarray(m / count * (chance * kept + (1 - chance) * pruned).sum(axis=1))


def _cells(case: Case) -> Array:
    n, m = mask_size(case)
    level = np.abs(case.orders.image)
    above = (level[:, None, :] > level[:, :, None]).sum(axis=2)
    inside = (level[:, None, :] == level[:, :, None]).sum(axis=2)
    chance = differing_chance(above, inside, case.x.shape[1], n, m)
    return np.asarray((chance / inside).sum(axis=1))


MEAN_SQ = Quantity(
    "E_sq",
    r"\mathbb{E}\lVert\varepsilon_{q\circ s}\rVert_p^p",
    "the mean over all groups of m entries of the row of the p-th power of the error of S→Q at the scale of the row",
    _after_mask,
)
MEAN_QS = Quantity(
    "E_qs",
    r"\mathbb{E}\lVert\varepsilon_{s\circ q}\rVert_p^p",
    "the same of Q→S, the mean also over all ways to break ties of |q(x)|",
    _before_mask,
)
RANKED = Quantity(
    "ranked",
    r"\frac mN\sum_i\bigl(\pi_i|\varepsilon_q(x)_i|^p+(1-\pi_i)|x_i|^p\bigr)",
    "m/N times the sum of π_i |x_i − q_i|^p + (1 − π_i)|x_i|^p, π_i the chance that the entry is among the n largest "
    "of a group that holds it",
    lambda case: _by_chance(case, 0),
)
AVERAGED = Quantity(
    "averaged",
    r"\frac mN\sum_i\bigl(\bar\pi_i|\varepsilon_q(x)_i|^p+(1-\bar\pi_i)|x_i|^p\bigr)",
    "the same with the mean of π over all entries of the row whose |q(x)| is that of entry i",
    lambda case: _by_chance(case, 1),
)
DIFFERS = Quantity(
    "differ",
    r"\mathbb{P}(m(q(x))\ne m(x))",
    "the share of groups and of ways to break ties for which Q→S keeps other entries than S→Q",
    _differs,
    noise=NOISE,
)
BOUNDARY = Quantity(
    "boundary",
    r"\sum_{\mathrm{cells}}\sum_{J<n<J+C}\mathbb{P}(J,C)\bigl(1-\tbinom{C}{n-J}^{-1}\bigr)",
    "the sum over cells of P(J entries of a group above the cell, C inside)(1 − 1/C(C, n − J)) over J < n < J + C, "
    "hypergeometric",
    _cells,
    noise=NOISE,
)
ONE_SCALE_PER_ROW = Assumption(
    "one_scale_per_row",
    "all entries of the row that groups are drawn from share one scale",
    _one_scale_per_row,
    lambda s, q, p, shape: Ruling(
        q.partition.count(shape) == 1, f"{q.partition} makes {q.partition.count(shape)} blocks of shape {shape}"
    ),
)

THEOREM = Theorem(
    slug="order_gap_law",
    title="Over all groups of a row S→Q keeps an entry as often as its rank says, Q→S as often as its cell on average",
    claims=(
        Claim(MEAN_SQ, "==", RANKED, Norms.FINITE),
        Claim(MEAN_QS, "==", AVERAGED, Norms.FINITE),
        Claim(DIFFERS, "==", BOUNDARY, Norms.FINITE),
    ),
    where=(MEAN_SQ, RANKED, MEAN_QS, AVERAGED, DIFFERS, BOUNDARY),
    given=(
        FROZEN_Z.shown(Case.of([3, -1], bcq(2), nm(1, 2))),
        ORDERED.shown(Case.of([7, 2.875, -2.8125, 0], int_(4, rounding=floor), nm(1, 2))),
        MAGNITUDE.shown(Case.of([7, 2.375, 2.625, 0], int_(4), nm(1, 2, score=wanda(np.diag([8, 1.375, 1.0, 1.0]))))),
        ONE_SCALE_PER_ROW.shown(Case.of([7, 0.5, 0.4375, 1], hbfp(4, block=2), nm(1, 2))),
    ),
    domain=Domain(
        x=Arrays(8),
        q=OneOf(int_(4), int_(3), int_(2), int_(4, rounding=toward_zero), hbfp(4), mxint(4), mxfp(E2M1), mxfp(E4M3)),
        s=OneOf(nm(1, 2), nm(2, 4), nm(1, 4), nm(3, 4), nm(4, 8)),
        p=OneOf(1.0, 1.5, 2.0),
    ),
    witness=Attained(Case.of([7, 1.75, 2, 0], int_(4), nm(1, 2))),
    source=NEW,
)
