"""Codes of the levels that values stand for under their scales, a slab at a time."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.formats import Codes, Format
from sqtheory.alphabet.kernels.rounders import rounder
from sqtheory.alphabet.rounding import nearest_even
from sqtheory.arrays import Array

_NONE = 0xFFFF
"""What stands in a table for the head of no level."""
_F32 = np.dtype(np.float32)


def codes_of(values: Array, sigma: Array, fmt: Format) -> Codes | None:
    """The code of the level c_i with fl(σ_i c_i) = x_i for every entry, bit for bit; None where one has none so found.

    Shapes and dtypes (float32) of x and σ are the same. x_i/σ_i is next to c_i, and rounds to it; a level is known by
    the upper half of its float32.
    """
    table = None if values.dtype != _F32 else _codes_by_head(fmt)
    if table is None:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        levels = np.divide(values, np.where(sigma == 0, sigma.dtype.type(1), sigma)).reshape(-1)
        rounder(fmt, nearest_even, True, values.dtype)(levels, lambda: np.inf)
        image = np.multiply(levels.reshape(values.shape), sigma)
    if not np.array_equal(image.view(np.uint32), np.ascontiguousarray(values).view(np.uint32)):
        return None
    codes = np.take(table, levels.view(np.uint32) >> 16).reshape(values.shape)
    return None if np.maximum.reduce(codes, axis=None, initial=0) == _NONE else codes.astype(np.uint8)


@lru_cache
def _codes_by_head(fmt: Format) -> NDArray[np.uint16] | None:
    """The code of the level with each upper half; None where levels are no such numbers or too many."""
    levels = fmt.values.astype(_F32)
    heads = levels.view(np.uint32)
    if fmt.bits > 8 or np.unique(heads >> 16).size < levels.size:
        return None
    table = np.full(1 << 16, _NONE, np.uint16)
    table[heads >> 16] = fmt.encode(levels).view(np.uint8) & ((1 << fmt.bits) - 1)
    if fmt.has_negative_zero:
        minus = np.array([-0.0], _F32)
        table[minus.view(np.uint32) >> 16] = fmt.encode(minus).view(np.uint8)
    return table
