"""Boxes that are runs along one axis: views in which each is a row, cut into tiles of whole rows."""

import math
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.partition import Shape

Arrays: TypeAlias = tuple[NDArray[Any], ...]


def along_last(
    shape: Shape, sides: Shape, contiguous: bool
) -> tuple[Callable[[NDArray[Any]], NDArray[Any]], int] | None:
    """How to see arrays of a shape so that every box of these sides is a run of the last axis, and its length.

    The same view of the grid of boxes has one entry for each run. None where boxes are no runs: neither of one
    axis, nor of memory, if that is ``contiguous``.
    """
    if not shape:
        return lambda a: a.reshape(1), 1
    long = [a for a, c in enumerate(sides) if c > 1]
    first = long[0] if long else len(shape) - 1
    if len(long) <= 1:
        last = first == len(shape) - 1  # there is nothing to move, which takes time too
        return (lambda a: a) if last else (lambda a: np.moveaxis(a, first, -1)), sides[first]
    if sides[first + 1 :] != shape[first + 1 :] or not contiguous:
        return None
    return lambda a: a.reshape(-1, math.prod(a.shape[first:])), math.prod(sides[first:])


def rows(arrays: Arrays, size: int, scales: NDArray[Any] | None = None) -> Iterator[Arrays]:
    """Views (…, size) of arrays cut into runs of their last axis: all full runs, then the shorter ones at its end.

    With ``scales`` (one for each run) the last array of each part holds those of its runs, shape (…, 1).
    """
    length = arrays[0].shape[-1]
    full = length // size * size
    for start, stop, run in ((0, full, size), (full, length, length - full)):
        if start == stop:
            continue
        parts = tuple(a[..., start:stop] for a in arrays)
        flat = all(a.flags.c_contiguous for a in parts)
        views = tuple(a.reshape(-1, run) if flat else a.reshape(*a.shape[:-1], -1, run) for a in parts)
        own = (
            () if scales is None else (scales[..., start // size : -(-stop // size)].reshape(*views[0].shape[:-1], 1),)
        )
        yield (*views, *own)


def tiles(arrays: Arrays, limit: int) -> Iterator[Arrays]:
    """Cut arrays (…, size) of equal leading axes into parts of at most ``limit`` entries of the first, or of one row.

    The axis of the largest stride is cut first, so that parts are compact in memory.
    """
    first = arrays[0]
    free = [a for a in range(first.ndim - 1) if first.shape[a] > 1]
    if first.size <= limit or not free:
        yield arrays
        return
    axis = max(free, key=lambda a: abs(first.strides[a]))
    step = max(1, limit // (first.size // first.shape[axis]))
    for start in range(0, first.shape[axis], step):
        cut = (*[slice(None)] * axis, slice(start, start + step))
        yield from tiles(tuple(a[cut] for a in arrays), limit)


def pieces(arrays: Arrays, limit: int) -> Iterator[Arrays]:
    """Cut arrays of one shape into parts of at most ``limit`` entries anywhere."""
    if all(a.flags.c_contiguous for a in arrays):
        arrays = tuple(a.reshape(-1) for a in arrays)
    return tiles(tuple(a[..., None] for a in arrays), limit)


def strips(arrays: Arrays, unit: int, limit: int) -> Iterator[Arrays]:
    """Cut arrays of one shape into parts (…, size) of whole runs of ``unit`` along the last axis, ``limit`` at most.

    Of the whole axis, where that is no multiple of the unit, or where a unit is longer than the limit.
    """
    length = arrays[0].shape[-1]
    run = unit if length % unit == 0 else length
    return (cut for view in rows(arrays, run) for cut in tiles(view, limit))
