"""A finite set of representable numbers: what every format knows and how it rounds."""

from abc import ABC, abstractmethod
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.rounding import Rounding, half_away, nearest_even
from sqtheory.arrays import Array, distinct

Codes: TypeAlias = NDArray[np.integer[Any]]
Table: TypeAlias = NDArray[np.float64]


class Format(ABC):
    """A finite grid Γ ⊂ ℝ of representable values, each with a code of ``bits`` bits.

    Every property is computed from the definition. ``round`` maps reals onto Γ in the dtype it is
    given (float32 or float64) with a single rounding; values outside [min, max] go to the nearer end.

    >>> from sqtheory import E2M1
    >>> E2M1.values[E2M1.values >= 0]
    array([0. , 0.5, 1. , 1.5, 2. , 3. , 4. , 6. ])
    """

    name: str
    kind: ClassVar[str]
    """What kind of grid it is, in words."""

    def full(self) -> "Format":
        """The format with −2^{k−1} for integers of k bits; itself for others."""
        return self

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
        return distinct(finite + 0.0)

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

    @property
    def implied_exponent(self) -> int:
        """Under a shared scale X of OCP MX a value v of Γ stands for X v 2^−this: 0 but for integers."""
        return 0

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
        free = self._unbounded(v, rounding)
        lost = self._lost(free, v)
        return np.where(lost, np.copysign(self.overflow, free), free).astype(v.dtype)

    def overflows(self, v: Array, rounding: Rounding = nearest_even) -> NDArray[np.bool_]:
        """Where v rounds beyond [min, max] with an unbounded exponent; infinity does, NaN does not."""
        return self._lost(self._unbounded(v, rounding), v)

    def _lost(self, free: Array, v: Array) -> NDArray[np.bool_]:
        return np.asarray((free > self.max) | (free < self.min) | np.isinf(v))

    def _unbounded(self, v: Array, rounding: Rounding) -> Array:
        beyond = self.max + float(self.step(self.max))
        edge = np.nextafter(beyond, 0) if rounding.deterministic else beyond
        return self.nearest_grid(np.clip(v.astype(np.float64), -edge, edge), rounding)

    def decode(self, codes: Codes, dtype: np.dtype[Any] | type = np.float32) -> Array:
        """The values that codes (bit patterns; integers may be signed) stand for, NaN and ±∞ codes included."""
        table: Array = self.code_values.astype(dtype)
        return np.asarray(table[np.asarray(codes).astype(np.int64) & ((1 << self.bits) - 1)])

    def encode(self, values: Array) -> Codes:
        """The codes (bit patterns, unsigned) of values on the grid in their dtype; ValueError for any other value."""
        finite = np.flatnonzero(np.isfinite(self.code_values))
        _, first = np.unique(self.code_values[finite] + 0.0, return_index=True)
        table = self.values.astype(np.result_type(values, np.float32))
        index = np.clip(np.searchsorted(table, values), 0, table.size - 1)
        if not np.array_equal(table[index], values):
            wrong = np.asarray(values)[table[index] != values].flat[0]
            raise ValueError(f"{wrong} is not a value of {self.name}")
        codes = np.asarray(finite[first[index]])
        if self.has_negative_zero:
            minus = np.flatnonzero((self.code_values == 0) & np.signbit(self.code_values))[0]
            plus = np.flatnonzero((self.code_values == 0) & ~np.signbit(self.code_values))[0]
            codes = np.where(np.asarray(values) == 0, np.where(np.signbit(values), minus, plus), codes)
        return codes.astype(np.uint8 if self.bits <= 8 else np.uint16)

    def __str__(self) -> str:
        return self.name


@lru_cache
def is_monotone(fmt: Format, rounding: Rounding) -> bool:
    """|a| ≤ |b| ⇒ |ρ(a)| ≤ |ρ(b)|, and no sign is reversed.

    Decided at every level, every cell boundary and their float64 neighbours.
    """
    if not rounding.deterministic:
        return False
    up, down = (sign * fmt.round(sign * _critical(fmt), rounding) for sign in (1, -1))
    if np.any(up[1:] < 0) or np.any(down[1:] < 0):
        return False
    positive, negative = np.abs(up), np.abs(down)
    mirrored = positive[1:] == negative[1:]  # the first point is 0, where the sign says nothing
    return bool(np.all(mirrored) and np.all(np.diff(positive) >= 0) and negative[0] <= negative[1])


@lru_cache
def is_nearly_monotone(fmt: Format, rounding: Rounding, reach: Fraction | None) -> bool:
    """|a| < |b| ≤ reach ⇒ |ρ(a)| ≤ |ρ(b)|; of ρ(a) and ρ(−a) the smaller is no further off; no sign is reversed.

    Decided as ``is_monotone`` is; without a ``reach`` for all numbers.
    """
    if not rounding.deterministic:
        return False
    end = max(fmt.max, -fmt.min)
    points = np.concatenate([_critical(fmt), [end + 1, end + 2]])
    if reach is not None:
        inside = np.array([Fraction(v) < reach for v in points.tolist()])
        points = points[np.concatenate([[True], inside[:-1]])]  # those after which a cell begins within reach
    up, down = (sign * fmt.round(sign * points, rounding) for sign in (1, -1))
    if np.any(up[1:] < 0) or np.any(down[1:] < 0):
        return False
    high, low = np.maximum(np.abs(up), np.abs(down)), np.minimum(np.abs(up), np.abs(down))
    apart = (Fraction(v) for at in np.flatnonzero(high > low) for v in (points[at], low[at], high[at]))
    no_further = all(abs(v - small) <= abs(v - large) for v, small, large in zip(apart, apart, apart, strict=True))
    return bool(np.all(high[:-1] <= low[1:])) and no_further


@lru_cache
def is_odd(fmt: Format, rounding: Rounding) -> bool:
    """ρ(−v) = −ρ(v), decided at every level, every cell boundary and their float64 neighbours."""
    points = _critical(fmt)
    return rounding.deterministic and bool(np.array_equal(fmt.round(-points, rounding), -fmt.round(points, rounding)))


def _critical(fmt: Format) -> Table:
    """Magnitudes at which a rounding rule can change its mind: 0, levels, midpoints, and their neighbours."""
    points = np.abs(np.concatenate([fmt.values, (fmt.values[1:] + fmt.values[:-1]) / 2]))
    below, above = np.abs(np.nextafter(points, -np.inf)), np.nextafter(points, np.inf)
    return distinct(np.concatenate([[0.0], below, points, above]))
