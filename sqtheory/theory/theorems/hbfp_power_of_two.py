"""Under a shared exponent ⌈log₂ max⌉ a maximum that is a power of two errs by a full step."""

import numpy as np

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.quantizers import Quantizer, hbfp, int_, scaled
from sqtheory.alphabet.scaling import SharedExponent
from sqtheory.arrays import Array, Mask
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Assumption, Attained, Claim, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import decided_by_tensor, of_pipeline
from sqtheory.theory.samples import powers
from sqtheory.theory.theorem import Theorem


def _at_maximum(case: Case, values: Array) -> Array:
    place = np.argmax(np.abs(case.x), axis=1)
    return np.asarray(np.take_along_axis(values, place[:, None], axis=1)[:, 0])


def _ends(q: Quantizer) -> Ruling:
    fmt = q.format
    closed = -fmt.min == fmt.max == 2.0 ** np.frexp(fmt.max)[1] - 1
    return Ruling(bool(closed), f"{fmt} reaches from {fmt.min:g} to {fmt.max:g}")


def _is_power(case: Case) -> Mask:
    return np.asarray(np.frexp(np.abs(case.x).max(axis=1))[0] == 0.5)


ERROR_AT_MAX = Quantity(
    "e_max",
    r"|\varepsilon_q(x)_{\max}|",
    "the error of the entry of largest magnitude",
    lambda case: np.abs(_at_maximum(case, case.x - case.orders.image)),
)
STEP = Quantity(
    "step", r"\sigma\Delta", "σ, the step of the grid in the block", lambda case: _at_maximum(case, case.dense_scale)
)
SHARED = of_pipeline(
    "shared_exponent",
    "σ_B = 2^{⌈log₂ max|x_B|⌉ − f}, f the bits of max Γ: a shared exponent",
    lambda s, q, p, shape: Ruling(q.scaling == SharedExponent(), f"the scale is {q.scaling}"),
)
ENDS = of_pipeline(
    "clamped_ends",
    "max Γ = 2^f − 1 = −min Γ",
    lambda s, q, p, shape: _ends(q),
)
POWER_OF_TWO = Assumption(
    "power_of_two",
    "the largest magnitude of the block is a power of two",
    _is_power,
    decided_by_tensor,
)

THEOREM = Theorem(
    slug="hbfp_power_of_two",
    title="With exponent ⌈log₂ max⌉ a block maximum that is an exact power of two errs by a full step",
    claims=(Claim(ERROR_AT_MAX, "==", STEP),),
    where=(ERROR_AT_MAX, STEP),
    given=(
        SHARED.shown(Case.of([8, 1], int_(4))),
        ENDS.shown(Case.of([8, 1], scaled(E2M1, scaling=SharedExponent()))),
        POWER_OF_TWO.shown(Case.of([7, 1], hbfp(4))),
    ),
    domain=Domain(x=Arrays(8, kinds=(powers,)), q=OneOf(*(hbfp(k) for k in (2, 3, 4, 6, 8)))),
    witness=Attained(Case.of([8, 1], hbfp(4))),
    source=NEW,
)
