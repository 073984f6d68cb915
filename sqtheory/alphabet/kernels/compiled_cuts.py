"""The loops of ``cuts`` and ``brackets`` and the sums behind them in machine code (extra ``fast``), for float32.

Each goes over strips that stay in the first cache, in short loops that vectorize.
"""

from typing import Any, TypeAlias

import numpy as np
from numba import njit

Loop: TypeAlias = Any
"""A compiled function."""
STRIP = 1024
"""Entries of a strip: as many integers below 2^53 add up to one below 2^63."""
MAGNITUDE = np.int32(0x7FFFFFFF)
"""All bits but the sign."""
HALF = 26
"""The sum of a strip is kept as its last bits and the rest."""
SUMS = 4
"""Sums of powers: of all entries, and of those that each ranking keeps."""


@njit(cache=True, nogil=True, error_model="numpy")
def gains(x, y, square, out):  # type: ignore[no-untyped-def]
    """What keeping an entry saves of Σ|e|², or of Σ|e|; y_i is 0 or has the sign of x_i."""
    if square:
        for i in range(x.size):
            along = np.float64(abs(y[i]))
            out[i] = along * (2 * np.float64(abs(x[i])) - along)
    else:
        for i in range(x.size):
            along = np.float64(abs(y[i]))
            out[i] = min(along, 2 * np.float64(abs(x[i])) - along)


@njit(cache=True, nogil=True, error_model="numpy")
def _magnitudes(bits, out):  # type: ignore[no-untyped-def]
    for i in range(bits.size):
        out[i] = bits[i] & MAGNITUDE


@njit(cache=True, nogil=True, error_model="numpy")
def _collect(scores, low, high, counts, out):  # type: ignore[no-untyped-def]
    """Count what is above ``high``, at it, at ``low`` if that is less, and write what is between to ``out``."""
    above, from_high, over_low, from_low = np.int32(0), np.int32(0), np.int32(0), np.int32(0)
    for i in range(scores.size):
        above = np.int32(above + np.int32(scores[i] > high))
        from_high = np.int32(from_high + np.int32(scores[i] >= high))
        over_low = np.int32(over_low + np.int32(scores[i] > low))
        from_low = np.int32(from_low + np.int32(scores[i] >= low))
    place = counts[3]
    if over_low > from_high:
        for i in range(scores.size):
            if (scores[i] > low) & (scores[i] < high):
                out[place] = scores[i]
                place += 1
    counts[0] += above
    counts[1] += from_high - above
    if low < high:
        counts[2] += from_low - over_low
    counts[3] = place


@njit(cache=True, nogil=True, error_model="numpy")
def survey(x, y, square, ends, gain_ends, counts, sizes, images, saved):  # type: ignore[no-untyped-def]
    """``_collect`` of the magnitudes of x and of y and of the gains; x and y are flat, their bits at ``ends``."""
    bits, scores = np.empty(STRIP, np.int32), np.empty(STRIP, np.float64)
    for start in range(0, x.size, STRIP):
        stop = min(start + STRIP, x.size)
        own, image = x[start:stop], y[start:stop]
        _magnitudes(own.view(np.int32), bits)
        _collect(bits[: stop - start], ends[0, 0], ends[0, 1], counts[0], sizes)
        _magnitudes(image.view(np.int32), bits)
        _collect(bits[: stop - start], ends[1, 0], ends[1, 1], counts[1], images)
        gains(own, image, square, scores)
        _collect(scores[: stop - start], gain_ends[0], gain_ends[1], counts[2], saved)


@njit(cache=True, nogil=True, error_model="numpy")
def _mark(scores, cut, first, last, seen, out):  # type: ignore[no-untyped-def]
    """Mark what is above the cut, and of what is at it the ones from ``first`` to before ``last``; those seen now."""
    ties = np.int32(0)
    for i in range(scores.size):
        ties += np.int32(scores[i] == cut)
    if first <= seen and seen + ties <= last:
        for i in range(scores.size):
            out[i] = scores[i] >= cut
    elif seen + ties <= first or last <= seen:
        for i in range(scores.size):
            out[i] = scores[i] > cut
    else:
        place = seen
        for i in range(scores.size):
            tie = scores[i] == cut
            out[i] = (scores[i] > cut) | (tie & (first <= place) & (place < last))
            place += np.int64(tie)
    return seen + ties


@njit(cache=True, nogil=True, error_model="numpy")
def mark(x, y, square, cuts, gain_cuts, first, last, seen, kept, again, best):  # type: ignore[no-untyped-def]
    """The masks of all three rankings of rows (rows, n), cut at ``cuts`` (2, rows) and ``gain_cuts`` (rows)."""
    bits, scores = np.empty(STRIP, np.int32), np.empty(STRIP, np.float64)
    for r in range(x.shape[0]):
        for start in range(0, x.shape[1], STRIP):
            stop = min(start + STRIP, x.shape[1])
            n, own, image = stop - start, x[r, start:stop], y[r, start:stop]
            _magnitudes(own.view(np.int32), bits)
            seen[0, r] = _mark(bits[:n], cuts[0, r], first[0, r], last[0, r], seen[0, r], kept[r, start:stop])
            _magnitudes(image.view(np.int32), bits)
            seen[1, r] = _mark(bits[:n], cuts[1, r], first[1, r], last[1, r], seen[1, r], again[r, start:stop])
            gains(own, image, square, scores)
            seen[2, r] = _mark(scores[:n], gain_cuts[r], first[2, r], last[2, r], seen[2, r], best[r, start:stop])


@njit(cache=True, nogil=True, error_model="numpy")
def _add(terms, kept, again, best, lift, lower, sums):  # type: ignore[no-untyped-def]
    """Add terms below ``lift`` = 2^j as integers at two places to ``sums`` (SUMS, 2, 2); how many leave something.

    t + 2^j lies in one binade, so its bits less those of 2^j are t to the nearest 2^{j−52}; ``lower`` = 1.5·2^{j−52}
    does the same with what remains, to the nearest 2^{j−104}.
    """
    base, under, rest = np.float64(lift).view(np.int64), np.float64(lower).view(np.int64), np.int64(0)
    a0, a1, k0, k1 = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
    m0, m1, g0, g1 = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
    for i in range(terms.size):
        lifted = terms[i] + lift
        left = terms[i] - (lifted - lift)
        lowered = left + lower
        rest += np.int64(left - (lowered - lower) != 0)
        high, low = np.float64(lifted).view(np.int64) - base, np.float64(lowered).view(np.int64) - under
        one, two, three = -np.int64(kept[i]), -np.int64(again[i]), -np.int64(best[i])
        a0 += high
        a1 += low
        k0 += high & one
        k1 += low & one
        m0 += high & two
        m1 += low & two
        g0 += high & three
        g1 += low & three
    for at, (high, low) in enumerate(((a0, a1), (k0, k1), (m0, m1), (g0, g1))):
        for place, total in enumerate((high, low)):
            sums[at, place, 0] += total >> HALF
            sums[at, place, 1] += total & ((1 << HALF) - 1)
    return rest


@njit(cache=True, nogil=True, error_model="numpy")
def _differ(y, kept, again, counts):  # type: ignore[no-untyped-def]
    """Count entries of non-zero image that one mask keeps and the other does not, and those that the first keeps."""
    moved, swaps = np.int32(0), np.int32(0)
    for i in range(y.size):
        differ = (kept[i] != again[i]) & (y[i] != 0)
        moved += np.int32(differ)
        swaps += np.int32(differ & (kept[i] != 0))
    counts[0] += moved
    counts[1] += swaps


@njit(cache=True, nogil=True, error_model="numpy")
def add_up(x, y, kept, again, best, square, lift, lower, sums, counts):  # type: ignore[no-untyped-def]
    """Sums of |x_i|^p and of |x_i − y_i|^p (2, SUMS, 2, 2), ``counts`` (rows, 2) of ``_differ``; terms not summed."""
    terms, rest = np.empty(STRIP, np.float64), np.int64(0)
    for r in range(x.shape[0]):
        for start in range(0, x.shape[1], STRIP):
            stop = min(start + STRIP, x.shape[1])
            n, own, image = stop - start, x[r, start:stop], y[r, start:stop]
            one, two, three = kept[r, start:stop], again[r, start:stop], best[r, start:stop]
            for i in range(n):
                size = np.float64(abs(own[i]))
                terms[i] = size * size if square else size
            rest += _add(terms[:n], one, two, three, lift, lower, sums[0])
            for i in range(n):
                error = abs(np.float64(own[i]) - np.float64(image[i]))
                terms[i] = error * error if square else error
            rest += _add(terms[:n], one, two, three, lift, lower, sums[1])
            _differ(image, one, two, counts[r])
    return rest
