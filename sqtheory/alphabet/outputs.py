"""Where a result may be written: an array of numpy that can hold it, and whether it lies apart from what is read."""

import math

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sqtheory.alphabet.partition import Shape
from sqtheory.arrays import Array, Mask

PLAIN = (np.ndarray, np.memmap)
"""The types whose assignment is that of numpy: no matrix, no masked array, no other subclass."""


def check_output(out: Array | Mask, shape: Shape, dtype: DTypeLike) -> None:
    """Raise unless a result of this shape and dtype can be written to ``out``, each entry to a place of its own.

    TypeError for what is no plain array; ValueError for another shape or dtype, for an array that cannot be
    written, and for one with two entries in one place.
    """
    if type(out) not in PLAIN:
        raise TypeError(f"out needs a numpy array (numpy.ndarray, numpy.memmap), got {type(out).__name__}")
    if out.shape != shape or out.dtype != dtype:
        raise ValueError(f"out needs {np.dtype(dtype)} {shape}, got {out.dtype} {out.shape}")
    if not out.flags.writeable:
        raise ValueError("out is read-only")
    if _overlaps_itself(out):
        raise ValueError(f"out has entries that share memory: its strides are {out.strides}")


def apart(out: NDArray[np.generic], *inputs: NDArray[np.generic]) -> bool:
    """No entry of ``out`` lies where one of an input does; False where that is not certain.

    Memory that numpy did not make (maps of a file, shared memory, other libraries) may be one under two addresses.
    """
    return not any(np.may_share_memory(out, x) or _may_be_one(_owner(out), _owner(x)) for x in inputs)


def _may_be_one(a: object, b: object) -> bool:
    return a is not b and a is not None and b is not None


def _owner(a: object) -> object | None:
    """Whose memory an array lies in, if not that of numpy or of bytes, which is nobody else's."""
    while isinstance(a, np.ndarray) and a.base is not None:
        a = a.base
    while isinstance(a, memoryview):
        a = a.obj
    if isinstance(a, np.ndarray):
        return None if a.flags.owndata else a
    return None if isinstance(a, bytes | bytearray) else a


def _overlaps_itself(a: NDArray[np.generic]) -> bool:
    axes = sorted((abs(stride), n) for stride, n in zip(a.strides, a.shape, strict=True) if n > 1)
    reach = a.itemsize
    for stride, n in axes:
        if stride < reach:
            return math.prod(a.shape) > 0 and _some_meet(axes, a.itemsize)
        reach += (n - 1) * stride
    return False


def _some_meet(axes: list[tuple[int, int]], itemsize: int) -> bool:
    """Two entries at these distances meet, found by listing where all begin."""
    places = np.zeros(1, np.int64)
    for stride, n in axes:
        places = (places[:, None] + stride * np.arange(n)).reshape(-1)
    return bool(np.any(np.diff(np.sort(places)) < itemsize))
