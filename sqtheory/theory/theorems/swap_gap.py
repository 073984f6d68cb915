"""By how much quantizing first can be worse than pruning first in L1: one step for every swap, and no less."""

import numpy as np

from sqtheory.alphabet.quantizers import bcq, int_
from sqtheory.alphabet.rounding import floor
from sqtheory.alphabet.scaling import Percentile
from sqtheory.alphabet.scores import wanda
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Approached, Claim, Norms
from sqtheory.theory.quantities import ERROR_QS, ERROR_SQ, MAGNITUDE, ONE_SCALE, ORDERED, SIGMA, Z
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems import swap_constant
from sqtheory.theory.theorems.swap_constant import HALVES, lower_end

THEOREM = Theorem(
    slug="swap_gap",
    title="In L1, quantizing first is worse than pruning first by at most 2h⁻(v) for every swap",
    claims=(Claim(ERROR_QS - ERROR_SQ, "<=", 2 * HALVES, Norms.ONE),),
    where=(ERROR_QS, ERROR_SQ, HALVES),
    given=(
        Z.shown(Case.of([0, 1, 1, 1], bcq(2), nm(1, 4))),
        SIGMA.shown(Case.of([1, -1, 0, 0], int_(4, scaling=Percentile(50)), nm(1, 4))),
        ORDERED.shown(Case.of([1, 0, -1, 3], int_(4, rounding=floor), nm(2, 4))),
        MAGNITUDE.shown(
            Case.of([0, -2, -5, -3], int_(4), nm(2, 4, score=wanda(np.diag([8, 1.375, 1.0, 1.0])))),
        ),
        ONE_SCALE.shown(Case.of([0, -1, 5, 1], int_(3, block=2), nm(2, 4))),
    ),
    domain=swap_constant.THEOREM.domain,
    witness=Approached(lower_end),
    source=NEW,
    formal=("swap_gap", "swap_gap_uniform"),
)
