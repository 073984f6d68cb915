"""Sums over groups of one tile: of x, of the errors of s and of q, of both orders and of the best choice."""

import math
from dataclasses import dataclass
from operator import add
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.kernels.exact import BITS, SPAN, Numbers, sums, sums_below
from sqtheory.alphabet.kernels.scratch import scratch
from sqtheory.arrays import Array, Mask
from sqtheory.orders.partial import LOST

FRACTION = 23
"""A float32 number of at least 2^{u + FRACTION} is a multiple of 2^u."""
FEW = 1 / 64
"""Up to so many of the entries are added up by themselves."""


@final
@dataclass(frozen=True)
class Entries:
    """Flat magnitudes |x_i| and |y_i| of one dtype, y_i being 0 or of the sign of x_i; up to ``high``."""

    sizes: Array
    images: Array
    high: float
    p: float

    def sums(self, weights: Numbers, image_unit: int) -> tuple[list[int], list[int], int]:
        """2^1074 Σ |x_i|^p and 2^1074 Σ |x_i − y_i|^p, each followed by those with every row of weights −1, 0, 1.

        Then how many powers of numbers that are not 0 may have underflowed. Images are multiples of 2^image_unit.
        """
        size, along = self.wide()
        power = math.frexp(self.high**self.p)[1] + (self.p not in (1, 2))
        at, grid = self._apart(power, image_unit)
        few = size[at], size[at] - along[at]
        size[at] = along[at] = 0
        most = size, np.subtract(size, along, out=along)
        some = sum(_count(value) for value in most) if out_of_range(self.sizes.dtype, self.p) else 0
        for value in (*few, *most):
            _raise(value, self.p)
        lost = some - sum(_count(value >= LOST) for value in most) if out_of_range(self.sizes.dtype, self.p) else 0
        of_x, of_error = (
            list(map(add, sums_below(power, terms, weights, grid), sums(rest, weights[:, at])))
            for terms, rest in zip(most, few, strict=True)
        )
        return of_x, of_error, lost

    def wide(self) -> tuple[Numbers, Numbers]:
        """Both in float64, in memory of the kernels."""
        size, along = (scratch(name, self.sizes.size, np.float64) for name in ("size", "along"))
        np.copyto(size, self.sizes)
        np.copyto(along, self.images)
        return size, along

    def _apart(self, power: int, image_unit: int) -> tuple[NDArray[np.intp], int | None]:
        """Entries that are added up by themselves, and g, if the powers of all others are multiples of 2^g.

        If x_i and y_i are multiples of 2^u, so is x_i − y_i, and of 2^{2u} its square, however they are rounded: up
        to 2^53 such units nothing is, and beyond the spacing of float64 is a multiple of the unit.
        """
        if self.sizes.dtype == np.float32 and self.p in (1, 2):
            unit = -(((BITS if self.p == 1 else SPAN) - power) // int(self.p))
            if unit <= image_unit:
                small = np.less(self.sizes, 2.0 ** (unit + FRACTION), out=scratch("small", self.sizes.size, np.bool_))
                if small.any():
                    np.logical_and(small, self.sizes, out=small)
                if _count(small) <= FEW * small.size:
                    return np.flatnonzero(small), unit * int(self.p)
        return np.empty(0, np.intp), None


def out_of_range(dtype: np.dtype[Any], p: float) -> bool:
    """p-th powers of numbers of this dtype can leave the range of float64."""
    return dtype != np.float32 or p > 2.5


def weights(kept: Mask, *others: Mask) -> Numbers:
    """A row of 1 where entries are kept; then rows of what others keep less that."""
    rows: Numbers = scratch("weights", (1 + len(others)) * kept.size, np.float64).reshape(-1, *kept.shape)
    np.copyto(rows[0], kept)
    for row, other in zip(rows[1:], others, strict=True):
        np.copyto(row, np.subtract(other.view(np.int8), kept.view(np.int8)))
    return rows.reshape(len(rows), -1)


def _raise(value: Numbers, p: float) -> None:
    """|v_i|^p in place of v_i."""
    if p == 2:
        np.multiply(value, value, out=value)
        return
    np.abs(value, out=value)
    if p != 1:
        np.power(value, p, out=value)


def _count(values: NDArray[Any]) -> int:
    return int(np.count_nonzero(values))
