"""Scales as they are read: numbers that are checked, and bytes that are exponents."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqtheory.exceptions import first_at

BIAS = 127
"""E8M0: a byte e stands for 2^{e−127} (OCP MX v1.0, §5.4.1)."""
EXPONENTS = frozenset({"U8", "F8_E8M0"})
"""Types of a file in which exponents come: as bytes, and as numbers of a type of their own."""
_NAN = 255


def powers(scales: NDArray[Any]) -> NDArray[np.float32]:
    """The float32 numbers of bytes e, or of numbers 2^{e−127} as ``read`` gives them; ValueError for e = 255, NaN."""
    wrong = scales == _NAN if scales.dtype == np.uint8 else ~(scales > 0)
    if wrong.any():
        raise ValueError(f"the scale at {first_at(wrong)} is NaN, byte 0xff")
    if scales.dtype != np.uint8:
        return scales.astype(np.float32)
    return np.asarray(np.ldexp(np.float32(1), scales.astype(np.int32) - BIAS))


def finite(scales: NDArray[Any]) -> NDArray[Any]:
    """The scales; ValueError where one is NaN or infinite."""
    wrong = ~np.isfinite(scales)
    if wrong.any():
        raise ValueError(f"the scale at {first_at(wrong)} is {scales[wrong][0]}")
    return scales


def positive(factors: NDArray[Any]) -> NDArray[Any]:
    """Scales of a whole tensor; ValueError where one is NaN, infinite, negative or 0."""
    wrong = ~(np.isfinite(factors) & (factors > 0))
    if wrong.any():
        raise ValueError(f"the scale of the tensor is {np.atleast_1d(factors)[np.atleast_1d(wrong)][0]}")
    return factors
