"""The sum of q(x_t) − q(x_{t−1}) is q(x_T), one rounding; the sum of q(x_t − x_{t−1}) has T roundings."""

from fractions import Fraction
from functools import cache
from itertools import pairwise

import sympy

from proofs.atoms import Exact, Row
from proofs.proof import Proof
from proofs.steps import Equal, NonNegative, Tested
from sqtheory.formats import Format
from sqtheory.theorems.delta_coding import DRIFTED, HALF, TELESCOPED, THEOREM, TIMES, differences

a, b, c, h = sympy.symbols("a b c h", real=True)
slack = sympy.symbols("slack1:4", nonnegative=True)


def quantized_differences(atoms: Exact) -> Row:
    """q(x_t − x_{t−1})."""
    return atoms.of(atoms.case.q(differences(atoms.case.x)))


@cache
def step(fmt: Format) -> Fraction:
    """The least distance of two levels."""
    levels = [Fraction(v) for v in fmt.values.tolist()]
    return min(high - low for low, high in pairwise(levels))


PROOF = Proof(
    theorem=THEOREM,
    model={
        TELESCOPED: lambda atoms: abs(atoms.x[-1] - atoms.q[-1]),
        DRIFTED: lambda atoms: abs(atoms.x[-1] - sum(quantized_differences(atoms))),
        HALF: lambda atoms: atoms.scale[0] * step(atoms.case.q.format) / 2,
        TIMES: lambda atoms: float(len(atoms.x)),
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
        NonNegative("so T roundings of at most h each sum to at most T h, as for T = 3", sum(slack)),
        Equal("… with slack h − |e_t| each", 3 * h - sum(h - s for s in slack), sum(slack)),
    ),
)
