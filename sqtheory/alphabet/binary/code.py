"""Sums of scaled sign vectors."""

from dataclasses import dataclass
from itertools import product
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.arrays import Array, Mask

Signs: TypeAlias = NDArray[np.int8]


@final
@dataclass(frozen=True, eq=False)
class BinaryCode:
    """Rows Σ_i α_i b_i: scales α (rows, k) ≥ 0, float64, and signs b (rows, n, k), ±1 where encoded and 0 elsewhere."""

    scales: Array
    signs: Signs

    @property
    def values(self) -> Array:
        """Σ_i α_i b_i of every row (rows, n), float64."""
        total = np.zeros(self.signs.shape[:2])
        for bit in range(self.signs.shape[2]):
            total += self.scales[:, bit, None] * self.signs[:, :, bit]
        return total

    def restricted(self, kept: Mask) -> "BinaryCode":
        """The same code of fewer entries (rows, n): the signs of the others are 0."""
        return BinaryCode(self.scales, self.signs * kept[:, :, None].astype(np.int8))

    @property
    def levels(self) -> Array:
        """All 2^k sums Σ ±α_i of every row in ascending order."""
        return np.sort(levels(self.scales)[0], axis=1)

    @property
    def has_zero(self) -> Mask:
        """Rows in which 0 is a level, as where all scales are 0 or two of them are equal and the others cancel."""
        return np.asarray((self.levels == 0).any(axis=1))


def levels(scales: Array) -> tuple[Array, Signs]:
    """The sums of scales (rows, k) under every choice of k signs (rows, 2^k), and these choices (2^k, k)."""
    choices = np.array(list(product((-1, 1), repeat=scales.shape[1])), np.int8)
    sums = np.zeros((len(scales), len(choices)))
    for bit in range(scales.shape[1]):
        sums += scales[:, bit, None] * choices[:, bit]
    return sums, choices


def nearest_code(rows: Array, scales: Array, kept: Mask) -> BinaryCode:
    """The code of every kept entry whose level is nearest, the upper of two as near; of least error for its scales."""
    sums, choices = levels(scales)
    order = np.argsort(sums, axis=1, kind="stable")
    ascending = np.take_along_axis(sums, order, axis=1)
    place = np.zeros(rows.shape, np.intp)
    for at in range(ascending.shape[1] - 1):
        place += rows >= ((ascending[:, at] + ascending[:, at + 1]) / 2)[:, None]
    signs = choices[np.take_along_axis(order, place, axis=1)]
    return BinaryCode(scales, signs).restricted(kept)
