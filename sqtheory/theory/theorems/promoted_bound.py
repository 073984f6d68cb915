"""Parts that begin at 0 and are added in float32 now and then lose at the rate of one part, however many there are."""

import numpy as np
import sympy

from sqtheory.arrays import Array
from sqtheory.theory.accumulated import DOT, IN_RANGE, OPERANDS_ARE, added_up, operands, promoted, sizes
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Claim, NoneKnown, Quantity
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.accumulator_bound import BEYOND, DOMAIN

ROUNDING = 2.0**-24
"""The unit of rounding to nearest in float32."""


def allowed(case: Case) -> Array:
    """What the parts are allowed, and J 2^−24 A."""
    how = promoted(case)
    found = how.dots_within(*operands(case))
    return np.asarray(found if how.chain.added else found + ROUNDING * sizes(case).sum(axis=1))


def flat(case: Case) -> Array:
    """(max over parts of n 2^−F + G 2^{1−P}, + J 2^−24) A."""
    how, size = promoted(case), sizes(case)
    rates = [np.zeros(len(case))]
    for part in how.chain.parts(size.shape[1], how.span):
        cut = [np.count_nonzero(size[:, places], axis=1) + (not how.fits) for places in part]
        rates.append(np.sum(cut, axis=0) * 2.0**-how.fraction + len(cut) * 2.0 ** (1 - how.significant))
    return np.asarray((np.max(rates, axis=0) + ROUNDING * (len(rates) - 1)) * size.sum(axis=1))


FL_PARTS = Quantity(
    "fl_J",
    r"\operatorname{fl}_J",
    "fl(Σ x_i w_i) in J parts, each a chain of groups from 0, added up in float32 one by one (one chain is one "
    f"part); {OPERANDS_ARE}",
    lambda case: added_up(case, promoted(case)),
)
ALLOWED_PARTS = Quantity(
    "allowed_J",
    r"\sum_j\sum_{g\in j}(n_g2^{-F}+2^{1-P})A_g+J2^{-24}A",
    "Σ_g (n_g 2^−F + 2^{1−P}) A_g over the groups of all parts, n_g as in accumulator_bound, A_g = Σ|x_i|₊|w_i|₊ of "
    "the groups of its own part up to g, and J 2^−24 A for A of all",
    allowed,
)
FLAT_PARTS = Quantity(
    "flat_J",
    r"(\max_j(n_j2^{-F}+G_j2^{1-P})+J2^{-24})A",
    "(c + J 2^−24) A, c the largest n 2^−F + G 2^{1−P} of a part of n cuts and G groups: hardly more for a longer row",
    flat,
)

THEOREM = Theorem(
    slug="promoted_bound",
    title="A sum that is promoted to float32 part by part misses by at most the rate of its worst part and J 2^−24",
    claims=(Claim(sympy.Abs(FL_PARTS - DOT), "<=", ALLOWED_PARTS), Claim(ALLOWED_PARTS, "<=", FLAT_PARTS)),
    where=(FL_PARTS, DOT, ALLOWED_PARTS, FLAT_PARTS),
    given=(IN_RANGE.shown(BEYOND),),
    domain=DOMAIN,
    witness=NoneKnown("each addition in float32 is allowed 2^−24 of all, and none of them can lose so much of all"),
    source=NEW,
    formal=("promoted_bound", "promoted_bound_flat"),
)
