"""The k largest of every short run of entries, by counting for each entry how many beat it."""

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.kernels.engine import compiled
from sqtheory.alphabet.kernels.maxima import INFINITE, INTEGER, MAGNITUDE, finite
from sqtheory.alphabet.kernels.scratch import scratch
from sqtheory.arrays import Array, Mask

LIMIT = 32
"""Runs up to this long are ranked by comparing all pairs."""


def largest_of_runs(x: Array, out: Mask, k: int, key: Array | None, low_index: bool) -> bool:
    """Mark in ``out`` the k entries of largest magnitude of every run, the last axis of arrays (…, m) of one tile.

    Among equal magnitudes the larger key wins, then the lower index, or the higher. False if x holds NaN or
    infinity, where ``out`` is spoiled.
    """
    m, plain = x.shape[-1], key is None and x.flags.c_contiguous and out.flags.c_contiguous
    loops = compiled(x.size) if plain else None
    if loops is not None and m == 4:
        kind = INTEGER[x.dtype].type
        bits, magnitude = x.reshape(-1).view(kind), kind(MAGNITUDE[x.dtype])
        top = loops.MASKS.OF_FOUR[x.dtype](bits, magnitude, kind(m - k), kind(low_index), out.reshape(-1))
        return bool(top < INFINITE[x.dtype])
    if loops is not None and m in loops.LENGTHS:
        kind, ties = INTEGER[x.dtype].type, (0, 1) if low_index else (1, 0)
        loops.LARGEST[m](x.reshape(-1).view(kind), kind(MAGNITUDE[x.dtype]), k, *map(kind, ties), out.reshape(-1))
        return finite(x)
    sizes: Array = scratch("columns", x.size, x.dtype).reshape(x.shape[-1], *x.shape[:-1])
    for j, size in enumerate(sizes):
        np.abs(x[..., j], out=size)
    if not np.maximum.reduce(sizes, axis=None) < np.inf:
        return False
    flat = sizes.reshape(len(sizes), -1)
    keys = None if key is None else columns(key, "keys")
    kept = scratch("losses", x.size, np.bool_).reshape(flat.shape)
    interleave(top_columns(flat, k, keys, low_index, kept), out)
    return True


def columns(x: Array, name: str) -> Array:
    """An array (…, m) as m contiguous columns (m, runs), in memory of the kernels of this name."""
    out: Array = scratch(name, x.size, x.dtype).reshape(x.shape[-1], *x.shape[:-1])
    for j, column in enumerate(out):
        column[...] = x[..., j]
    return out.reshape(len(out), -1)


def top_columns(scores: Array, k: int, keys: Array | None, low_index: bool, out: Mask) -> Mask:
    """Mark in ``out`` (m, runs) the k largest of every run; scores and keys are columns."""
    return np.less(count_losses(scores, keys, low_index), k, out=out)


def tied_columns(scores: Array, k: int) -> int:
    """Runs whose k-th and (k+1)-th scores are equal; right after ``top_columns`` of the same scores.

    One entry of a run has k − 1 losses and one has k: their bits cancel where they are equal.
    """
    m, runs = scores.shape
    if not 0 < k < m:
        return 0
    kind = INTEGER[scores.dtype]
    losses = scratch("losses", scores.size, np.uint8)
    next_to_cut = np.less(np.subtract(losses, k - 1, out=losses), 2, out=scratch("wins", scores.size, np.bool_))
    bits = scratch("bits", scores.size, kind)
    np.negative(next_to_cut.view(np.int8), out=next_to_cut.view(np.int8))
    np.copyto(bits, next_to_cut.view(np.int8))
    np.bitwise_and(bits, scores.reshape(-1).view(kind), out=bits)
    return int(runs - np.count_nonzero(np.bitwise_xor.reduce(bits.reshape(m, runs), axis=0)))


def count_losses(columns: Array, keys: Array | None, low_index: bool) -> NDArray[np.uint8]:
    """How many entries of its run beat each entry, shape (m, runs) like ``columns``, in memory of the kernels.

    Column i meets all later columns at once; what it does not win it loses.
    """
    m, runs = columns.shape
    losses = scratch("losses", m * runs, np.uint8).reshape(m, runs)
    loops = compiled(columns.size)
    if loops is not None and keys is None:
        loops.count_losses(columns, low_index, losses)
        return losses
    if loops is not None:
        loops.count_losses_by_key(columns, keys, low_index, losses)
        return losses
    losses[...] = np.arange(m - 1, -1, -1, dtype=np.uint8)[:, None]
    names = ("wins",) if keys is None else ("wins", "equal", "by_key")
    wins, *others = (scratch(name, (m - 1) * runs, np.bool_).reshape(m - 1, runs) for name in names)
    wins_ties = np.greater_equal if low_index else np.greater
    for i in range(m - 1):
        won = wins[i:]
        if keys is None:
            wins_ties(columns[i], columns[i + 1 :], out=won)
        else:
            np.greater(columns[i], columns[i + 1 :], out=won)
            equal = np.equal(columns[i], columns[i + 1 :], out=others[0][i:])
            if np.logical_or.reduce(equal, axis=None):
                np.logical_and(equal, wins_ties(keys[i], keys[i + 1 :], out=others[1][i:]), out=equal)
                np.logical_or(won, equal, out=won)
        counted = won.view(np.uint8)
        np.add(losses[i + 1 :], counted, out=losses[i + 1 :])
        np.subtract(losses[i], np.add.reduce(counted, axis=0, dtype=np.uint8), out=losses[i])
    return losses


def interleave(kept: Mask, out: Mask) -> None:
    """Put columns (m, runs) of a mask in their places, four at a time where memory allows: a word of four bytes."""
    m, runs = kept.shape
    if m % 4 or not out.flags.c_contiguous:
        np.moveaxis(out, -1, 0)[...] = kept.reshape(m, *out.shape[:-1])
        return
    bits, word = scratch("bits", runs, np.uint8), scratch("word", runs, "<u4")
    words = out.reshape(-1).view("<u4").reshape(runs, m // 4)
    for g in range(m // 4):
        planes = kept[4 * g : 4 * g + 4].view(np.uint8)
        np.add(planes[3], planes[3], out=bits)
        for j in (2, 1):
            np.add(bits, planes[j], out=bits)
            np.add(bits, bits, out=bits)
        np.add(bits, planes[0], out=bits)
        word[...] = bits
        np.multiply(word, 0x00204081, out=word)  # bit j to the foot of byte j
        np.bitwise_and(word, 0x01010101, out=words[:, g])
