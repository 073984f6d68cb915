"""Codebooks: any finite set of levels, and the uniform binary-coded sums."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.formats.format import Format, Table
from sqtheory.alphabet.rounding import Rounding
from sqtheory.arrays import Array
from sqtheory.exceptions import need, real, whole


@final
@dataclass(frozen=True)
class Codebook(Format):
    """Γ = {c₀ < c₁ < …}, any finite set of levels; the code of a level is its place in the order.

    Nearest-even rounding sends a midpoint to the even code. Levels are given in ascending order.

    >>> Codebook("signs", (-1.0, 1.0)).bits
    1
    """

    name: str
    levels: tuple[float, ...]
    kind = "codebook"

    def __post_init__(self) -> None:
        need(self.name, str, "the name of a format")
        need(self.levels, tuple, f"codebook {self.name}: levels=")
        object.__setattr__(self, "levels", tuple(real(v, f"codebook {self.name}: a level") for v in self.levels))
        if not self.name.isidentifier():
            raise ValueError(f"a format's name must be an identifier, got {self.name!r}")
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


def sums_of(fmt: Format) -> tuple[int, bool] | None:
    """(k, zero) where a format is ``bcq_format(k, zero)``."""
    found = re.fullmatch(r"bcq([1-8])(zero)?", fmt.name)
    size = (int(found[1]), bool(found[2])) if found else None
    return size if size and fmt == bcq_format(*size) else None


def bcq_format(k: int, zero: bool = False) -> Codebook:
    """Γ = {Σ_{i<k} ±2^i} = {±1, ±3, …, ±(2^k−1)}, the uniform binary-coded sums; ``zero`` adds the level 0.

    Source: the sign-times-power-of-two sums of ShiftAddLLM, `you2024shiftaddllm`, with scales 2^i.

    >>> bcq_format(2).values
    array([-3., -1.,  1.,  3.])
    """
    need(zero, bool, "zero=")
    if not 1 <= whole(k, "the number of bits of a binary-coded sum") <= 8:
        raise ValueError(f"a binary-coded sum needs 1 to 8 bits, got {k}")
    odd = range(1 - 2**k, 2**k, 2)
    levels = sorted([*odd, 0]) if zero else odd
    return Codebook(f"bcq{k}{'zero' if zero else ''}", tuple(float(v) for v in levels))


def dynamic_format() -> Codebook:
    """The dynamic 8-bit map with sign: 0, 1, and ±10^(i−6) times the middles of 2^i equal parts of [0.1, 1], i < 7.

    Source: dynamic tree quantization of `dettmers2022optimizers`, §1.3; its levels in the float32 arithmetic of
    bitsandbytes 0.50.2, where ends of parts are counted from the nearer end of the interval.

    >>> dynamic_format().values.size
    256
    """
    real, levels = np.float32, [0.0, 1.0]
    low, high = real(0.1), real(1)
    for i in range(7):
        parts, step = np.arange(2**i + 1), np.float64((high - low) / real(2**i))
        from_below, from_above = low + step * parts, high - step * (2**i - parts)
        ends = np.where(parts < (2**i + 1) // 2, from_below, from_above).astype(real)
        middles = (real(10.0 ** (i - 6)) * ((ends[:-1] + ends[1:]) / real(2))).tolist()
        levels += [sign * v for v in middles for sign in (1, -1)]
    return Codebook("dynamic8", tuple(sorted(levels)))
