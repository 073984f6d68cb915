"""The cell of a grid that every entry lies in, and the chances with which unbiased rounding picks its ends."""

from dataclasses import replace

import numpy as np

from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.rounding import ceil, floor
from sqtheory.arrays import Array
from sqtheory.exceptions import NonFinite


def cells(q: Quantizer, x: Array) -> tuple[Array, Array]:
    """The levels of q at the scales of x below and above every entry; equal on a level and beyond the grid.

    Raises NonFinite where q does not saturate and an entry lies beyond the grid.
    """
    low, high = (replace(q, rounding=rule).apply(x, x) for rule in (floor, ceil))
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        raise NonFinite(f"{q} does not saturate: an entry beyond its grid lies between no two levels")
    return low, high


def chances(x: Array, low: Array, high: Array) -> Array:
    """P(up) = (x − low)/(high − low) of unbiased rounding, 0 where the ends are equal."""
    width = high - low
    return np.divide(np.clip(x - low, 0, width), width, out=np.zeros_like(x), where=width > 0)
