"""The sum of q(x_t) − q(x_{t−1}) is q(x_T), one rounding; the sum of q(x_t − x_{t−1}) has T roundings."""

from itertools import pairwise

import sympy
from sympy import Abs, Le

from sqtheory.theory.quantities import NEAREST, UNIFORM
from sqtheory.theory.theorems.delta_coding import DRIFTED, FAR, HALF, ONE_GRID, TELESCOPED, THEOREM, TIMES, differences

from .conclusions import Concludes
from .proof import Proof
from .shapes import Entries
from .steps import Equal, NonNegative, Tested
from .unknowns import Facts, Unknowns

a, b, c, h = sympy.symbols("a b c h", real=True)
slack = sympy.symbols("slack1:4", nonnegative=True)


def half_a_step(a: Unknowns) -> Facts:
    """Rounding to nearest within one uniform grid errs by at most half its step: values and differences."""
    differences = [y - x for x, y in pairwise([sympy.Integer(0), *a.x])]
    pairs = [*zip(a.x, a.q, strict=True), *zip(differences, a.rounded_differences, strict=True)]
    return [Le(Abs(x - y), a.half_step) for x, y in pairs if {UNIFORM, ONE_GRID, NEAREST} <= a.given]


PROOF = Proof(
    theorem=THEOREM,
    model={
        TELESCOPED: lambda atoms: abs(atoms.x[-1] - atoms.q[-1]),
        DRIFTED: lambda atoms: abs(atoms.x[-1] - sum(atoms.rounded_differences)),
        HALF: lambda atoms: atoms.half_step,
        TIMES: lambda atoms: len(atoms.x),
    },
    steps=(
        Equal("a + (b − a) + (c − b) = c: differences of values telescope, quantized or not", a + (b - a) + (c - b), c),
        Tested(
            "in range, a value and a difference each err by at most half a step",
            lambda case: case.every(
                (abs(case.x - case.orders.image) <= HALF.of(case)[:, None])
                & (abs(differences(case.x) - case.q(differences(case.x))) <= HALF.of(case)[:, None])
            ),
        ),
        *(Concludes(Entries(times), readings={FAR: half_a_step}) for times in (1, 2, 5)),
        NonNegative("so T roundings of at most h each sum to at most T h, as for T = 3", sum(slack)),
        Equal("… with slack h − |e_t| each", 3 * h - sum(h - s for s in slack), sum(slack)),
    ),
)
