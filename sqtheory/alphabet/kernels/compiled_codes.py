"""Codes of the entries that a mask keeps, and back, in machine code: runs of float32 numbers, each with its scale."""

import numpy as np

from sqtheory.alphabet.kernels.compiled_chains import STRIP, rounded_by
from sqtheory.alphabet.kernels.compiled_loop import loop

f4, i4, u1 = np.float32, np.int32, np.uint8


@loop
def coded(x, kept, scales, size, rounding, table, none, out):  # type: ignore[no-untyped-def]
    """The codes of kept entries (of all, where ``kept``, 0 or 1, is empty), one after another; their number.

    ``table`` has the code of the level of each upper half of a float32, ``none`` where there is no level. Returns −1
    where an entry is not σ times such a level, to the last bit, or is pruned and not +0. ``out`` has one entry more.
    """
    step = max(1, STRIP // size) * size
    levels, places, ones = np.empty(step, f4), np.empty(size, i4), np.ones(step // size, f4)
    found = 0
    for start in range(0, x.size, step):
        own, by = x[start : start + step], scales[start // size :]
        level = levels[: own.size]
        for i in range(own.size):
            level[i] = own[i]
        rounded_by(level, by, ones, size, rounding, places)
        wrong, worst = i4(0), i4(0)
        for run in range(own.size // size):
            scale = by[run]
            for i in range(run * size, (run + 1) * size):
                wrong |= i4(f4(level[i] * scale).view(i4) ^ f4(own[i]).view(i4))
        if len(kept):
            marks = kept[start : start + step]
            for i in range(own.size):
                wrong |= i4(i4(i4(marks[i]) - i4(1)) & f4(own[i]).view(i4))
            for i in range(own.size):
                code = i4(table[i4(f4(level[i]).view(i4) >> 16) & 0xFFFF])
                worst = max(worst, code)
                out[found] = u1(code)
                found += i4(marks[i])  # type: ignore[assignment]
        else:
            for i in range(own.size):
                code = i4(table[i4(f4(level[i]).view(i4) >> 16) & 0xFFFF])
                worst = max(worst, code)
                out[found + i] = u1(code)
            found += own.size
        if wrong != 0 or worst == none:
            return -1
    return found


@loop
def ranked(words, gather, shift, table, out):  # type: ignore[no-untyped-def]
    """The entry of a table for the flags of every word, which a product brings to its last byte; the largest."""
    worst = u1(0)
    for i in range(words.size):
        rank = table[(words[i] * gather >> shift) & 0xFF]
        worst = max(worst, rank)
        out[i] = rank
    return worst


@loop
def looked_up(places, table, out):  # type: ignore[no-untyped-def]
    for i in range(places.size):
        out[i] = table[places[i]]


@loop
def decoded(codes, table, kept, scales, size, out):  # type: ignore[no-untyped-def]
    """σ times the level of its code for every kept entry (all, where ``kept`` is empty), and +0 for the others.

    Of ``codes`` there is one more than entries are kept; the last of ``table`` is +0, which has no code.
    """
    none, found = i4(table.size - 1), 0
    for run in range(out.size // size):
        own, scale = out[run * size : (run + 1) * size], scales[run]
        if len(kept):
            marks = kept[run * size : (run + 1) * size]
            for i in range(size):
                mark = i4(marks[i])
                own[i] = table[i4(none + i4(i4(codes[found]) - none) * mark)]
                found += mark  # type: ignore[assignment]
        else:
            for i in range(size):
                own[i] = table[codes[found + i]]
            found += size
        for i in range(size):
            own[i] *= scale
