"""Under the floor exponent of OCP MX a block maximum saturates exactly when its significand is too large."""

import numpy as np

from sqtheory.alphabet.formats import E2M1, E2M3, E3M2, E4M3, E5M2, Codebook
from sqtheory.alphabet.quantizers import mxfp, mxint, scaled
from sqtheory.alphabet.scaling import Exponent, PowerOfTwo
from sqtheory.arrays import Array
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Approached, Claim, Quantity, Reference
from sqtheory.theory.constants import saturation_error
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import EXPONENTS, SYMMETRIC, of_pipeline
from sqtheory.theory.samples import heavy, normal, one_signed, ties
from sqtheory.theory.theorem import Theorem


def _maximum(case: Case) -> Array:
    return np.asarray(np.abs(case.x).max(axis=1))


def _at_maximum(case: Case, values: Array) -> Array:
    place = np.argmax(np.abs(case.x), axis=1)[:, None]
    return np.asarray(np.take_along_axis(values, place, axis=1)[:, 0])


def _top(case: Case) -> Array:
    """σ max Γ of the block that holds the largest magnitude of the row."""
    return case.q.format.max * _at_maximum(case, case.dense_scale)


def _lost(case: Case) -> Array:
    size, image = _maximum(case), np.abs(_at_maximum(case, case.orders.image))
    return np.divide(size - image, size, out=np.zeros_like(size), where=size > _top(case))


ERROR = Quantity(
    "lost",
    r"|\varepsilon_q(x)_{\max}|/\max|x|",
    "the relative error of the largest magnitude where it lies beyond σ max Γ, else 0",
    _lost,
)
LIMIT = Quantity(
    "limit",
    r"1-\max\Gamma/2^{\lfloor\log_2\max\Gamma\rfloor+1}",
    "1 − max Γ / 2^{⌊log₂ max Γ⌋ + 1}",
    lambda case: np.full(len(case), float(saturation_error(case.q.format))),
)
SATURATES = Quantity(
    "saturates",
    r"[\max|x|>\sigma\max\Gamma]",
    "1 where the largest magnitude lies beyond σ max Γ, else 0",
    lambda case: (_maximum(case) > _top(case)).astype(np.float64),
)
EXCEEDS = Quantity(
    "exceeds",
    r"[\mathrm{significand}(\max|x|)>\mathrm{significand}(\max\Gamma)]",
    "1 where the significand in [1, 2) of the largest magnitude exceeds that of max Γ, else 0",
    lambda case: (np.frexp(_maximum(case))[0] > np.frexp(case.q.format.max)[0]).astype(np.float64),
)
FLOOR = of_pipeline(
    "floor_exponent",
    "σ_B = 2^{⌊log₂ max|x_B|⌋ − ⌊log₂ max Γ⌋}, the scale of OCP MX",
    lambda s, q, p, shape: Ruling(
        q.scaling == PowerOfTwo(Exponent.floor),
        f"the scale follows the rule {q.scaling}",
    ),
)


def just_below_two(epsilon: float) -> Case:
    """A block whose maximum is 2 − ε in MXFP4."""
    return Case.of([2 - epsilon, 1], mxfp(E2M1))


UNSIGNED = Codebook("unsigned", (0.0, 1.0, 2.0, 3.0))
"""A grid without negative levels, which loses all of a negative maximum."""

THEOREM = Theorem(
    slug="saturation",
    title="Under the floor exponent of MX a maximum saturates exactly if its significand exceeds that of max Γ",
    claims=(Claim(ERROR, "<=", LIMIT), Claim(SATURATES, "==", EXCEEDS)),
    where=(ERROR, LIMIT, SATURATES, EXCEEDS),
    given=(
        FLOOR.shown(Case.of([1.9, 1], mxfp(E2M1, scaling=PowerOfTwo(Exponent.rceil)))),
        SYMMETRIC.shown(Case.of([-3.5, 1], scaled(UNSIGNED, scaling=PowerOfTwo()))),
        EXPONENTS.shown(Case.of([13 * 2.0**-1074, 0], mxfp(E2M1))),
    ),
    domain=Domain(
        x=Arrays(8, kinds=(normal, ties, one_signed, heavy)),
        q=OneOf(*(mxfp(f) for f in (E2M1, E2M3, E3M2, E4M3, E5M2)), mxint(8), mxint(4)),
    ),
    witness=Approached(just_below_two),
    source=Reference("ocp2023mx", "§6.3"),
)
