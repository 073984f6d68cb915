"""Rounding to nearest errs by at most half a cell."""

import numpy as np

from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp, nf4, nvfp4, scaled
from sqtheory.alphabet.rounding import half_away, toward_zero
from sqtheory.arrays import Array, Mask
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Assumption, Attained, Claim, Quantity, Reference
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import NEAREST, decided_by_tensor
from sqtheory.theory.theorem import Theorem


def ratios(case: Case) -> Array:
    """x/σ, 0 in blocks of scale 0."""
    sigma = case.dense_scale
    return np.divide(case.x, sigma, out=np.zeros_like(case.x), where=sigma != 0)


def _in_units_of_half_a_cell(case: Case) -> Array:
    levels = case.q.format.values
    gap = np.diff(levels)[np.clip(np.searchsorted(levels, ratios(case), side="right") - 1, 0, levels.size - 2)]
    sigma = np.abs(case.dense_scale)
    size = np.abs(case.x - case.orders.image)
    cell = sigma * gap
    shares = np.divide(2 * size, cell, out=np.zeros_like(size), where=cell > 0)
    return np.asarray(shares.max(axis=1))


def _in_range(case: Case) -> Mask:
    ratio = ratios(case)
    fmt = case.q.format
    slack = 1e-12
    inside = (ratio <= fmt.max + slack * abs(fmt.max)) & (ratio >= fmt.min - slack * abs(fmt.min))
    zero = case.x == 0
    return case.every((inside & (zero | (np.abs(case.x) >= 1e-300))) | (zero & (case.dense_scale == 0)))


WORST = Quantity(
    "worst",
    r"\max_i\frac{2|\varepsilon_q(x)_i|}{\sigma\Delta_i}",
    "the largest |x_i − q(x)_i| in halves of σ times the gap of the levels around x_i/σ",
    _in_units_of_half_a_cell,
)
IN_RANGE = Assumption(
    "in_range",
    "nothing saturates: σ min Γ ≤ x_i ≤ σ max Γ for every i (and numbers are normal)",
    _in_range,
    decided_by_tensor,
)

THEOREM = Theorem(
    slug="rounding_cell",
    title="Rounding to nearest errs by at most half the gap of the neighbouring levels, unless it saturates",
    claims=(Claim(WORST, "<=", 1),),
    where=(WORST,),
    given=(
        NEAREST.shown(Case.of([7, 2.75], int_(4, rounding=toward_zero))),
        IN_RANGE.shown(Case.of([8, 1], hbfp(4))),
    ),
    domain=Domain(
        x=Arrays(8),
        q=OneOf(
            *(int_(4), int_(3, block=4), int_(4, rounding=half_away), hbfp(8), nf4(), bcq(3), scaled(E2M1)),
            *(scaled(E4M3, block=4), mxfp(E4M3), nvfp4(block=8)),
        ),
    ),
    witness=Attained(Case.of([7, 2.5], int_(4))),
    source=Reference("gray1998quantization", "§II"),
)
