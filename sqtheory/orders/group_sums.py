"""Exact sums over one tile: of p-th powers, and of what keeping entries saves of the error."""

import math
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from operator import add, sub
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.gains import saved
from sqtheory.alphabet.kernels.exact import BITS, SPAN, Numbers, sums, sums_below
from sqtheory.alphabet.kernels.scratch import scratch
from sqtheory.arrays import Array, Mask
from sqtheory.orders.partial import LOST

FRACTION = 23
"""A float32 number of at least 2^{u + FRACTION} is a multiple of 2^u."""
LEAST = -149
"""All of float32 are multiples of 2^this."""
TILE = 1 << 17
"""Entries whose powers are summed at once: they stay in cache."""
FEW = 1 / 64
"""Up to so many of the entries are added up by themselves."""


@final
@dataclass(frozen=True)
class TileSums:
    """Sums in units of 2^−1074, also under rows of weights −1, 0, 1."""

    powers: list[int]
    """Σ |x_i|^p; the same with the first row."""
    gains: list[int]
    """Σ |x_i|^p − |x_i − y_i|^p; the same with every row."""
    lost: int
    """Powers of numbers that are not 0 which may have underflowed."""

    def __add__(self, other: "TileSums") -> "TileSums":
        powers, gains = map(add, self.powers, other.powers), map(add, self.gains, other.gains)
        return TileSums(list(powers), list(gains), self.lost + other.lost)


@final
@dataclass(frozen=True, eq=False)
class Entries:
    """Flat magnitudes |x_i| and |y_i| up to ``high``, y_i being 0 or of the sign of x_i."""

    sizes: Array
    images: Array
    high: float
    p: float
    unit: int
    """Every y_i is a multiple of 2^unit."""
    short: bool
    """y_i has few bits, and 0 is no nearer to x_i."""

    def sums(self, kept: Mask, *others: Mask) -> TileSums:
        """What the entries add up to: all of them, those that a mask keeps, and what others keep less that."""
        chosen = kept.reshape(-1)
        found = reduce(add, (self._at(cut)._sums(chosen[cut]) for cut in _cuts(self.sizes.size)))
        more = (self._changed(chosen, other.reshape(-1)) for other in others)
        return replace(found, gains=[*found.gains, *more])

    def gains(self) -> Numbers:
        """|x_i|^p − |x_i − y_i|^p in memory of the kernels."""
        found: Numbers = scratch("gains", self.sizes.size, np.float64)
        for cut in _cuts(found.size):
            saved(*self._at(cut)._wide(), self.p, found[cut])
        return found

    def _at(self, cut: slice | NDArray[np.intp]) -> "Entries":
        return replace(self, sizes=self.sizes[cut], images=self.images[cut])

    def _changed(self, kept: Mask, other: Mask) -> int:
        """Σ |x_i|^p − |x_i − y_i|^p of what another mask keeps, less that of the first: y_i = 0 adds nothing."""
        differ = np.not_equal(kept, other, out=scratch("differ", kept.size, np.bool_))
        alive = np.not_equal(self.images, 0, out=scratch("alive", kept.size, np.bool_))
        at = np.flatnonzero(np.logical_and(differ, alive, out=differ))
        some, signs = self._at(at), np.where(other[at], 1.0, -1.0)
        parts = ((some._at(cut), signs[None, cut]) for cut in _cuts(at.size))
        return sum(part._gains(*part._wide(), row)[1] for part, row in parts)

    def _sums(self, kept: Mask) -> TileSums:
        size, along = self._wide()
        row: Numbers = scratch("weights", size.size, np.float64)[None]
        np.copyto(row[0], kept)
        if self._gains_are_exact:
            gains = self._gains(size, along, row)
            return TileSums(self._powers(size, row)[0], gains, 0)
        error = np.subtract(size, along, out=along)
        powers, lost = self._powers(size, row)
        of_error, gone = self._powers(error, row)
        return TileSums(powers, list(map(sub, powers, of_error)), lost + gone)

    def _gains(self, size: Numbers, along: Numbers, weights: Numbers) -> list[int]:
        if self._gains_are_exact:
            gain = saved(size, along, 2, scratch("gain", size.size, np.float64))
            return sums_below(self._power, gain, weights, 2 * self.unit - FRACTION)
        error = np.subtract(size, along, out=along)
        powers, of_error = (self._powers(terms, weights)[0] for terms in (size, error))
        return list(map(sub, powers, of_error))

    def _wide(self) -> tuple[Numbers, Numbers]:
        """Both in float64, in memory of the kernels."""
        size, along = (scratch(name, self.sizes.size, np.float64) for name in ("size", "along"))
        np.copyto(size, self.sizes)
        np.copyto(along, self.images)
        return size, along

    def _powers(self, terms: Numbers, weights: Numbers) -> tuple[list[int], int]:
        """The exact sums of |t_i|^p, the terms being spoiled, and how many may have underflowed."""
        apart, grid = self._apart
        few = _raised(terms[apart], self.p)
        terms[apart] = 0
        wide = out_of_range(self.sizes.dtype, self.p)
        some = np.count_nonzero(terms) if wide else 0
        most = _raised(terms, self.p)
        lost = int(some - np.count_nonzero(most >= LOST)) if wide else 0
        return list(map(add, sums_below(self._power, most, weights, grid), sums(few, weights[:, apart]))), lost

    @cached_property
    def _power(self) -> int:
        """No p-th power is above 2^this."""
        return math.frexp(self.high**self.p)[1] + (self.p not in (1, 2))

    @cached_property
    def _apart(self) -> tuple[NDArray[np.intp], int | None]:
        """Entries that are added up by themselves, and g, if the powers of all others are multiples of 2^g.

        If x_i and y_i are multiples of 2^u, so is x_i − y_i, and of 2^{2u} its square, however float64 rounds them:
        it rounds only what exceeds 2^53 units, to multiples of them.
        """
        if self.sizes.dtype == np.float32 and self.p in (1, 2):
            unit = -((self._span - self._power) // int(self.p))
            if unit <= max(self.unit, LEAST):
                bound, small = 2.0 ** (unit + FRACTION), scratch("small", self.sizes.size, np.bool_)
                few = np.count_nonzero(np.less(self.sizes, bound, out=small)) <= FEW * small.size
                if not few:  # most of them may be 0
                    few = np.count_nonzero(np.logical_and(small, self.sizes > 0, out=small)) <= FEW * small.size
                if few:
                    return np.flatnonzero(small), unit * int(self.p)
        return np.empty(0, np.intp), None

    @property
    def _span(self) -> int:
        return BITS if self.p == 1 else SPAN

    @property
    def _gains_are_exact(self) -> bool:
        """|x_i|² − |x_i − y_i|² = |y_i| (2|x_i| − |y_i|) in float64, and a multiple of 2^{2 unit − 23}.

        Where y_i ≠ 0 the unit is at least twice the spacing of float32 at x_i, so x_i − y_i, no larger than x_i, has 24
        bits; and |x_i| ≥ |y_i|/2 ≥ 2^{unit−1} is a multiple of 2^{unit−24}.
        """
        return (
            self.short
            and self.p == 2
            and self.sizes.dtype == np.float32
            and self.unit > LEAST
            and self.high < min(2.0 ** (self.unit + FRACTION - 1), 2.0**127)
        )


def out_of_range(dtype: np.dtype[Any], p: float) -> bool:
    """p-th powers of numbers of this dtype can leave the range of float64."""
    return dtype != np.float32 or p > 2.5


def _cuts(size: int) -> list[slice]:
    """Slices that stay in cache."""
    return [slice(at, min(at + TILE, size)) for at in range(0, size, TILE)]


def _raised(value: Numbers, p: float) -> Numbers:
    """|v_i|^p in place of v_i."""
    if p == 2:
        return np.multiply(value, value, out=value)
    np.abs(value, out=value)
    return value if p == 1 else np.power(value, p, out=value)
