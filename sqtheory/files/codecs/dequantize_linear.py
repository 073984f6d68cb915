"""(x − z)·s in the words of ONNX's DequantizeLinear: one scale, one for each index of an axis, or one for each block.

Source: operator DequantizeLinear of ONNX, versions 10 to 25. The product is taken in float32 and rounded to the type of
the scales, or to the type that the node asks for. Zero points are integers of the type of the codes; float codes have
none.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.formats import BFLOAT16

ROUNDED: Mapping[int, str] = {1: "FLOAT", 10: "FLOAT16", 16: "BFLOAT16"}
"""The types of values, by their numbers in ONNX and their names."""


def linear_values(
    codes: NDArray[Any],
    scales: NDArray[Any],
    zeros: NDArray[Any] | None,
    *,
    axis: int,
    block: int,
    dtype: str,
) -> NDArray[np.float32]:
    """The values of codes of any shape, float32, all of them values of ``dtype`` (FLOAT, FLOAT16 or BFLOAT16).

    Raises ValueError for scales that are not finite, for zero points of float codes other than 0, and for shapes that
    do not belong together.
    """
    if not np.isfinite(scales).all():
        raise ValueError("scales are finite, one is not")
    x = codes.astype(np.float32)
    if zeros is not None:
        if zeros.shape != scales.shape and (zeros.size, scales.size) != (1, 1):
            raise ValueError(f"zero points have the shape of the scales, got {zeros.shape} and {scales.shape}")
        if codes.dtype.kind == "f" and np.any(zeros != 0):
            raise ValueError("zero points of floating-point codes are 0")
        x = x - _spread(zeros.astype(np.float32), codes.shape, axis, block)
    return rounded(x * _spread(scales.astype(np.float32), codes.shape, axis, block), dtype)


def rounded(values: NDArray[np.float32], dtype: str) -> NDArray[np.float32]:
    """The nearest values of a type, as float32; ValueError for a type that values do not have."""
    with np.errstate(over="ignore"):
        match dtype:
            case "FLOAT":
                return values
            case "FLOAT16":
                return values.astype(np.float16).astype(np.float32)
            case "BFLOAT16":
                return BFLOAT16.round(values, saturate=False).astype(np.float32)
    raise ValueError(f"values are FLOAT, FLOAT16 or BFLOAT16, got {dtype}")


def _spread(one_each: NDArray[np.float32], shape: tuple[int, ...], axis: int, block: int) -> NDArray[np.float32]:
    """A scale or zero point beside every code."""
    if one_each.size == 1 and one_each.ndim <= 1 and not block:
        return one_each.reshape(())
    if not -len(shape) <= axis < len(shape):
        raise ValueError(f"axis {axis} does not exist in codes of shape {shape}")
    axis %= len(shape)
    if not block:
        if one_each.shape != (shape[axis],):
            raise ValueError(f"axis {axis} of codes {shape} takes {shape[axis]} scales, got the shape {one_each.shape}")
        return one_each.reshape([shape[axis] if at == axis else 1 for at in range(len(shape))])
    wanted = tuple(-(-size // block) if at == axis else size for at, size in enumerate(shape))
    if one_each.shape != wanted:
        raise ValueError(f"blocks of {block} along axis {axis} of codes {shape} take {wanted}, got {one_each.shape}")
    return np.repeat(one_each, block, axis=axis)[tuple(slice(size) for size in shape)]
