"""Codebooks on a tile: the level of every entry by comparing it with the numbers at which rounding changes its mind."""

from functools import lru_cache
from typing import Any

import numpy as np

from sqtheory.alphabet.formats import Codebook, Format
from sqtheory.alphabet.kernels.maxima import INTEGER
from sqtheory.alphabet.kernels.scratch import scratch
from sqtheory.alphabet.rounding import Rounding
from sqtheory.arrays import Array

FEW = 32
"""Up to so many levels are found by comparing with each; more by bisection."""


def to_level(v: Array, fmt: Codebook, rounding: Rounding) -> None:
    """``fmt.round(v, rounding)`` of finite or infinite entries of a flat array, in place."""
    cuts, levels = level_cuts(fmt, rounding, v.dtype), fmt.values.astype(v.dtype)
    if levels.size > FEW:
        np.take(levels, np.searchsorted(cuts, v, side="right"), out=v)
        return
    place, above = scratch("place", v.size, np.uint8), scratch("above", v.size, np.bool_)
    place.fill(0)
    for cut in cuts:
        np.add(place, np.greater_equal(v, cut, out=above).view(np.uint8), out=place)
    np.take(levels, place, out=v, mode="clip")


@lru_cache
def level_cuts(fmt: Format, rounding: Rounding, dtype: np.dtype[Any]) -> Array:
    """For each level but the first, the least number of the dtype that ``fmt.round`` sends to it or above.

    Every rounding is non-decreasing, so bisection over the dtype's numbers between two levels finds it.
    """
    levels = fmt.values.astype(dtype)
    low, high = (_ordinal(ends) for ends in (levels[:-1], levels[1:]))
    while np.any(low + 1 < high):
        middle = (low >> 1) + (high >> 1) + (low & high & 1)  # their difference may be beyond 64 bits
        up = fmt.round(_number(middle, dtype), rounding) >= levels[1:]
        low, high = np.where(up, low, middle), np.where(up, middle, high)
    return _number(high, dtype)


def _ordinal(v: Array) -> Any:
    """The place of finite numbers among all of their dtype, 0 for zero."""
    bits = v.view(INTEGER[v.dtype]).astype(np.int64)
    return np.where(bits < 0, np.iinfo(INTEGER[v.dtype]).min - bits, bits)


def _number(ordinal: Any, dtype: np.dtype[Any]) -> Array:
    """The inverse of ``_ordinal``."""
    kind = INTEGER[dtype]
    bits = np.where(ordinal < 0, np.iinfo(kind).min - ordinal, ordinal)
    return np.asarray(bits.astype(kind).view(dtype))
