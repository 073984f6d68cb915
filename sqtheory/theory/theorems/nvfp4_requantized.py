"""NVFP4 of NVFP4 is the same again unless a block has the second smallest scale and a maximum in its cell of 4.

The scale of a block is a number of E4M3, rounded to nearest: between normal numbers the maximum comes back as 6 σ,
which gives σ again, and so it does at the smallest scale, which is not rounded to 0. At twice that a maximum of at most
5 σ goes to 4 σ, whose scale rounds to half of σ.
"""

import numpy as np
from numpy.random import Generator

from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.alphabet.quantizers import Quantizer, hbfp, nvfp4
from sqtheory.alphabet.rounding import nearest_even
from sqtheory.alphabet.scaling import TwoLevel
from sqtheory.arrays import Array
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Attained, Claim, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import EXPONENTS, of_pipeline
from sqtheory.theory.samples import heavy, normal, one_signed, ties, zeros
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.idempotence import DEFECT

SECOND = 2 * E4M3.smallest
"""The second smallest positive number of E4M3."""
MIDDLE = 5.0
"""Between the levels 4 and 6 of E2M1; it goes to 4, whose code is even."""


def below_four(case: Case) -> Array:
    """1 for rows with a block of the second smallest scale and a maximum of at most 5 σ."""
    top = np.abs(case.x).max(axis=1)
    upper = top[:, None] / (E2M1.max * E4M3.max)
    code = np.divide(case.dense_scale, upper, out=np.zeros_like(case.x), where=upper > 0)
    largest = case.q.partition.reduce(np.abs(case.x), lambda rows: rows.max(axis=1))
    inside = case.spread(largest) <= MIDDLE * case.dense_scale
    return np.asarray((np.isclose(code, SECOND, rtol=1e-9, atol=0) & inside).any(axis=1), np.float64)


CHANGED = Quantity(
    "changed",
    r"[q(q(x))\ne q(x)]",
    "1 where q(q(x)) is not q(x), beyond the rounding of real scales, else 0",
    lambda case: np.asarray(DEFECT.of(case) > 0, np.float64),
)
BELOW_FOUR = Quantity(
    "in_four",
    r"[\exists B:\ \sigma_B=2\cdot2^{-9}g,\ \max|x_B|\le5\sigma_B]",
    "1 where some block has twice the smallest scale there is under the scale g of the tensor, and no entry beyond 5 "
    "times its scale, else 0",
    below_four,
)


def _is_nvfp4(q: Quantizer) -> Ruling:
    does = (q.format, q.scaling.by_rows(), q.rounding, q.saturate) == (E2M1, TwoLevel().by_rows(), nearest_even, True)
    return Ruling(does, f"{q} {'is' if does else 'is not'} NVFP4 in blocks of some size")


NVFP4 = of_pipeline(
    "nvfp4",
    "levels of E2M1, midpoints to even, scales of blocks in E4M3 below one real scale: NVFP4 in blocks of any size",
    lambda s, q, p, shape: _is_nvfp4(q),
)


def spread(rng: Generator, shape: tuple[int, ...], dtype: type) -> Array:
    """Normal numbers, the second half of each row smaller by up to 2^18."""
    x = rng.normal(size=shape)
    half = shape[-1] // 2
    x[:, half:] *= 2.0 ** rng.uniform(-18, 0, (len(x), 1))
    return np.asarray(x.astype(dtype))


THEOREM = Theorem(
    slug="nvfp4_requantized",
    title="NVFP4 of NVFP4 is the same again but where a block has the second smallest scale and no entry beyond 5 σ",
    claims=(Claim(CHANGED, "==", BELOW_FOUR),),
    where=(CHANGED, BELOW_FOUR),
    given=(
        NVFP4.shown(Case.of([0.515625, 0.3125, 0.125], hbfp(6))),
        EXPONENTS.shown(Case.of([9 * 2.0**-1074, 2 * 2.0**-1074], nvfp4())),
    ),
    domain=Domain(
        x=Arrays(8, kinds=(normal, ties, heavy, one_signed, zeros, spread, spread, spread)),
        q=OneOf(nvfp4(block=4), nvfp4(block=2), nvfp4()),
    ),
    witness=Attained(Case.of([2688, 0, 0, 0, 0.0181, 0, 0, 0], nvfp4(block=4))),
    source=NEW,
)
