"""Unbiased stochastic rounding can reverse the order of a pair: exactly when, and by how much."""

import numpy as np

from sqtheory.alphabet.cells import cells
from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp, mxint
from sqtheory.alphabet.scaling import Frozen, Percentile
from sqtheory.alphabet.scores import given
from sqtheory.alphabet.sparsifiers import Sparsifier, nm
from sqtheory.alphabet.ties import by_original
from sqtheory.arrays import Array, FixedArray
from sqtheory.exceptions import Undefined
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Attained, Claim, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.expectations.coins import expected_prune_first, expected_quantize_first
from sqtheory.theory.quantities import MAGNITUDE, ONE_SCALE, SIGMA, of_pipeline
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.ties_by_original import BY_ORIGINAL


def _sq(p: int) -> Quantity:
    return Quantity(
        f"E{p}_sq",
        rf"\mathbb{{E}}\lVert\varepsilon_{{Q\circ s}}\rVert_{p}^{p}",
        f"the expectation of Σ|x − Q(s(x))|^{p} over the coins of unbiased rounding",
        lambda case: expected_prune_first(case.x, case.s, case.q, p).sum(axis=1),
    )


def _qs(p: int) -> Quantity:
    return Quantity(
        f"E{p}_qs",
        rf"\mathbb{{E}}\lVert\varepsilon_{{s\circ Q}}\rVert_{p}^{p}",
        f"the expectation of Σ|x − s(Q(x))|^{p}, the mask chosen after the coins",
        lambda case: expected_quantize_first(case.x, case.s, case.q, p).sum(axis=1),
    )


def _in_pairs(s: Sparsifier, shape: Shape) -> bool:
    return (
        s.fixed_budget and s.budget(2) == 1 and {size for size, *_ in s.groups.overlaps(s.groups, shape).pairs} == {2}
    )


def _turned(case: Case) -> tuple[Array, Array, Array, Array]:
    """(1 − α)β of every pair, 0 where it is not in one cell, and v, Δ, a − b and b − v: each rows × pairs."""
    if not _in_pairs(case.s, case.x[:1].shape):
        raise Undefined(f"{case.s} does not keep one of every two entries")
    sizes = np.abs(case.x), *map(np.abs, cells(case.q, case.x))
    x, one, other = (np.concatenate(case.s.groups.split(a)).reshape(len(case), -1, 2) for a in sizes)
    low, high = np.minimum(one, other), np.maximum(one, other)
    a, b, v, w = x.max(axis=2), x.min(axis=2), low[..., 0], high[..., 0]
    step = w - v
    same = (low[..., 0] == low[..., 1]) & (high[..., 0] == high[..., 1]) & (step > 0) & (a <= w)
    safe = np.where(same, step, 1.0)
    rest = np.where(same, (w - a) / safe * ((b - v) / safe), 0.0)
    return rest, v * (a - b), step, b - v


UNDERFLOWN = 2.0**-1000
"""Where scales are subnormal numbers, places in a cell are not exact."""


def _won(p: int) -> Quantity:
    power = "" if p == 1 else "^2"
    return Quantity(
        f"won_{p}",
        rf"\sum 2(1-\alpha)\beta\cdot\beta\,\Delta{power}",
        f"the sum of 2(1 − α)β·β Δ{'' if p == 1 else '²'} over all pairs in one cell: |x| = v + αΔ ≥ v + βΔ",
        lambda case: _won_of(*_turned(case), p),
        noise=UNDERFLOWN,
    )


def _won_of(rest: Array, apart: Array, step: Array, above: Array, p: int) -> Array:
    return np.asarray((2 * rest * above * (1 if p == 1 else step)).sum(axis=1))


def _lost(p: int) -> Quantity:
    power, more = ("", "") if p == 1 else ("^2", r"+\tfrac v\Delta(\alpha-\beta)")
    said = "½ Δ" if p == 1 else "(½ + (α − β)v/Δ) Δ²"
    return Quantity(
        f"lost_{p}",
        rf"\sum 2(1-\alpha)\beta\bigl(\tfrac12{more}\bigr)\Delta{power}",
        f"the sum of 2(1 − α)β·{said} over the same pairs",
        lambda case: _lost_of(*_turned(case), p),
        noise=UNDERFLOWN,
    )


def _lost_of(rest: Array, apart: Array, step: Array, above: Array, p: int) -> Array:
    return np.asarray((rest * step).sum(axis=1) if p == 1 else (rest * (step**2 + 2 * apart)).sum(axis=1))


SQ_1, SQ_2, QS_1, QS_2 = _sq(1), _sq(2), _qs(1), _qs(2)
WON_1, WON_2, LOST_1, LOST_2 = _won(1), _won(2), _lost(1), _lost(2)
PAIRS = of_pipeline(
    "pairs",
    "s keeps one of every two entries",
    lambda s, q, p, shape: Ruling(
        _in_pairs(s, shape), f"{s} {'keeps' if _in_pairs(s, shape) else 'does not keep'} one of every two entries"
    ),
    defining=True,
)
MIRRORED = of_pipeline(
    "mirrored",
    "levels are symmetric about 0, and 0 is one of them",
    lambda s, q, p, shape: Ruling(
        q.format.odd and q.format.has_zero,
        f"the levels of {q.format} {'are' if q.format.odd and q.format.has_zero else 'are not'} symmetric with 0",
    ),
)
UNIT = Frozen(FixedArray(1.0))
TWO_STEPS = int_(4, block=1, scaling=Frozen(FixedArray(np.array([[1.0, 0.75]]))))

THEOREM = Theorem(
    slug="stochastic_order",
    title="Under unbiased rounding Q→S of a pair in one cell has the smaller mean square iff β > ½ + (α − β)v/Δ, the "
    "smaller mean error iff β > ½",
    claims=(Claim(SQ_1 - QS_1, "==", WON_1 - LOST_1), Claim(SQ_2 - QS_2, "==", WON_2 - LOST_2)),
    where=(SQ_1, QS_1, WON_1, LOST_1, SQ_2, QS_2, WON_2, LOST_2),
    given=(
        PAIRS.shown(Case.of([7, 1.75, 2, 0], int_(4), nm(2, 4, ties=by_original))),
        SIGMA.shown(Case.of([0, 1, 1, 1], int_(4, scaling=Percentile(50)), nm(1, 2, ties=by_original))),
        MAGNITUDE.shown(Case.of([0.75, 0.875], int_(4, scaling=UNIT), nm(1, 2, score=given([2, 1]), ties=by_original))),
        BY_ORIGINAL.shown(Case.of([1.5, 1.75, 7, 0], int_(4), nm(1, 2))),
        ONE_SCALE.shown(Case.of([1.5, 1.25], TWO_STEPS, nm(1, 2, ties=by_original))),
        MIRRORED.shown(Case.of([3, -1], bcq(2), nm(1, 2, ties=by_original))),
    ),
    domain=Domain(
        x=Arrays(8),
        q=OneOf(
            *(hbfp(4), hbfp(3, block=4), mxint(4), mxfp(E2M1), mxfp(E4M3, block=4), int_(4, scaling=UNIT), int_(2)),
        ),
        s=OneOf(nm(1, 2, ties=by_original)),
    ),
    witness=Attained(Case.of([0.875, 0.875], int_(4, scaling=UNIT), nm(1, 2, ties=by_original))),
    source=NEW,
)
