"""Scales that are not lost where they round to 0."""

import numpy as np

from sqtheory.arrays import Array


def positive(scale: Array, wanted: Array) -> Array:
    """σ, with the smallest number of the dtype where σ rounded to 0 and what is wanted, whose sign it has, is not 0."""
    lost = (scale == 0) & (wanted != 0)
    least = np.finfo(scale.dtype).smallest_subnormal
    return np.where(lost, np.copysign(least, wanted).astype(scale.dtype), scale) if lost.any() else scale
