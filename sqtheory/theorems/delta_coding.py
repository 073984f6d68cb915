"""Differences in time: quantizing first telescopes, quantizing the differences drifts."""

import numpy as np

from sqtheory.arrays import Array, FixedArray, Mask
from sqtheory.case import Case
from sqtheory.domain import Arrays, Domain, OneOf
from sqtheory.quantizers import int_
from sqtheory.rounding import half_away, toward_zero
from sqtheory.samples import heavy, normal, one_signed, ties
from sqtheory.scaling import Frozen
from sqtheory.theorem import NEW, Assumption, Attained, Claim, Quantity, Theorem
from sqtheory.theorems.vocabulary import NEAREST, decided_by_tensor


def differences(values: Array) -> Array:
    """x_1, x_2 − x_1, …, x_T − x_{T−1} of every row."""
    return np.diff(values, axis=1, prepend=0.0)


def _in_range(case: Case) -> Mask:
    reach = case.q.format.max * case.dense_scale
    return case.every((np.abs(case.x) <= reach) & (np.abs(differences(case.x)) <= reach))


STEP = FixedArray(1.0)
FAR = Assumption(
    "in_range",
    "every x_t and every difference lies within the grid",
    _in_range,
    decided_by_tensor,
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
HALF = Quantity("half", r"\Delta/2", "half a step", lambda case: case.dense_scale[:, 0] / 2)
TIMES = Quantity("T", "T", "the number of times", lambda case: np.full(len(case), float(case.x.shape[1])))

THEOREM = Theorem(
    slug="delta_coding",
    title="Quantized values, differenced, err by at most Δ/2 at every time; quantized differences drift up to T·Δ/2",
    claims=(Claim(DRIFTED, "<=", TIMES * HALF), Claim(TELESCOPED, "<=", HALF)),
    where=(TELESCOPED, DRIFTED, HALF, TIMES),
    given=(
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
