"""Up to how many products of codes a sum is exact in an accumulator, whatever the codes: theorem accumulator_exact."""

from collections.abc import Iterator

import numpy as np

from sqtheory.alphabet.formats import E2M1, Codebook, Format, IntFormat
from sqtheory.arithmetic.accumulator import Accumulator
from sqtheory.arithmetic.chaining import Places
from sqtheory.arithmetic.named import aligned, fp8_fast, fp8_promoted, mma_sync, wgmma
from sqtheory.arrays import Array
from sqtheory.tables import Table

ONES = Codebook("ones", (0.0, 1.0))
CODES: tuple[Format, ...] = (ONES, IntFormat(2), IntFormat(4), E2M1, IntFormat(8))
"""What a table of exact sums is about."""
INSTRUCTIONS: tuple[Accumulator, ...] = (
    *(fp8_fast, wgmma("e5m2"), fp8_promoted, mma_sync("e4m3"), mma_sync("e5m2")),
    *(wgmma("bf16"), wgmma("f16"), wgmma("tf32")),
)
LONG = 1 << 13
"""A row that is longer than the parts of any chain."""
TOTAL_BITS = 24
"""Of a float32 number, in which parts are added up."""


def exact_length(codes: Format, how: Accumulator) -> int | None:
    """The largest K for which all Σ_{k<K} x_k w_k of codes x and w are exact in the accumulator; None if it holds none.

    In steps of which all codes are multiples let c be the largest code and o the largest odd one: a sum with an odd
    product is at most (K − 1) c² + o² ≤ 2^{min(P, F+1)}, or all its products are multiples of two steps and it is at
    most twice that. One product more and 2^{min(P, F+1)} is passed by an odd sum. Where parts are exact whatever they
    hold, that is 2^24 for their total. 0 where one product may be cut; of 2:4 instructions K counts what is kept.
    """
    values = codes.values
    if not (how.operand.toward_zero(values) == values).all():
        return None
    step, largest = _step(values), float(np.abs(values).max())
    widest = 2 * int(how.operand.exponents(np.array([largest], np.float32))[0])
    steps = np.rint(np.abs(values) / step).astype(np.int64)
    most, odd = int(steps.max()) ** 2, int(steps[steps % 2 == 1].max()) ** 2
    if widest > how.fraction + round(2 * np.log2(step)) or most > 1 << how.exact_bits:
        return 0
    limit = ((1 << how.exact_bits) - odd) // most + 1
    part = max((sum(map(_count, p)) for p in how.chain.parts(LONG, how.span)), default=0)
    return ((1 << TOTAL_BITS) - odd) // most + 1 if how.chain.added and part <= limit else limit


def table() -> Table:
    """A line for each instruction, a column for each kind of codes."""
    header = ("accumulator", *map(str, CODES))
    return Table(header, tuple((str(how), *(_spell(exact_length(c, how)) for c in CODES)) for how in INSTRUCTIONS))


def sums_of_ones(most: int = 8) -> Iterator[tuple[Accumulator, int]]:
    """At what sums of ones stop, one product a group, for P and F up to so many bits."""
    for fraction in range(1, most + 1):
        for significant in range(1, most + 1):
            how = aligned("bf16", group=1, fraction=fraction, significant=significant)
            ones = np.ones((1, 2 ** (how.exact_bits + 1)))
            yield how, int(how.dots(ones, ones)[0])


def _step(values: Array) -> float:
    """The largest power of two of which all values are multiples."""
    step = 1.0
    while (values / step != np.rint(values / step)).any():
        step /= 2
    while (values / (2 * step) == np.rint(values / (2 * step))).all():
        step *= 2
    return step


def _count(places: Places) -> int:
    """Places of a group."""
    return int(np.arange(LONG)[places].size)


def _spell(length: int | None) -> str:
    if length is not None and length.bit_count() == 1 and length > 1024:
        return f"2^{length.bit_length() - 1}"
    return "–" if length is None else str(length)
