"""The precision that a package computes values in: float32 numbers rounded to the nearest of a type, ties to even."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32]


def _bfloat16(x: Values) -> Values:
    """The upper half of the bits, rounded; beyond the range ±∞, NaN stays NaN."""
    bits = x.view(np.uint32)
    nearest = (bits + (np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1)))) & np.uint32(0xFFFF0000)
    return np.where(np.isnan(x), x, nearest.view(np.float32))


def _float16(x: Values) -> Values:
    with np.errstate(over="ignore"):
        return x.astype(np.float16).astype(np.float32)


def _float32(x: Values) -> Values:
    return x


ROUNDED: Mapping[str, Callable[[Values], Values]] = MappingProxyType(
    {"F32": _float32, "F16": _float16, "BF16": _bfloat16}
)
"""By the name of the type in a safetensors file."""
