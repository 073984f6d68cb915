"""The largest magnitude of runs of entries, found on the bits, where infinity and NaN are above all numbers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.kernels.engine import compiled
from sqtheory.alphabet.kernels.runs import pieces
from sqtheory.alphabet.kernels.scratch import per_tile, scratch
from sqtheory.arrays import Array

INTEGER: dict[np.dtype[Any], np.dtype[Any]] = {
    np.dtype(np.float32): np.dtype(np.int32),
    np.dtype(np.float64): np.dtype(np.int64),
}
"""The integers in which a float's bits are read: magnitudes compare like their bits."""
MAGNITUDE = {real: np.iinfo(kind).max for real, kind in INTEGER.items()}
"""All bits but the sign."""
INFINITE = {real: kind.type(np.asarray(np.inf, real).view(kind)) for real, kind in INTEGER.items()}
"""The bits of infinity; those of every number are below, those of NaN above."""


def magnitude_bits(x: Array) -> NDArray[Any]:
    """The bits of |x_i|, in memory of the kernels."""
    kind = INTEGER[x.dtype]
    bits = scratch("bits", x.size, kind).reshape(x.shape)
    np.bitwise_and(x.view(kind), MAGNITUDE[x.dtype], out=bits)
    return bits


def run_maxima(bits: NDArray[Any], size: int) -> NDArray[Any]:
    """The largest of every run of ``size`` of these integers (flat, whole runs), in memory of the kernels.

    Pairs first: strided maxima of two are long vectorized loops, maxima over a short axis are not.
    """
    levels, used = scratch("maxima", bits.size, bits.dtype), 0
    while size % 2 == 0:
        half = levels[used : used + bits.size // 2]
        used += half.size
        bits, size = np.maximum(bits[0::2], bits[1::2], out=half), size // 2
    rows = bits.reshape(-1, size)
    if size == 1:
        return bits if used else np.positive(bits, out=levels)
    if size > 64 or len(rows) == 1:
        return np.asarray(np.maximum.reduce(rows, axis=1))
    found = np.maximum(rows[:, 0], rows[:, 1])
    for j in range(2, size):
        np.maximum(found, rows[:, j], out=found)
    return np.asarray(found)


def amax_of_runs(x: Array, size: int) -> Array:
    """The largest magnitude of every run of ``size`` entries of a flat array, in memory of the kernels."""
    if compiled(x.size) is None:
        return np.asarray(run_maxima(magnitude_bits(x), size).view(x.dtype))
    return _compiled_maxima(x, size, 0, MAGNITUDE[x.dtype])


def ends_of_runs(x: Array, size: int) -> tuple[Array, Array]:
    """min(0, least entry) and max(0, greatest entry) of every run of ``size`` finite entries of a flat array."""
    kind = INTEGER[x.dtype]
    sign = np.iinfo(kind).min
    if compiled(x.size) is not None:
        depth, height = (_compiled_maxima(x, size, flipped, -1).copy() for flipped in (sign, 0))
        return -depth, height
    bits = x.view(kind)
    flipped = np.bitwise_xor(bits, sign, out=scratch("bits", x.size, kind))  # negative numbers are above all others
    depth = np.maximum(run_maxima(flipped, size), 0).view(x.dtype)
    return -depth, np.maximum(run_maxima(bits, size), 0).view(x.dtype)


def _compiled_maxima(x: Array, size: int, flipped: int, wanted: int) -> Array:
    loops, kind = compiled(), INTEGER[x.dtype]
    assert loops is not None
    out = scratch("maxima", x.size // size, kind)
    loops.MAXIMA[x.dtype](x.view(kind).reshape(-1, size), kind.type(flipped), kind.type(wanted), out)
    return np.asarray(out.view(x.dtype))


def largest(x: Array) -> Array:
    """max |x_i| in an array of one entry, 0 for an empty array; NaN or infinity if there is one."""
    found = np.zeros(1, INTEGER[x.dtype])
    for (part,) in pieces((x,), per_tile(x)):
        np.maximum(found, np.maximum.reduce(magnitude_bits(part), axis=None, initial=0), out=found)
    return np.asarray(found.view(x.dtype))


def finite(x: Array) -> bool:
    """No entry is NaN or infinite."""
    return bool(largest(x)[0] < np.inf)
