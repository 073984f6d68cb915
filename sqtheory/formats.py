"""Finite sets of representable numbers: integers, small floating-point formats, codebooks, binary-coded sums."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property, lru_cache
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.arrays import Array
from sqtheory.rounding import Rounding, half_away, nearest_even

Codes: TypeAlias = NDArray[np.integer[Any]]
Table: TypeAlias = NDArray[np.float64]


class Format(ABC):
    """A finite grid Γ ⊂ ℝ of representable values, each with a code of ``bits`` bits.

    Every property is computed from the definition. ``round`` maps reals onto Γ in the dtype it is
    given (float32 or float64) with a single rounding; values outside [min, max] go to the nearer end.
    """

    name: str

    @property
    @abstractmethod
    def bits(self) -> int:
        """Bits of one code."""

    @cached_property
    @abstractmethod
    def code_values(self) -> Table:
        """The number (or NaN, ±∞) that each code 0 … 2^bits − 1 stands for, float64."""

    @abstractmethod
    def nearest_grid(self, v: Array, rounding: Rounding) -> Array:
        """Round v onto the grid, continued beyond [min, max] where the format can overflow; NaN stays NaN."""

    @abstractmethod
    def step(self, v: Array | float) -> Array:
        """The width of the grid cell that v lies in (at a grid point: the one away from zero), float64.

        From the ends outward it is that of the first cell of the grid continued.
        """

    @cached_property
    def values(self) -> Table:
        """The finite representable numbers in ascending order, each once (−0 counts as 0)."""
        finite = self.code_values[np.isfinite(self.code_values)]
        return np.unique(finite + 0.0)

    @property
    def max(self) -> float:
        """max Γ."""
        return float(self.values[-1])

    @property
    def min(self) -> float:
        """min Γ."""
        return float(self.values[0])

    @property
    def smallest(self) -> float:
        """The smallest positive element of Γ."""
        return float(self.values[self.values > 0][0])

    @property
    def min_normal(self) -> float | None:
        """The smallest positive number of full precision; None where the notion has no meaning."""
        return None

    @property
    def min_subnormal(self) -> float | None:
        """The smallest positive number of reduced precision; None where there is none."""
        return None

    @property
    def fraction_bits(self) -> int:
        """Bits below the leading one of the largest magnitude, ⌊log₂ max⌋ places down to the step there."""
        return int(np.frexp(self.max)[1] - np.frexp(float(self.step(self.max)))[1])

    @cached_property
    def odd(self) -> bool:
        """Γ = −Γ."""
        return bool(np.array_equal(self.values, -self.values[::-1]))

    @cached_property
    def has_zero(self) -> bool:
        """0 ∈ Γ."""
        return bool(np.any(self.values == 0))

    @cached_property
    def has_negative_zero(self) -> bool:
        """−0 has a code of its own."""
        return bool(np.any((self.code_values == 0) & np.signbit(self.code_values)))

    @property
    def monotone(self) -> bool:
        """|a| ≤ |b| ⇒ |ρ(a)| ≤ |ρ(b)| for nearest rounding with ties away from zero."""
        return is_monotone(self, half_away)

    @property
    def overflow(self) -> float | None:
        """What a number beyond the range becomes when it does not saturate: ∞ or NaN; None where neither exists."""
        return None

    def round(self, v: Array, rounding: Rounding = nearest_even, *, saturate: bool = True) -> Array:
        """ρ(v): round every entry of v onto Γ; beyond [min, max] it saturates, or becomes ±∞ or NaN as the format has.

        v is float32 or float64 and so is the result; NaN stays NaN. With ``saturate=False`` overflow is
        that of IEEE 754 (§7.4): judged after rounding with an unbounded exponent, so that a rule which
        rounds toward zero there stays at the end of the range, and infinity always overflows. Raises
        ValueError when ``saturate=False`` is asked of a format that has neither infinity nor NaN.
        """
        if saturate:
            return self.nearest_grid(np.clip(v, self.min, self.max), rounding)
        if self.overflow is None:
            raise ValueError(f"{self.name} has no infinity and no NaN, so it can only saturate")
        beyond = self.max + float(self.step(self.max))
        edge = np.nextafter(beyond, 0) if rounding.deterministic else beyond
        free = self.nearest_grid(np.clip(v.astype(np.float64), -edge, edge), rounding)
        lost = (free > self.max) | (free < self.min) | np.isinf(v)
        return np.where(lost, np.copysign(self.overflow, free), free).astype(v.dtype)

    def decode(self, codes: Codes, dtype: np.dtype[Any] | type = np.float32) -> Array:
        """The values that codes (bit patterns; integers may be signed) stand for, NaN and ±∞ codes included."""
        table: Array = self.code_values.astype(dtype)
        return np.asarray(table[np.asarray(codes).astype(np.int64) & ((1 << self.bits) - 1)])

    def encode(self, values: Array) -> Codes:
        """The codes (bit patterns, unsigned) of values on the grid in their dtype; ValueError for any other value."""
        finite = np.flatnonzero(np.isfinite(self.code_values))
        by_value = finite[np.argsort(self.code_values[finite] + 0.0, kind="stable")]
        _, first = np.unique(self.code_values[by_value] + 0.0, return_index=True)
        table = self.values.astype(np.result_type(values, np.float32))
        index = np.clip(np.searchsorted(table, values), 0, table.size - 1)
        if not np.array_equal(table[index], values):
            wrong = np.asarray(values)[table[index] != values].flat[0]
            raise ValueError(f"{wrong} is not a value of {self.name}")
        codes = np.asarray(by_value[first[index]])
        if self.has_negative_zero:
            minus = np.flatnonzero((self.code_values == 0) & np.signbit(self.code_values))[0]
            plus = np.flatnonzero((self.code_values == 0) & ~np.signbit(self.code_values))[0]
            codes = np.where(np.asarray(values) == 0, np.where(np.signbit(values), minus, plus), codes)
        return codes.astype(np.uint8 if self.bits <= 8 else np.uint16)

    def __str__(self) -> str:
        return self.name


@final
@dataclass(frozen=True)
class IntFormat(Format):
    """Γ = {−(2^{k−1}−1), …, 2^{k−1}−1}; with ``full_range`` also −2^{k−1} (two's complement), 2 ≤ k ≤ 16."""

    k: int
    full_range: bool = False
    name: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", f"int{self.k}{'full' if self.full_range else ''}")
        if not 2 <= self.k <= 16:
            raise ValueError(f"an integer format needs 2 to 16 bits, got {self.k}")

    @property
    def bits(self) -> int:
        return self.k

    @cached_property
    def code_values(self) -> Table:
        half = 1 << (self.k - 1)
        value: Table = (np.arange(2.0 * half) + half) % (2 * half) - half
        if not self.full_range:
            value[half] = np.nan
        return value

    def nearest_grid(self, v: Array, rounding: Rounding) -> Array:
        return rounding.integer(v) + v.dtype.type(0)

    def encode(self, values: Array) -> Codes:
        """The integers themselves, int8 or int16; ValueError for a value that is no element of Γ."""
        patterns = super().encode(values)
        signed = np.asarray(patterns.astype(np.uint16) << (16 - self.k)).view(np.int16) >> (16 - self.k)
        return np.asarray(signed, np.int8 if self.k <= 8 else np.int16)

    def step(self, v: Array | float) -> Array:
        return np.ones(np.shape(v))


class Nonfinite(Enum):
    """Which codes of a floating-point format are not numbers."""

    none = "every code is finite"
    nan_only = "the all-ones code is NaN, the rest of the top binade is finite"
    ieee = "the top binade holds infinity and NaN"


@final
@dataclass(frozen=True)
class FloatFormat(Format):
    """Γ = {± 2^{E−bias} (1 + M/2^m)} ∪ {± 2^{1−bias} M/2^m}: e exponent bits, m fraction bits (OCP MX v1.0, §5.3).

    ``nonfinite`` says which codes are not numbers; ``signed=False`` drops the sign bit and
    ``subnormals=False`` the second set, so that exponent code 0 is an ordinary binade without zero.
    """

    name: str
    e: int
    m: int
    bias: int
    nonfinite: Nonfinite = Nonfinite.none
    signed: bool = True
    subnormals: bool = True

    def __post_init__(self) -> None:
        if not (1 <= self.e <= 8 and 0 <= self.m <= 10 and self.bits <= 16):
            raise ValueError(f"{self.name}: needs 1–8 exponent bits, 0–10 fraction bits, at most 16 in all")
        if not self.name.isidentifier():
            raise ValueError(f"a format's name must be an identifier, got {self.name!r}")
        top_holds_numbers = self.nonfinite is Nonfinite.none or (self.nonfinite is Nonfinite.nan_only and self.m > 0)
        if self.emin - self.m < -149 or (1 << self.e) - 2 + top_holds_numbers - self.bias > 127:
            raise ValueError(f"{self.name}: bias {self.bias} gives values that float32 does not have")

    @property
    def bits(self) -> int:
        return int(self.signed) + self.e + self.m

    @property
    def emin(self) -> int:
        """Exponent of the smallest normal number."""
        return int(self.subnormals) - self.bias

    @property
    def min_normal(self) -> float:
        return 2.0**self.emin

    @property
    def min_subnormal(self) -> float | None:
        return 2.0 ** (self.emin - self.m) if self.subnormals and self.m else None

    @property
    def fraction_bits(self) -> int:
        return self.m

    @cached_property
    def code_values(self) -> Table:
        code = np.arange(1 << (self.e + self.m))
        exponent, fraction = code >> self.m, code & ((1 << self.m) - 1)
        leading = (exponent > 0) | (not self.subnormals)
        power = np.maximum(exponent, int(self.subnormals)) - self.bias
        value: Table = np.ldexp(leading + fraction / 2.0**self.m, power)
        if self.nonfinite is Nonfinite.nan_only:
            value[-1] = np.nan
        elif self.nonfinite is Nonfinite.ieee:
            top = exponent == (1 << self.e) - 1
            value[top] = np.where(fraction[top] == 0, np.inf, np.nan)
        return np.concatenate([value, -value]) if self.signed else value

    @property
    def overflow(self) -> float | None:
        return {Nonfinite.none: None, Nonfinite.nan_only: np.nan, Nonfinite.ieee: np.inf}[self.nonfinite]

    def nearest_grid(self, v: Array, rounding: Rounding) -> Array:
        step = np.maximum(binade(v), v.dtype.type(self.min_normal)) * v.dtype.type(2.0**-self.m)
        return rounding.integer(v / step) * step

    def step(self, v: Array | float) -> Array:
        magnitude = np.clip(np.abs(np.asarray(v, np.float64)), self.min_normal, self.max)
        return binade(magnitude) * 2.0**-self.m


@final
@dataclass(frozen=True)
class Codebook(Format):
    """Γ = {c₀ < c₁ < …}, any finite set of levels; the code of a level is its place in the order.

    Nearest-even rounding sends a midpoint to the even code. Levels are given in ascending order.
    """

    name: str
    levels: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.levels) < 2 or not all(np.diff(self.levels) > 0) or not np.all(np.isfinite(self.levels)):
            raise ValueError(f"codebook {self.name}: needs two or more finite levels in ascending order")
        if not (max(self.levels) > 0 and max(map(abs, self.levels)) <= float(np.finfo(np.float32).max)):
            raise ValueError(f"codebook {self.name}: needs a positive level, and none beyond the range of float32")

    @property
    def bits(self) -> int:
        return (len(self.levels) - 1).bit_length()

    @cached_property
    def code_values(self) -> Table:
        table = np.full(1 << self.bits, np.nan)
        table[: len(self.levels)] = self.levels
        return table

    def nearest_grid(self, v: Array, rounding: Rounding) -> Array:
        wide = v.astype(np.float64)
        index, lo, hi = self._cell(wide)
        up = rounding.upper(wide, lo, hi, (index & 1).astype(bool))
        return np.where(np.isnan(wide), wide, np.where(up, hi, lo)).astype(v.dtype)

    def step(self, v: Array | float) -> Array:
        outward = np.asarray(v, np.float64)
        _, lo, hi = self._cell(np.where(outward < 0, np.nextafter(outward, -np.inf), outward))
        return np.asarray(hi - lo)

    def _cell(self, v: Array) -> tuple[NDArray[np.intp], Table, Table]:
        """The code of the level below v, that level and the next."""
        below = np.asarray(np.searchsorted(self.values, v, side="right") - 1)
        index = np.clip(below, 0, self.values.size - 2)
        return index, self.values[index], self.values[index + 1]


def bcq_format(k: int, zero: bool = False) -> Codebook:
    """Γ = {Σ_{i<k} ±2^i} = {±1, ±3, …, ±(2^k−1)}, the uniform binary-coded sums; ``zero`` adds the level 0.

    Source: the sign-times-power-of-two sums of ShiftAddLLM, `you2024shiftaddllm`, with scales 2^i.
    """
    if not 1 <= k <= 8:
        raise ValueError(f"a binary-coded sum needs 1 to 8 bits, got {k}")
    odd = range(1 - 2**k, 2**k, 2)
    levels = sorted([*odd, 0]) if zero else odd
    return Codebook(f"bcq{k}{'zero' if zero else ''}", tuple(float(v) for v in levels))


@lru_cache
def is_monotone(fmt: Format, rounding: Rounding) -> bool:
    """|a| ≤ |b| ⇒ |ρ(a)| ≤ |ρ(b)|, decided at every level, every cell boundary and their float64 neighbours."""
    if not rounding.deterministic:
        return False
    positive, negative = (np.abs(fmt.round(sign * _critical(fmt), rounding)) for sign in (1, -1))
    mirrored = positive[1:] == negative[1:]  # the first point is 0, where the sign says nothing
    return bool(np.all(mirrored) and np.all(np.diff(positive) >= 0) and negative[0] <= negative[1])


@lru_cache
def is_odd(fmt: Format, rounding: Rounding) -> bool:
    """ρ(−v) = −ρ(v), decided at every level, every cell boundary and their float64 neighbours."""
    points = _critical(fmt)
    return rounding.deterministic and bool(np.array_equal(fmt.round(-points, rounding), -fmt.round(points, rounding)))


def _critical(fmt: Format) -> Table:
    """Magnitudes at which a rounding rule can change its mind: 0, levels, midpoints, and their neighbours."""
    points = np.abs(np.concatenate([fmt.values, (fmt.values[1:] + fmt.values[:-1]) / 2]))
    below, above = np.abs(np.nextafter(points, -np.inf)), np.nextafter(points, np.inf)
    return np.unique(np.concatenate([[0.0], below, points, above]))


def binade(v: Array) -> Array:
    """2^⌊log₂|v|⌋ from the exponent bits, in the dtype of v (float32 or float64); 0 for zero and subnormals."""
    whole = np.atleast_1d(v)
    bits: Codes = (
        whole.view(np.int32) & np.int32(0x7F800000)
        if v.dtype == np.float32
        else whole.view(np.int64) & np.int64(0x7FF0000000000000)
    )
    power: Array = bits.view(v.dtype)
    return power.reshape(np.shape(v))


INT2, INT3, INT4, INT5, INT6, INT7, INT8, INT16 = (IntFormat(k) for k in (2, 3, 4, 5, 6, 7, 8, 16))
E4M3 = FloatFormat("e4m3", 4, 3, 7, Nonfinite.nan_only)
E5M2 = FloatFormat("e5m2", 5, 2, 15, Nonfinite.ieee)
E3M2 = FloatFormat("e3m2", 3, 2, 3)
E2M3 = FloatFormat("e2m3", 2, 3, 1)
E2M1 = FloatFormat("e2m1", 2, 1, 1)
E8M0 = FloatFormat("e8m0", 8, 0, 127, Nonfinite.nan_only, signed=False, subnormals=False)
BFLOAT16 = FloatFormat("bfloat16", 8, 7, 127, Nonfinite.ieee)
FLOAT16 = FloatFormat("float16", 5, 10, 15, Nonfinite.ieee)
E4M3_IEEE = FloatFormat("e4m3ieee", 4, 3, 7, Nonfinite.ieee)
NF4 = Codebook(
    "nf4",
    (
        -1.0,
        -0.6961928009986877,
        -0.5250730514526367,
        -0.39491748809814453,
        -0.28444138169288635,
        -0.18477343022823334,
        -0.09105003625154495,
        0.0,
        0.07958029955625534,
        0.16093020141124725,
        0.24611230194568634,
        0.33791524171829224,
        0.44070982933044434,
        0.5626170039176941,
        0.7229568362236023,
        1.0,
    ),
)
"""NormalFloat4: quantiles of the normal law, as published (`dettmers2023qlora`, App. E); levels are float32 numbers."""

FORMATS: Mapping[str, Format] = {
    f.name: f
    for f in (
        *(INT2, INT3, INT4, INT5, INT6, INT7, INT8, INT16),
        *(IntFormat(k, full_range=True) for k in (2, 3, 4, 5, 6, 7, 8, 16)),
        *(E4M3, E5M2, E3M2, E2M3, E2M1, E8M0, BFLOAT16, FLOAT16, E4M3_IEEE),
        *(NF4, bcq_format(2), bcq_format(3), bcq_format(3, zero=True)),
    )
}
"""Every format with a name, in the order the tables print them."""
