"""A group of products that all lie below the last digit of the accumulator is lost whole."""

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from sqtheory.alphabet.formats import BFLOAT16, E4M3, E5M2
from sqtheory.alphabet.quantizers import cast
from sqtheory.arithmetic.named import aligned, fp8_fast, wgmma
from sqtheory.arrays import Array, Mask
from sqtheory.theory.accumulated import FL, OPERANDS_ARE, accumulator, operands
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Assumption, Claim, NoneKnown, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import decided_by_tensor
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.accumulator_bound import MASKS

SMALLEST, LARGEST = 2.0**-126, 2.0**127
ONE_BY_ONE = aligned("e4m3", group=1, fraction=2, significant=10)
"""An accumulator that keeps more bits than it aligns."""


def last(case: Case) -> int:
    """Where the last group begins."""
    span = accumulator(case).span
    return int(max(0, case.x.shape[1] - 1) // span * span)


def before(case: Case) -> Array:
    """C before the last group of every row."""
    start = last(case)
    return accumulator(case).dots(*(v[:, :start] for v in operands(case))).astype(np.float64)


def below(case: Case) -> Mask:
    """Every product of the last group is below the last digit of C, and C is normal."""
    how, start, c = accumulator(case), last(case), before(case)
    a, b = (v[:, start:] for v in operands(case))
    normal = (np.abs(c) >= SMALLEST) & (np.abs(c) <= LARGEST)
    lead = np.where(normal, np.frexp(np.where(normal, c, 1.0))[1] - 1, 0)[:, None]
    exponents = np.add(*(how.operand.exponents(v.astype(np.float32)).astype(np.int64) for v in (a, b)))
    small = (np.abs(a * b) < np.ldexp(1.0, lead - how.fraction)) & (exponents <= lead)
    return np.asarray(normal & small.all(axis=1))


def falling(rng: Generator, shape: tuple[int, ...], dtype: type) -> Array:
    """Numbers around 8 of one sign in most rows, then a few that are very small."""
    x = rng.normal(size=shape) * 8
    x = np.where(rng.random((*shape[:-1], 1)) < 0.8, np.abs(x), x)
    x[..., -4:] *= 2.0 ** -rng.integers(8, 16, (*shape[:-1], 1))
    return np.asarray(x.astype(dtype))


BEFORE = Quantity(
    "C",
    "C",
    f"the accumulator before the last group of the row; {OPERANDS_ARE}",
    before,
)
BELOW = Assumption(
    "below_last_digit",
    "C is a normal number of float32, and of every product of the last group |x_i w_i| < 2^{e(C)−F} and the exponents "
    "of its factors add up to e(C) at most (which follows where F ≥ 2m)",
    below,
    decided_by_tensor,
)
DIGITS_FIT = Assumption(
    "digits_fit",
    "F ≥ P − 1: all digits of C are aligned where C has the largest exponent",
    lambda case: np.full(len(case), accumulator(case).fraction >= accumulator(case).significant - 1),
    decided_by_tensor,
)
KINDS = (falling,)

THEOREM = Theorem(
    slug="stagnation",
    title="A group whose products all lie below the last digit of the accumulator leaves it as it was",
    claims=(Claim(FL, "==", BEFORE),),
    where=(FL, BEFORE),
    given=(
        BELOW.shown(Case.of([1, 1], cast(E4M3), w=[1, 1], accumulator=replace(ONE_BY_ONE, fraction=9))),
        DIGITS_FIT.shown(Case.of([4, 1, 4, 2.0**-6], cast(E4M3), w=[1, 1, 1, 1], accumulator=ONE_BY_ONE)),
    ),
    domain=Domain(
        x=Arrays(36, kinds=KINDS, subnormal=False),
        w=Arrays(36, kinds=KINDS, subnormal=False),
        q=OneOf(cast(E4M3), cast(E5M2), cast(BFLOAT16)),
        s=MASKS,
        accumulators=OneOf(
            *(fp8_fast, wgmma("e5m2"), aligned("e4m3", group=4, fraction=9, significant=10)),
            *(
                aligned("bf16", group=32, fraction=15, significant=12),
                aligned("f16", group=4, fraction=11, significant=9),
            ),
        ),
    ),
    witness=NoneKnown("an identity has no slack to show tight; sums of ones in 14 bits stop at 2^14"),
    source=NEW,
    formal=("stagnation",),
)
