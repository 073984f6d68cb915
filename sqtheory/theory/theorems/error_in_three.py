"""Scale bias, dead zone and grid noise of MXFP4 add as vectors; their squared norms do not.

Against the scale σ* = max |x_B|/max Γ, of which a power of two is a rounding: x − q_σ(x) = d + g + b, with the dead
zone d = x where q_σ*(x) is 0, the grid noise g = x − q_σ*(x) elsewhere, and the scale bias b = q_σ*(x) − q_σ(x). d and
g lie on different entries, b lies on both, so ‖x − q_σ(x)‖² = ‖d‖² + ‖g‖² + ‖b‖² + 2⟨d + g, b⟩, and the last term has
either sign: of the two cases below the error is less than the sum in the first and more in the second. The names are
those of `li2026decomposing`, of which the abstract was read, "three additive components"; the formulas are ours.
"""

from dataclasses import replace

import numpy as np
import sympy

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.quantizers import mxfp
from sqtheory.alphabet.scaling import AbsMax
from sqtheory.arrays import Array
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Claim, Quantity, Reference, Separation
from sqtheory.theory.quantities import POWER_Q
from sqtheory.theory.theorem import Theorem


def unrounded_image(case: Case) -> Array:
    """q_σ*(x), the scale of every block max |x_B|/max Γ."""
    return replace(case.q, scaling=AbsMax()).apply(case.x, case.x)


def dead_zone(case: Case) -> Array:
    """x where q_σ*(x) is 0."""
    return np.where(unrounded_image(case) == 0, case.x, 0.0)


def grid_noise(case: Case) -> Array:
    """x − q_σ*(x) where q_σ*(x) is not 0."""
    image = unrounded_image(case)
    return np.where(image == 0, 0.0, case.x - image)


def scale_bias(case: Case) -> Array:
    """q_σ*(x) − q_σ(x)."""
    return np.asarray(unrounded_image(case) - case.orders.image)


DEAD = Quantity(
    "E_dead", r"\lVert d\rVert_p^p", "the p-th powers of the dead zone", lambda case: case.powers(dead_zone(case))
)
NOISE = Quantity(
    "E_noise", r"\lVert g\rVert_p^p", "the p-th powers of the grid noise", lambda case: case.powers(grid_noise(case))
)
BIAS = Quantity(
    "E_bias", r"\lVert b\rVert_p^p", "the p-th powers of the scale bias", lambda case: case.powers(scale_bias(case))
)

THEOREM = Theorem(
    slug="error_in_three",
    title="The squares of scale bias, dead zone and grid noise do not add to that of the error of MXFP4",
    claims=(Claim(sympy.Abs(POWER_Q - (DEAD + NOISE + BIAS)), ">", 0),),
    where=(POWER_Q, DEAD, NOISE, BIAS),
    domain=None,
    witness=Separation(
        (Case.of([7.125, 1.6875, 0.25, 0], mxfp(E2M1), p=2), Case.of([7.125, 2.4375, 0.25, 0], mxfp(E2M1), p=2))
    ),
    source=Reference("li2026decomposing", "abstract, against it for squared norms"),
)
