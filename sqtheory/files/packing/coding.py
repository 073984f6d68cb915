"""Codes of the levels that values stand for under their scales, a slab at a time or by a compiled loop; and back."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.formats import Codes, Format
from sqtheory.alphabet.kernels.engine import compiled
from sqtheory.alphabet.kernels.rounders import loop_rounding, rounder
from sqtheory.alphabet.partition.boxes import Boxes
from sqtheory.alphabet.rounding import nearest_even
from sqtheory.arrays import Array, Mask

_NONE = 0xFFFF
"""What stands in a table for the head of no level."""
_F32 = np.dtype(np.float32)
_ALL = np.empty(0, np.uint8)
"""What loops are given for no mask."""


def codes_of(values: Array, sigma: Array, fmt: Format) -> Codes | None:
    """The code of the level c_i with fl(σ_i c_i) = x_i for every entry, bit for bit; None where one has none so found.

    Shapes and dtypes (float32) of x and σ are the same. x_i/σ_i is next to c_i, and rounds to it; a level is known by
    the upper half of its float32.
    """
    table = None if values.dtype != _F32 else _codes_by_head(fmt)
    if table is None:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        levels = np.divide(values, np.where(sigma == 0, sigma.dtype.type(1), sigma)).reshape(-1)
        rounder(fmt, nearest_even, True, values.dtype)(levels, lambda: np.inf)
        image = np.multiply(levels.reshape(values.shape), sigma)
    if not np.array_equal(image.view(np.uint32), np.ascontiguousarray(values).view(np.uint32)):
        return None
    codes = np.take(table, levels.view(np.uint32) >> 16).reshape(values.shape)
    return None if np.maximum.reduce(codes, axis=None, initial=0) == _NONE else codes.astype(np.uint8)


def compiled_codes(values: Array, fmt: Format, boxes: Boxes, scales: Array, kept: Mask | None) -> Codes | None:
    """The same of the entries that are kept, or of all, in C order; None where numpy must do it.

    That is for all but float32 numbers whose blocks are equal runs of memory, and where an entry has no code so found,
    or is pruned and not +0.
    """
    loops, size = compiled(values.size), _run(values, boxes)
    table = None if loops is None or values.dtype != _F32 or size is None else _codes_by_head(fmt)
    rounding = None if table is None else loop_rounding(fmt, nearest_even, True)
    plain = kept is None or kept.flags.c_contiguous
    if loops is None or table is None or rounding is None or not plain:
        return None
    marks, by = _marks(kept), np.ascontiguousarray(scales).reshape(-1)
    count = values.size if kept is None else int(np.count_nonzero(kept))
    codes = np.empty(count + 1, np.uint8)
    found = loops.CODES.coded(values.reshape(-1), marks, by, size, tuple(rounding), table, np.int32(_NONE), codes)
    return codes[:count] if found == count else None


def compiled_values(codes: Codes, fmt: Format, boxes: Boxes, scales: Array, kept: Mask | None, out: Array) -> bool:
    """Write to ``out`` what the codes of kept entries, or of all, stand for; False where numpy must do it.

    That is for all but float32 numbers whose blocks are equal runs of memory, scales that are not negative, and
    products in the range.
    """
    loops, size, table = compiled(out.size), _run(out, boxes), fmt.code_values.astype(_F32)
    if loops is None or size is None or out.dtype != _F32 or codes.dtype != np.uint8 or table.size != 1 << fmt.bits:
        return False
    if not np.all(np.isfinite(table)) or np.minimum.reduce(scales, axis=None, initial=0) < 0:
        return False
    most = float(np.maximum.reduce(scales, axis=None, initial=0)) * float(np.max(np.abs(table)))
    if not most <= float(np.finfo(_F32).max) or not (kept is None or kept.flags.c_contiguous):
        return False
    by = np.ascontiguousarray(scales).reshape(-1)
    loops.CODES.decoded(
        np.append(codes, codes[-1:]), np.append(table, _F32.type(0)), _marks(kept), by, size, out.reshape(-1)
    )
    return True


def _marks(kept: Mask | None) -> NDArray[np.uint8]:
    return _ALL if kept is None else kept.reshape(-1).view(np.uint8)


def _run(values: Array, boxes: Boxes) -> int | None:
    """The length of the blocks where they are equal runs of memory; None elsewhere."""
    size = boxes.last_run(values.shape) if values.size else None
    whole = size is not None and values.shape[-1] % size == 0 and values.flags.c_contiguous
    return size if whole else None


@lru_cache
def _codes_by_head(fmt: Format) -> NDArray[np.uint16] | None:
    """The code of the level with each upper half; None where levels are no such numbers or too many."""
    levels = fmt.values.astype(_F32)
    heads = levels.view(np.uint32)
    if fmt.bits > 8 or np.unique(heads >> 16).size < levels.size:
        return None
    table = np.full(1 << 16, _NONE, np.uint16)
    table[heads >> 16] = fmt.encode(levels).view(np.uint8) & ((1 << fmt.bits) - 1)
    if fmt.has_negative_zero:
        minus = np.array([-0.0], _F32)
        table[minus.view(np.uint32) >> 16] = fmt.encode(minus).view(np.uint8)
    return table
