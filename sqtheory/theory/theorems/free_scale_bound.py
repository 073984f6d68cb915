"""Masking may lower scales: the worst case never gets worse, on uniform grids."""

import numpy as np

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.quantizers import Quantizer, bcq, hbfp, int_, scaled
from sqtheory.alphabet.rounding import half_away, toward_zero
from sqtheory.alphabet.scaling import Frozen, Reach, mse
from sqtheory.alphabet.scores import given
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import Array, FixedArray, Mask
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Assumption, Attained, Claim, Norms, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import (
    ERROR_S,
    ERROR_SQ,
    NEAREST,
    NORM,
    POWER_S,
    POWER_SQ,
    UNIFORM,
    Z,
    decided_by_tensor,
)
from sqtheory.theory.theorem import Theorem


def half_cells(case: Case) -> Array:
    """Half the step of the grid at every kept entry, at the scale of x; 0 at pruned ones."""
    sigma = case.dense_scale
    ratio = np.divide(case.x, sigma, out=np.zeros_like(case.x), where=sigma != 0)
    step = np.asarray(case.q.format.step(np.clip(ratio, case.q.format.min, case.q.format.max)))
    return np.where(case.orders.mask, np.abs(sigma) * step / 2, 0.0)


def _in_range(case: Case) -> Mask:
    masked = case.spread(case.q.scales(case.orders.sparse)) * (1 + 1e-12)
    low, high = np.sort([case.q.format.min * masked, case.q.format.max * masked], axis=0)
    inside = (low <= case.x) & (case.x <= high)
    return case.every(~case.orders.mask | inside)


def _not_grown(case: Case) -> Mask:
    before, after = case.dense_scale, case.spread(case.q.scales(case.orders.sparse))
    return case.every(~case.orders.mask | (np.abs(after) <= np.abs(before)))


def _grows_with_maximum(q: Quantizer) -> Ruling:
    if q.scaling.looks_at is Reach.tensor:
        return Ruling(False, "a smaller upper scale rounds block scales anew, up or down")
    does = q.scaling.max_determined
    return Ruling(does, f"{q.scaling} {'grows with' if does else 'depends on more than'} the block maximum")


HALF = Quantity(
    "half",
    r"\lVert h(x)_K\rVert_p",
    "the p-norm of half the step of the grid at the scale of x, over kept entries",
    lambda case: case.norms(half_cells(case)),
)
POWER_HALF = Quantity(
    "Half",
    r"\lVert h(x)_K\rVert_p^p",
    "the p-th power of the p-norm of half the step over kept entries (the norm itself for p = ∞)",
    lambda case: case.powers(half_cells(case)),
)
NOT_GROWN = Assumption(
    "scale_not_grown",
    "|σ_B(s(x))| ≤ |σ_B(x)| for every scale block B with a kept entry",
    _not_grown,
    lambda s, q, p, shape: _grows_with_maximum(q),
)
IN_RANGE = Assumption(
    "in_range", "no kept entry lies beyond the grid at the scale of s(x)", _in_range, decided_by_tensor
)

THEOREM = Theorem(
    slug="free_scale_bound",
    title="Where no scale grows, S→Q errs at most by the pruned entries and half a dense step for every kept one",
    claims=(
        Claim(ERROR_SQ, "<=", ERROR_S + HALF),
        Claim(POWER_SQ, "<=", POWER_S + POWER_HALF, Norms.FINITE),
    ),
    where=(ERROR_SQ, ERROR_S, HALF, POWER_SQ, POWER_S, POWER_HALF),
    given=(
        Z.shown(Case.of([7, -1, -1, -1], bcq(3), nm(1, 4))),
        NEAREST.shown(Case.of([7, 2.9375, 2.9375, 0], int_(4, rounding=toward_zero), nm(3, 4))),
        UNIFORM.shown(Case.of([6, 4.75, *[1.984375] * 10], scaled(E2M1), nm(11, 12, score=given([0.0, *[1.0] * 11])))),
        IN_RANGE.shown(Case.of([8, 0], hbfp(4), nm(1, 2))),
        NOT_GROWN.shown(Case.of([6, 2, 0, 2, 2, 2, 0, 0], int_(2, scaling=mse(5)), nm(2, 4))),
        NORM.shown(Case.of([7, 2.5, 1, 1], int_(4), nm(2, 4), 0.5)),
    ),
    domain=Domain(
        x=Arrays(12),
        q=OneOf(int_(4, block=6), int_(3, block=4), int_(4, rounding=half_away), int_(2)),
        s=OneOf(
            nm(2, 4),
            nm(3, 6),
            nm(2, 4, score=given(np.tile([0.0, 1.0, 2.0, 3.0], 3))),
            nm(1, 3, score=given(np.tile([2.0, 1.0, 3.0], 4))),
        ),
        p=OneOf(1.0, 1.5, 2.0, 3.0, np.inf),
    ),
    witness=Attained(Case.of([6.5, 2.5, 1, 1], int_(4, scaling=Frozen(FixedArray(1.0))), nm(2, 4))),
    source=NEW,
)
