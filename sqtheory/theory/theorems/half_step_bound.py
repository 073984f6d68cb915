"""How much rounding can err at most, and so from which number of steps on a mask errs more."""

from math import inf

import numpy as np

from sqtheory.alphabet.formats import E2M1, Codebook
from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import hbfp, int_, scaled
from sqtheory.alphabet.rounding import half_away, toward_zero
from sqtheory.arrays import Array
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Attained, Claim, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import ERROR_Q, NEAREST, SYMMETRIC, UNIFORM
from sqtheory.theory.samples import heavy, normal, one_signed, ties
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.residual_backbone import ABSMAX, STEPS


def half_steps(case: Case) -> Array:
    """0 for the first entry, max |x|/(2n) for all others, n the largest level in steps of the grid."""
    half = np.abs(case.x).max(axis=1, keepdims=True) / (2 * STEPS.of(case)[:, None])
    return np.where(np.arange(case.x.shape[1]) > 0, half, 0.0)


HALVES = Quantity(
    "halves",
    r"\lVert(0,h,\dots,h)\rVert_p",
    "the p-norm of half a step, max |x|/(2n) for a largest level of n steps, in all entries but one",
    lambda case: case.norms(half_steps(case)),
)

THEOREM = Theorem(
    slug="half_step_bound",
    title="Rounding on max |x|/max Γ errs at most by half a step in all entries but one: from max Γ/Δ = "
    "(N − 1)^{1/p} max |x|/(2‖ε_s‖_p) on a mask errs more",
    claims=(Claim(ERROR_Q, "<=", HALVES),),
    where=(ERROR_Q, HALVES),
    given=(
        NEAREST.shown(Case.of([7, 1.75, 1.75, 1.75], int_(4, rounding=toward_zero))),
        UNIFORM.shown(Case.of([6, 5, 5, 5], scaled(E2M1))),
        SYMMETRIC.shown(Case.of([3, -1, -1, 0], scaled(Codebook("unsigned", (0.0, 1.0, 2.0, 3.0))))),
        ABSMAX.shown(Case.of([8, 0.5], hbfp(4))),
    ),
    domain=Domain(
        x=Arrays(8, kinds=(normal, ties, one_signed, heavy), subnormal=False),
        q=OneOf(*(int_(k, per=Rows()) for k in (2, 3, 4, 8)), int_(4, rounding=half_away, block=4)),
        p=OneOf(1.0, 1.5, 2.0, 3.0, inf),
    ),
    witness=Attained(Case.of([7, 0.5, 0.5, 0.5], int_(4))),
    source=NEW,
)
