"""Grids and rounding by definition, in exact rationals.

A grid is the sorted list of its numbers. Rounding looks for the two neighbours and chooses one by the words
of the rule; nothing is computed in floating point.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np

RULES = ("nearest_even", "half_away", "toward_zero", "floor", "ceil")
OVERFLOWS = "overflows"


@dataclass(frozen=True)
class Grid:
    """Numbers in ascending order; ``even[i]`` says whether number i has an even last digit."""

    numbers: tuple[Fraction, ...]
    even: tuple[bool, ...]
    signed_zero: bool = False

    @property
    def top(self) -> Fraction:
        return self.numbers[-1]

    @property
    def bottom(self) -> Fraction:
        return self.numbers[0]


def integers(k: int, full: bool = False) -> Grid:
    """k-bit integers in two's complement, the most negative one left out unless ``full``."""
    most = 2 ** (k - 1) - 1
    numbers = range(-most - full, most + 1)
    return Grid(tuple(Fraction(n) for n in numbers), tuple(n % 2 == 0 for n in numbers))


def minifloat(e: int, m: int, bias: int, special: str, signed: bool = True, subnormal: bool = True) -> Grid:
    """Sign, e exponent bits, m fraction bits; special codes: "none", "nan" (all ones) or "ieee" (the top binade).

    Codes ascend with what they stand for, so that nothing is sorted.
    """
    positive: list[tuple[Fraction, bool]] = []
    for exponent in range(2**e):
        unit = Fraction(2) ** (max(exponent, int(subnormal)) - bias - m)
        for fraction in range(2**m):
            if special == "ieee" and exponent == 2**e - 1:
                continue
            if special == "nan" and exponent == 2**e - 1 and fraction == 2**m - 1:
                continue
            significand = fraction if exponent == 0 and subnormal else 2**m + fraction
            positive.append((significand * unit, significand % 2 == 0))
    negative = [(-v, even) for v, even in reversed(positive) if v] if signed else []
    numbers, last_digit_even = zip(*negative, *positive, strict=True)
    return Grid(numbers, last_digit_even, signed_zero=signed)


def one_nan(k: int, p: int, infinities: bool = True) -> Grid:
    """P3109 with a sign: the codes ascend with their magnitudes, the last of them infinite, and −0 does not exist."""
    positive = []
    for code in range(2 ** (k - 1) - infinities):
        exponent, fraction = divmod(code, 2 ** (p - 1))
        significand = fraction if exponent == 0 else 2 ** (p - 1) + fraction
        unit = Fraction(2) ** (max(exponent, 1) - 2 ** (k - p - 1) - (p - 1))
        positive.append((significand * unit, significand % 2 == 0))
    negative = [(-v, even) for v, even in reversed(positive) if v]
    numbers, last_digit_even = zip(*negative, *positive, strict=True)
    return Grid(numbers, last_digit_even)


def levels(values: Sequence[float]) -> Grid:
    """A codebook: the last digit is that of the place in the order."""
    return Grid(tuple(Fraction(v) for v in values), tuple(i % 2 == 0 for i in range(len(values))))


def round_exactly(v: Fraction, grid: Grid, rule: str) -> Fraction:
    """The number of the grid that the rule gives for v; beyond the ends, the nearer end."""
    if v >= grid.top:
        return grid.top
    if v <= grid.bottom:
        return grid.bottom
    i = bisect_right(grid.numbers, v) - 1
    lo, hi = grid.numbers[i], grid.numbers[i + 1]
    return lo if v == lo else _choose(v, lo, hi, grid.even[i], grid.even[i + 1], rule)


def round_or_overflow(v: Fraction, grid: Grid, rule: str) -> Fraction | str:
    """As ``round_exactly``, but judged on the grid with one more number at either end, which overflows."""
    if abs(v) <= grid.top:
        return round_exactly(v, grid, rule)
    next_up = 2 * grid.top - grid.numbers[-2]
    inward = {"toward_zero": True, "floor": v > 0, "ceil": v < 0}.get(rule, False)
    if inward:
        return grid.top if v > 0 else -grid.top
    if abs(v) >= next_up or rule in ("floor", "ceil"):
        return OVERFLOWS
    even = grid.even[-1]
    if v > 0:
        return grid.top if _choose(v, grid.top, next_up, even, not even, rule) == grid.top else OVERFLOWS
    return -grid.top if _choose(v, -next_up, -grid.top, not even, even, rule) == -grid.top else OVERFLOWS


def _choose(v: Fraction, lo: Fraction, hi: Fraction, lo_even: bool, hi_even: bool, rule: str) -> Fraction:
    """One of the two neighbours lo < v < hi."""
    larger, smaller = (hi, lo) if abs(hi) > abs(lo) else (lo, hi)
    if abs(hi) == abs(lo):
        larger = smaller = lo if v < 0 else hi
    if rule == "floor":
        return lo
    if rule == "ceil":
        return hi
    if rule == "toward_zero":
        return smaller
    if hi - v != v - lo:
        return hi if hi - v < v - lo else lo
    if rule == "half_away":
        return lo if v < 0 else hi
    if rule == "half_toward_zero":
        return smaller
    if rule == "half_up":
        return hi
    if lo_even != hi_even:
        return lo if lo_even else hi
    return larger


def midpoints(grid: Grid) -> list[Fraction]:
    return [(a + b) / 2 for a, b in zip(grid.numbers, grid.numbers[1:], strict=False)]


def gap_outward(v: Fraction, grid: Grid) -> Fraction:
    """Width of the cell that holds v; at a number of the grid, of the cell away from zero, if there is one."""
    numbers = grid.numbers
    i = bisect_left(numbers, v) - 1 if v < 0 else bisect_right(numbers, v) - 1
    i = min(max(i, 0), len(numbers) - 2)
    return numbers[i + 1] - numbers[i]


FP4_BITS = (("555556", -8), ("555556", -3), ("0", -2), ("555556", -2), ("0", -1), ("555556", -1), ("0", 0))
"""1/192, 1/6, 1/4, 1/3, 1/2, 2/3, 1 in float32."""


def dynamic_levels() -> list[float]:
    """The dynamic map with sign as bitsandbytes 0.50.2 computes it: ends of parts from the nearer end, in float32."""
    real, found = np.float32, [0.0, 1.0]
    for i in range(7):
        count, step = 2**i, Fraction(float((real(1) - real(0.1)) / real(2**i)))
        lower = [Fraction(float(real(0.1))) + j * step for j in range((count + 1) // 2)]
        ends = [real(float(v)) for v in (*lower, *(1 - (count - j) * step for j in range(len(lower), count + 1)))]
        for low, high in pairwise(ends):
            size = float(real(10.0 ** (i - 6)) * ((low + high) / real(2)))
            found += [size, -size]
    return sorted(found)


NF4_PUBLISHED = (
    *(-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453),
    *(-0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0),
    *(0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224),
    *(0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0),
)
"""QLoRA, appendix E."""

E4M3 = minifloat(4, 3, 7, "nan")
E5M2 = minifloat(5, 2, 15, "ieee")
E3M2 = minifloat(3, 2, 3, "none")
E2M3 = minifloat(2, 3, 1, "none")
E2M1 = minifloat(2, 1, 1, "none")
E8M0 = minifloat(8, 0, 127, "nan", signed=False, subnormal=False)
E4M3_IEEE = minifloat(4, 3, 7, "ieee")
FLOAT16 = minifloat(5, 10, 15, "ieee")
BFLOAT16 = minifloat(8, 7, 127, "ieee")
NF4 = levels(NF4_PUBLISHED)
IQ4 = levels([-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113])
FP4_SIZES = [float.fromhex(f"0x1.{digits}p{e}") for digits, e in FP4_BITS]
FP4 = levels([-v for v in reversed(FP4_SIZES)] + [0.0] + FP4_SIZES)
FP4INC_BITS = (("555556", -7), ("555556", -3), ("0", -2), ("555556", -2), ("0", -1), ("555556", -1), ("0", 0))
"""1/96, 1/6, 1/4, 1/3, 1/2, 2/3, 1 in float32."""
FP4INC_SIZES = [float.fromhex(f"0x1.{digits}p{e}") for digits, e in FP4INC_BITS]
FP4INC = levels([-v for v in reversed(FP4INC_SIZES)] + [0.0] + FP4INC_SIZES)
DYNAMIC8 = levels(dynamic_levels())
BCQ2 = levels([-3, -1, 1, 3])
BCQ3 = levels([-7, -5, -3, -1, 1, 3, 5, 7])
BCQ3_ZERO = levels([-7, -5, -3, -1, 0, 1, 3, 5, 7])

GRIDS = {
    **{f"int{k}": integers(k) for k in (2, 3, 4, 5, 6, 7, 8, 16)},
    **{f"int{k}full": integers(k, full=True) for k in (2, 3, 4, 5, 6, 7, 8, 16)},
    **{"e4m3": E4M3, "e5m2": E5M2, "e3m2": E3M2, "e2m3": E2M3, "e2m1": E2M1, "e8m0": E8M0},
    **{"bfloat16": BFLOAT16, "float16": FLOAT16, "e4m3ieee": E4M3_IEEE},
    **{"ue4m3": minifloat(4, 3, 7, "nan", signed=False), "ue5m3": minifloat(5, 3, 15, "nan", signed=False)},
    **{"binary8p3se": one_nan(8, 3), "binary8p4se": one_nan(8, 4)},
    **{"fp4": FP4, "fp4inc": FP4INC, "iq4": IQ4, "dynamic8": DYNAMIC8},
    **{"nf4": NF4, "bcq2": BCQ2, "bcq3": BCQ3, "bcq3zero": BCQ3_ZERO},
}
"""A grid for every named format."""
