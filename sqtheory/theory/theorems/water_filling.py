"""Reverse water-filling shares bits best."""

import numpy as np

from sqtheory.alphabet.quantizers import int_, mxint
from sqtheory.arrays import Array
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Attained, Claim, Quantity, Reference
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.samples import heavy, normal, one_signed, powers, ties
from sqtheory.theory.theorem import Theorem


def heights(case: Case) -> Array:
    """log₂ of x_l² over the largest of the row: at most 0, −∞ of zeros; 0 in a row of zeros."""
    size = np.abs(case.x)
    largest = size.max(axis=1, keepdims=True)
    share = np.divide(size, largest, out=np.ones_like(size), where=largest > 0)
    return np.asarray(2 * np.log2(share, out=np.full(share.shape, -np.inf), where=share > 0))


def filled(case: Case) -> tuple[Array, Array]:
    """The bits of every layer, and log₂ θ: as many of the highest layers as stand above the level they leave."""
    height = heights(case)
    order = np.argsort(-height, axis=1, kind="stable")
    sorted_ = np.take_along_axis(height, order, axis=1)
    count = np.arange(1, height.shape[1] + 1)
    with np.errstate(invalid="ignore"):
        levels = (np.cumsum(sorted_, axis=1) - 2 * budget(case)[:, None]) / count
        above = (sorted_ >= levels) & (sorted_ > -np.inf)
    last = height.shape[1] - 1 - np.argmax(above[:, ::-1], axis=1)
    level = np.take_along_axis(levels, last[:, None], axis=1)
    return np.maximum(0.0, (height - level) / 2), level[:, 0]


def budget(case: Case) -> Array:
    """n times the bits of a code."""
    return np.full(len(case), float(case.x.shape[1] * case.q.format.bits))


def others(case: Case) -> Array:
    """Bits of the same sum in proportion to |w_l|, the same for all where w is 0."""
    size = np.abs(case.weight.x)
    largest = size.max(axis=1, keepdims=True)
    share = np.divide(size, largest, out=np.ones_like(size), where=largest > 0)
    return np.asarray(budget(case)[:, None] * share / share.sum(axis=1, keepdims=True))


def lost(case: Case, bits: Array) -> Array:
    """Σ x_l² 4^{−b_l} over the largest x_l²."""
    return np.asarray(np.exp2(heights(case) - 2 * bits).sum(axis=1))


LOST = Quantity(
    "lost",
    r"\sum_l\sigma_l^2\,4^{-b_l}",
    "Σ x_l² 4^{−b_l} over the largest x_l², b_l = max(0, ½ log₂(x_l²/θ)) of the sum n b for the b bits of q's codes",
    lambda case: lost(case, filled(case)[0]),
    0,
)
OTHER = Quantity(
    "other",
    r"\sum_l\sigma_l^2\,4^{-b_l'}",
    "the same for other bits b' ≥ 0 of that sum: in proportion to |w_l|, so that any are meant",
    lambda case: lost(case, others(case)),
    0,
)
LEVELLED = Quantity(
    "levelled",
    r"\sum_l\min(\sigma_l^2,\theta)",
    "Σ min(x_l², θ) over the largest x_l²",
    lambda case: np.exp2(np.minimum(heights(case), filled(case)[1][:, None])).sum(axis=1),
    0,
)
SPENT = Quantity("spent", r"\sum_l b_l", "the sum of the b_l", lambda case: filled(case)[0].sum(axis=1), 0)
BUDGET = Quantity("budget", r"n\,\bar b", "n times the bits of a code of q", budget, 0)

THEOREM = Theorem(
    slug="water_filling",
    title="Where a bit quarters a layer's error, bits that leave all layers with bits at one level lose the least",
    claims=(Claim(LOST, "<=", OTHER), Claim(LOST, "==", LEVELLED), Claim(SPENT, "==", BUDGET)),
    where=(LOST, OTHER, LEVELLED, SPENT, BUDGET),
    domain=Domain(
        x=Arrays(6, kinds=(normal, ties, one_signed, heavy, powers), subnormal=False),
        w=Arrays(6, kinds=(normal, ties, one_signed, heavy, powers), subnormal=False),
        q=OneOf(int_(2), int_(3), int_(4), mxint(8)),
    ),
    witness=Attained(Case.of([1, 1, 1, 1], int_(4), w=[1, 1, 1, 1])),
    source=Reference("cover2006elements", "Theorem 10.3.3"),
    unconditional=True,
)
