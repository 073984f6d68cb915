"""Ranking short groups of numbers in machine code (extra ``fast``): columns (m, groups) of a strip, a code a group.

Bit j of a code says that entry j is chosen. The length of ``lanes`` is m, known when a loop is compiled: what goes
over the entries of a group is unrolled, and what goes over groups vectorizes.
"""

import numpy as np

from sqtheory.alphabet.kernels.compiled_loop import loop

f4, f8, i4 = np.float32, np.float64, np.int32


@loop
def columns(x, start, n, lanes, out):  # type: ignore[no-untyped-def]
    m = len(lanes)
    for r in range(n):
        for j in range(m):
            out[j, r] = x[start + r * m + j]


@loop
def ranked(x, n, k, lanes, high, out):  # type: ignore[no-untyped-def]
    """Bit j of a group's code where entry j is among its k largest; an equal of lower index wins, or of higher."""
    m = len(lanes)
    for r in range(n):
        code = i4(0)
        for j in range(m):
            losses = i4(0)
            for i in range(m):
                if i == j:
                    continue
                if (i < j) == (len(high) == 0):
                    losses = i4(losses + (i4(1) if x[i, r] >= x[j, r] else i4(0)))
                else:
                    losses = i4(losses + (i4(1) if x[i, r] > x[j, r] else i4(0)))
            code = i4(code | (i4(1 << j) if losses < k else i4(0)))
        out[r] = code


@loop
def ranked_by_key(x, key, n, k, lanes, out):  # type: ignore[no-untyped-def]
    """The same; among equals the larger key wins, then the lower index."""
    m = len(lanes)
    for r in range(n):
        code = i4(0)
        for j in range(m):
            losses = i4(0)
            for i in range(m):
                if i == j:
                    continue
                wins = key[i, r] >= key[j, r] if i < j else key[i, r] > key[j, r]
                beaten = (x[i, r] > x[j, r]) | ((x[i, r] == x[j, r]) & wins)
                losses = i4(losses + (i4(1) if beaten else i4(0)))
            code = i4(code | (i4(1 << j) if losses < k else i4(0)))
        out[r] = code


@loop
def compared(y, n, lanes, kept, again, counts):  # type: ignore[no-untyped-def]
    """Count the groups tied at the cut and the entries of non-zero image that one order keeps and the other prunes."""
    m = len(lanes)
    tied, selected, moved, swaps = i4(0), i4(0), i4(0), i4(0)
    for r in range(n):
        alive, least, most = i4(0), f4(np.inf), f4(-1)
        for j in range(m):
            v, on = y[j, r], i4(again[r] & i4(1 << j)) != 0
            alive = i4(alive | (i4(1 << j) if v != f4(0) else i4(0)))
            up, down = v if on else f4(np.inf), f4(-1) if on else v
            least = up if up < least else least
            most = down if down > most else most
        tied = i4(tied + (i4(1) if least == most else i4(0)))
        differ = i4((kept[r] ^ again[r]) & alive)
        selected = i4(selected + (i4(1) if differ != 0 else i4(0)))
        for j in range(m):
            moved = i4(moved + (i4(1) if i4(differ & i4(1 << j)) != 0 else i4(0)))
            swaps = i4(swaps + (i4(1) if i4(differ & kept[r] & i4(1 << j)) != 0 else i4(0)))
    counts[0] += tied
    counts[1] += selected
    counts[2] += moved
    counts[3] += swaps


@loop
def gained(x, y, n, square, out):  # type: ignore[no-untyped-def]
    """What keeping each entry saves: t(2|x| − t), or min(t, 2|x| − t)."""
    m = y.shape[0]
    for j in range(m):
        for r in range(n):
            t = f8(y[j, r])
            beyond = f8(x[j, r]) * 2.0 - t
            if len(square):
                out[j, r] = t * beyond
            else:
                out[j, r] = beyond if beyond < t else t
