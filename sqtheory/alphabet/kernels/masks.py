"""Masks of the largest magnitudes of every run of entries, tile by tile, and what they leave of a tensor."""

from collections.abc import Callable

import numpy as np

from sqtheory.alphabet import selection
from sqtheory.alphabet.kernels.engine import by_definition, compiled
from sqtheory.alphabet.kernels.maxima import INFINITE, INTEGER, MAGNITUDE, finite
from sqtheory.alphabet.kernels.ranking import LIMIT, largest_of_runs
from sqtheory.alphabet.kernels.runs import Arrays, along_last, pieces, rows, tiles
from sqtheory.alphabet.kernels.scratch import per_tile, scratch
from sqtheory.alphabet.kernels.topk import SHARE, largest_of_run
from sqtheory.alphabet.partition import Partition
from sqtheory.arrays import Array, Mask

LONG = 256 * SHARE
"""From this length on a sample of a run tells where its cut lies."""


def keep_largest(
    x: Array, out: Mask, groups: Partition, budget: Callable[[int], int], key: Array | None, low_index: bool
) -> bool:
    """Mark in ``out`` the ``budget(size)`` entries of largest magnitude of every group of ``size`` entries of x.

    Among equal magnitudes the larger key (an array like x) wins, then the lower index, or the higher. False where
    the definition must do it: for groups that are no runs along an axis, and for NaN or infinity in x.
    """
    if by_definition() or not x.size or not groups.straight:
        return False
    arrays: Arrays = (x, out) if key is None else (x, out, key)
    runs = along_last(x.shape, groups.sides(x.shape), all(a.flags.c_contiguous for a in arrays))
    if runs is None:
        return False
    view, size = runs
    return all(
        _one_tile(cut[0], cut[1], budget(cut[0].shape[-1]), cut[2] if key is not None else None, low_index)
        for part in rows(tuple(map(view, arrays)), size)
        for cut in tiles(part, per_tile(x))
    )


def _one_tile(x: Array, out: Mask, k: int, key: Array | None, low_index: bool) -> bool:
    """Runs of one length, the last axis: a tile of them, or one that is longer than a tile."""
    m = x.shape[-1]
    if not 0 < k < m:
        out[...] = k >= m
        return finite(x)
    if m <= LIMIT:
        return largest_of_runs(x, out, k, key, low_index)
    if m >= LONG:
        return all(
            largest_of_run(x[i], out[i], k, None if key is None else key[i], low_index)
            for i in np.ndindex(x.shape[:-1])
        )
    loops = compiled(x.size) if key is None and x.flags.c_contiguous and out.flags.c_contiguous else None
    if loops is not None:
        kind = INTEGER[x.dtype].type
        bits, magnitude = x.reshape(-1, m).view(kind), kind(MAGNITUDE[x.dtype])
        top = loops.MASKS.OF_ROWS[x.dtype](bits, magnitude, k, low_index, out.reshape(-1, m))
        return bool(top < INFINITE[x.dtype])
    sizes: Array = np.abs(x, out=scratch("magnitudes", x.size, x.dtype).reshape(x.shape)).reshape(-1, m)
    if not np.maximum.reduce(sizes, axis=None) < np.inf:
        return False
    kept = selection.top(sizes, k, None if key is None else key.reshape(-1, m), low_index=low_index)
    out[...] = kept.reshape(out.shape)
    return True


def pruned(x: Array, mask: Mask, out: Array) -> Array:
    """m ⊙ x into ``out``, +0 where pruned: a bitwise AND, for a choice by a random mask is slow."""
    kind = INTEGER[x.dtype]
    for part, kept, image in pieces((x, mask, out), per_tile(x)):
        ones = scratch("ones", part.size, kind).reshape(part.shape)
        np.negative(kept.view(np.int8), out=ones)
        np.bitwise_and(part.view(kind), ones, out=image.view(kind))
    return out
