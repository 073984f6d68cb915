"""Differences in time: quantizing first telescopes, quantizing the differences drifts."""

import numpy as np

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.quantizers import Quantizer, int_, scaled
from sqtheory.alphabet.rounding import half_away, toward_zero
from sqtheory.alphabet.scaling import Frozen
from sqtheory.arrays import Array, FixedArray, Mask
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Assumption, Attained, Claim, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import NEAREST, UNIFORM, decided_by_tensor
from sqtheory.theory.samples import heavy, normal, one_signed, ties
from sqtheory.theory.theorem import Theorem


def differences(values: Array) -> Array:
    """x_1, x_2 − x_1, …, x_T − x_{T−1} of every row."""
    return np.diff(values, axis=1, prepend=0.0)


def _in_range(case: Case) -> Mask:
    low, high = np.sort([end * case.dense_scale for end in (case.q.format.min, case.q.format.max)], axis=0)
    return case.every(np.logical_and.reduce([(low <= v) & (v <= high) for v in (case.x, differences(case.x))]))


def _one_grid(case: Case) -> Mask:
    both = case.dense_scale, case.spread(case.q.scales(differences(case.x)))
    return case.every(np.logical_and.reduce([sigma == both[0][:, :1] for sigma in both]))


def _fixed(q: Quantizer) -> Ruling:
    one = q.scaling.constant is not None
    return Ruling(one, f"the scale is {q.scaling}{'' if one else ', chosen for every block'}")


STEP = FixedArray(1.0)
FAR = Assumption(
    "in_range",
    "every x_t and every difference lies within the grid",
    _in_range,
    decided_by_tensor,
)
ONE_GRID = Assumption(
    "one_grid",
    "values and differences all have one scale σ",
    _one_grid,
    lambda s, q, p, shape: _fixed(q),
)
TELESCOPED = Quantity(
    "telescoped",
    r"\bigl|x_T-\sum_t\bigl(q(x_t)-q(x_{t-1})\bigr)\bigr|",
    "the error at the last time of the sum of differences of quantized values",
    lambda case: np.abs(case.x[:, -1] - differences(case.orders.image).sum(axis=1)),
)
DRIFTED = Quantity(
    "drifted",
    r"\bigl|x_T-\sum_tq(x_t-x_{t-1})\bigr|",
    "the error at the last time of the sum of quantized differences",
    lambda case: np.abs(case.x[:, -1] - case.q(differences(case.x)).sum(axis=1)),
)
HALF = Quantity(
    "half",
    r"\Delta/2",
    "half of Δ, σ times the least step of the grid",
    lambda case: np.abs(case.dense_scale[:, 0]) * float(np.diff(case.q.format.values).min()) / 2,
)
TIMES = Quantity("T", "T", "the number of times", lambda case: np.full(len(case), float(case.x.shape[1])))

THEOREM = Theorem(
    slug="delta_coding",
    title="On one grid quantized values, differenced, err by at most Δ/2 after T times, quantized differences by T·Δ/2",
    claims=(Claim(DRIFTED, "<=", TIMES * HALF), Claim(TELESCOPED, "<=", HALF)),
    where=(TELESCOPED, DRIFTED, HALF, TIMES),
    given=(
        UNIFORM.shown(Case.of([5, 5], scaled(E2M1, scaling=Frozen(STEP)))),
        ONE_GRID.shown(Case.of([1, 2, 100, 101], int_(4, block=2))),
        NEAREST.shown(Case.of([2.75, 5.5, 8.25, 11], int_(8, scaling=Frozen(STEP), rounding=toward_zero))),
        FAR.shown(Case.of([130, 130], int_(8, scaling=Frozen(STEP)))),
    ),
    domain=Domain(
        x=Arrays(8, kinds=(normal, ties, one_signed, heavy)),
        q=OneOf(
            *(int_(12, scaling=Frozen(FixedArray(v)), rounding=half_away) for v in (0.25, 1.0)),
            int_(12, scaling=Frozen(STEP)),
        ),
    ),
    witness=Attained(Case.of([2.5, 5, 7.5, 10], int_(8, scaling=Frozen(STEP)))),
    source=NEW,
)
