"""Small floating-point formats."""

from dataclasses import dataclass
from enum import Enum
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
        finite, nan_only = self.nonfinite is SpecialCodes.none, self.nonfinite is SpecialCodes.nan_only
        top_holds_numbers = finite or (nan_only and self.m > 0)
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
        if self.nonfinite is SpecialCodes.nan_only:
            value[-1] = np.nan
        elif self.nonfinite is SpecialCodes.ieee:
            top = exponent == (1 << self.e) - 1
            value[top] = np.where(fraction[top] == 0, np.inf, np.nan)
        return np.concatenate([value, -value]) if self.signed else value

    @property
    def overflow(self) -> float | None:
        return {SpecialCodes.none: None, SpecialCodes.nan_only: np.nan, SpecialCodes.ieee: np.inf}[self.nonfinite]

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
        return rounded if self.signed else rounded + v.dtype.type(0)

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
