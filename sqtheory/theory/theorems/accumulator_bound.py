"""What a chain of groups loses on the way: every product and the sum are cut, at digits that are known beforehand."""

from dataclasses import replace

import numpy as np
import sympy

from sqtheory.alphabet.formats import BFLOAT16, E2M1, E4M3, E5M2
from sqtheory.alphabet.quantizers import cast
from sqtheory.alphabet.sparsifiers import Sparsifier, nm
from sqtheory.arithmetic.chaining import Promoted
from sqtheory.arithmetic.named import aligned, fp8_fast, mma_sync, wgmma
from sqtheory.arrays import Array
from sqtheory.theory.accumulated import ALLOWED, DOT, FL, IN_RANGE, accumulator, sizes
from sqtheory.theory.case import KEEP_ALL, Case
from sqtheory.theory.claims import NEW, Approached, Claim, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.samples import heavy, normal, one_signed, powers, ties, zeros
from sqtheory.theory.theorem import Theorem

KINDS = (normal, ties, one_signed, heavy, powers, zeros)
NAMED = (
    *(fp8_fast, wgmma("bf16"), wgmma("e5m2"), wgmma("e4m3", sparse=True), mma_sync("e4m3")),
    *(aligned("e4m3", group=8, fraction=9, significant=10), aligned("f16", group=4, fraction=7, significant=12)),
    replace(aligned("bf16", group=8, fraction=12, significant=9), chain=Promoted(16)),
)
"""Accumulators of instructions, and some of other bits and groups."""
ACCUMULATORS = OneOf(*NAMED)
CASTS = OneOf(cast(E4M3), cast(E5M2), cast(E2M1), cast(BFLOAT16))
MASKS = OneOf[Sparsifier](KEEP_ALL, nm(2, 4))
DOMAIN = Domain(x=Arrays(40, kinds=KINDS), w=Arrays(40, kinds=KINDS), q=CASTS, s=MASKS, accumulators=ACCUMULATORS)
"""Rows of more than one group, some of operands that the accumulator cuts first."""
BEYOND = Case.of([2.0**100], cast(BFLOAT16), w=[2.0**100], accumulator=wgmma("bf16"))
"""A product that float32 does not hold."""


def flat(case: Case) -> Array:
    """(n 2^−F + G 2^{1−P}) A of every row."""
    how = accumulator(case)
    size = sizes(case)
    groups = -(-size.shape[1] // how.span)
    cuts = np.count_nonzero(size, axis=1) + groups * (not how.fits)
    return np.asarray((cuts * 2.0**-how.fraction + groups * 2.0 ** (1 - how.significant)) * size.sum(axis=1))


FLAT = Quantity(
    "flat",
    r"(n2^{-F}+G2^{1-P})A",
    "(n 2^−F + G 2^{1−P}) A for all G groups together: n = Σ n_g, with one more for every group unless F ≥ P − 1 and "
    "F ≥ 2m, A = Σ|x_i|₊|w_i|₊",
    flat,
)


def last_digit(epsilon: float) -> Case:
    """1 + 2^{1−P} less a little: the sum is cut to 1, for P = 1 + log₂ 1/ε."""
    bits = 1 - round(np.log2(epsilon))
    digits = [2.0 ** (1 - bits) * (1 - 2.0**-8), 2.0 ** (-7 - bits) * (1 - 2.0**-8)]
    one = aligned("bf16", group=4, fraction=40, significant=bits)
    return Case.of([1, 1, 1], cast(BFLOAT16), w=[1, *digits], accumulator=one)


THEOREM = Theorem(
    slug="accumulator_bound",
    title="A sum in an accumulator misses by at most what each product and each group's sum can be cut by",
    claims=(Claim(sympy.Abs(FL - DOT), "<=", ALLOWED), Claim(ALLOWED, "<=", FLAT)),
    where=(FL, DOT, ALLOWED, FLAT),
    given=(IN_RANGE.shown(BEYOND),),
    domain=DOMAIN,
    witness=Approached(last_digit),
    source=NEW,
    formal=("accumulator_bound", "accumulator_bound_flat"),
)
