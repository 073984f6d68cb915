"""Uniform grids for powers of magnitudes, with a step that is given: the power quantizer, and what bits it has."""

from math import log2

import numpy as np

from sqtheory.arrays import Array


def clipped_power(x: Array, largest: float, power: float = 1.0) -> Array:
    """sgn(x) min(|x|, q_m)^t."""
    return np.asarray(np.sign(x) * np.minimum(np.abs(x), largest) ** power)


def power_quantized(x: Array, step: float, largest: float, power: float = 1.0) -> Array:
    """sgn(x) d round(min(|x|, q_m)^t/d), halves to even: values stay powers, no images of x for t ≠ 1.

    `qu2025geta`, as its code computes it (quantization/quant_layers.py, without a threshold below which all is 0).
    """
    return np.asarray(step * np.round(clipped_power(x, largest, power) / step))


def bits_of(step: float, largest: float, power: float = 1.0) -> float:
    """log₂(q_m^t/d + 1) + 1, for the signs and the levels up to q_m^t."""
    return log2(largest**power / step + 1) + 1


def step_of(bits: float, largest: float, power: float = 1.0) -> float:
    """q_m^t/(2^{b−1} − 1), the d of so many bits > 1."""
    return float(largest**power / (2 ** (bits - 1) - 1))
