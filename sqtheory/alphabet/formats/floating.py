"""Small floating-point formats."""

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from functools import cached_property
from typing import final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.formats.format import Codes, Format, Table
from sqtheory.alphabet.rounding import Rounding
from sqtheory.arrays import Array
from sqtheory.exceptions import need, whole


class SpecialCodes(Enum):
    """Which codes of a floating-point format are not numbers.

    >>> from sqtheory import E4M3
    >>> E4M3.nonfinite is SpecialCodes.nan_only
    True
    """

    none = "every code is finite"
    nan_only = "the all-ones code is NaN, the rest of the top binade is finite"
    ieee = "the top binade holds infinity and NaN"
    extended = "the code of −0, or the last one without a sign, is NaN; the code of the largest magnitude is infinity"
    finite = "the code of −0, or the last one without a sign, is NaN; every other code is finite"


_ONE_NAN = (SpecialCodes.extended, SpecialCodes.finite)


@final
@dataclass(frozen=True)
class FloatFormat(Format):
    """Γ = {± 2^{E−bias} (1 + M/2^m)} ∪ {± 2^{1−bias} M/2^m}: e exponent bits, m fraction bits (OCP MX v1.0, §5.3).

    ``nonfinite`` says which codes are not numbers; ``signed=False`` drops the sign bit and
    ``subnormals=False`` the second set, so that exponent code 0 is an ordinary binade without zero.

    >>> FloatFormat("e3m4", e=3, m=4, bias=3).max
    31.0
    """

    name: str
    e: int
    m: int
    bias: int
    nonfinite: SpecialCodes = SpecialCodes.none
    signed: bool = True
    subnormals: bool = True
    kind = "floating point"

    def __post_init__(self) -> None:
        need(self.name, str, "the name of a format")
        for name in ("e", "m", "bias"):
            whole(getattr(self, name), f"{self.name}: {name}")
        for name, kind in (("nonfinite", SpecialCodes), ("signed", bool), ("subnormals", bool)):
            need(getattr(self, name), kind, f"{self.name}: {name}=")
        if not (1 <= self.e <= 8 and 0 <= self.m <= 10 and self.bits <= 16):
            raise ValueError(f"{self.name}: needs 1–8 exponent bits, 0–10 fraction bits, at most 16 in all")
        if not self.name.isidentifier():
            raise ValueError(f"a format's name must be an identifier, got {self.name!r}")
        if self.nonfinite in _ONE_NAN and not self.subnormals:
            raise ValueError(f"{self.name}: without subnormals there is no −0 whose code could be NaN")
        top_holds_numbers = self._specials < 1 << self.m
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
        value[value.size - self._specials :] = np.nan
        if self.overflow == np.inf:
            value[value.size - self._specials] = np.inf
        minus = -value
        if self.nonfinite in _ONE_NAN:
            minus[0] = np.nan
        return np.concatenate([value, minus]) if self.signed else value

    @property
    def _specials(self) -> int:
        """How many of the last codes of a sign are no numbers."""
        match self.nonfinite:
            case SpecialCodes.none:
                return 0
            case SpecialCodes.nan_only:
                return 1
            case SpecialCodes.ieee:
                return 1 << self.m
            case SpecialCodes.extended:
                return 1 + (not self.signed)
            case SpecialCodes.finite:
                return int(not self.signed)

    @property
    def overflow(self) -> float | None:
        if self.nonfinite is SpecialCodes.none:
            return None
        return np.inf if self.nonfinite in (SpecialCodes.ieee, SpecialCodes.extended) else np.nan

    def nearest_grid(self, v: Array, rounding: Rounding) -> Array:
        if self.emin < np.finfo(v.dtype).minexp:  # binades that only subnormal numbers of the dtype are in
            return self.nearest_grid(v.astype(np.float64), rounding).astype(v.dtype)
        step = np.maximum(binade(v), v.dtype.type(self.min_normal)) * v.dtype.type(2.0**-self.m)
        rounded = np.asarray(rounding.integer(v / step) * step)
        if self._has_hole:
            inner = v[self._in_hole(v)].astype(np.float64)
            hi = np.full(inner.shape, self.min_normal)
            up = rounding.upper(inner, -hi, hi, np.ones(inner.shape, np.bool_))  # a tie goes to v's side, 0 up
            rounded[self._in_hole(v)] = np.where(up, hi, -hi)
        return rounded if self.has_negative_zero or self._has_hole else rounded + v.dtype.type(0)

    def round_exactly(self, v: Fraction, rounding: Rounding) -> Fraction:
        """ρ(v) of a rational number by a deterministic rule that acts alike in all cells; it saturates."""
        v = min(max(v, Fraction(self.min)), Fraction(self.max))
        if self._has_hole and abs(v) < self.min_normal:
            return Fraction(float(self.nearest_grid(np.array([_beside(v, 2 * self.min_normal)]), rounding)[0]))
        power = v.numerator.bit_length() - v.denominator.bit_length()
        power -= bool(v) and Fraction(2) ** power > abs(v)
        unit = Fraction(2) ** (max(power, self.emin) - self.m)
        return Fraction(float(rounding.integer(np.array([_beside(v / unit, 1.0)]))[0])) * unit

    def step(self, v: Array | float) -> Array:
        magnitude = np.clip(np.abs(np.asarray(v, np.float64)), self.min_normal, self.max)
        step = np.asarray(binade(magnitude) * 2.0**-self.m)
        return np.where(self._in_hole(np.asarray(v)), 2 * self.min_normal, step) if self._has_hole else step

    @property
    def _has_hole(self) -> bool:
        """No number lies between −min_normal and min_normal, 0 included."""
        return self.signed and not self.subnormals

    def _in_hole(self, v: Array) -> NDArray[np.bool_]:
        return np.asarray(np.abs(v) < self.min_normal)


def _beside(v: Fraction, unit: float) -> float:
    """A number of float64 on the same side of all multiples of half a unit, or on the same one."""
    half = Fraction(unit) / 2
    below = v // half
    return float((below + (0 if v == below * half else Fraction(1, 2))) * half)


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


def p3109(k: int, p: int, *, signed: bool = True, extended: bool = True) -> FloatFormat:
    """Binary{k}p{p}: k bits with a precision of p, one zero, one NaN, and infinity if ``extended`` (IEEE P3109).

    The exponent has the bias 2^(k−p−1), or 2^(k−p) without a sign. Source: the interim report (`p3109interim`), as
    gfloat 0.5.2 reads it.

    >>> p3109(8, 3).max
    49152.0
    """
    e = whole(k, "the bits of a P3109 format") - whole(p, "the precision of a P3109 format") + (not signed)
    if not (1 <= p and 1 <= e):
        raise ValueError(f"binary{k}p{p}: needs a precision of 1 to {k - 1} bits")
    name = f"binary{k}p{p}{'s' if signed else 'u'}{'e' if extended else 'f'}"
    special = SpecialCodes.extended if extended else SpecialCodes.finite
    return FloatFormat(name, e, p - 1, 1 << e - 1, special, signed)
