"""Masks of the largest magnitudes in machine code: of runs of four, of rows, and around a cut of one long run.

Magnitudes are the bits of numbers without their sign, which compare like them; every loop returns the largest, so that
infinity and NaN are seen. Inner loops are straight passes over memory that stays in cache, so that they vectorize.
"""

from typing import Any, TypeAlias

import numpy as np

from sqtheory.alphabet.kernels.compiled_loop import loop

Loop: TypeAlias = Any
"""A compiled function; its arguments are arrays and numpy scalars of one precision."""
STRIP = 1024
"""Entries at once; a multiple of 8."""


def _of_four(kind: type) -> Loop:
    one, two, three = kind(1), kind(2), kind(3)

    @loop
    def of_four(bits, magnitude, least, later, out):  # type: ignore[no-untyped-def]
        """Mark what beats ``least`` others of its four; of equal ones wins the earlier (``later`` 1) or later (0)."""
        top = kind(0)
        for r in range(bits.size // 4):
            a0, a1 = kind(bits[4 * r] & magnitude), kind(bits[4 * r + 1] & magnitude)
            a2, a3 = kind(bits[4 * r + 2] & magnitude), kind(bits[4 * r + 3] & magnitude)
            top = max(top, max(max(a0, a1), max(a2, a3)))
            w01, w02, w03 = kind(a1 < kind(a0 + later)), kind(a2 < kind(a0 + later)), kind(a3 < kind(a0 + later))
            w12, w13, w23 = kind(a2 < kind(a1 + later)), kind(a3 < kind(a1 + later)), kind(a3 < kind(a2 + later))
            out[4 * r] = kind(w01 + w02 + w03) >= least
            out[4 * r + 1] = kind(w12 + w13 + one - w01) >= least
            out[4 * r + 2] = kind(w23 + two - w02 - w12) >= least
            out[4 * r + 3] = kind(three - w03 - w13 - w23) >= least
        return top

    return of_four


def _of_rows(kind: type) -> Loop:
    @loop
    def of_rows(bits, magnitude, k, low_index, out):  # type: ignore[no-untyped-def]
        """Mark the k largest of every row, 0 < k < its length; of equal ones the earlier wins, or the later.

        Cuts are tried where the counts between two known ones suggest, every third in the middle, until one leaves k
        entries or divides equal ones.
        """
        top, length = kind(0), bits.shape[1]
        sizes = np.empty(length, bits.dtype)
        for r in range(bits.shape[0]):
            largest = kind(0)
            row, marks = bits[r], out[r]
            for i in range(length):
                size = kind(row[i] & magnitude)
                sizes[i] = size
                largest = max(largest, size)
            top = max(top, largest)
            low, above = kind(0), length  # at least ``low`` are ``above`` entries, at least ``high`` are ``below``
            high, below = kind(largest + kind(1)), np.int64(0)
            cut, turn = largest, 0
            while above != k and below != k and high - low > 1:
                count = kind(0)
                for i in range(length):
                    count = kind(count + kind(sizes[i] >= cut))
                if count >= k:
                    low, above = cut, np.int64(count)
                else:
                    high, below = cut, np.int64(count)
                turn += 1
                share = 0.5 if turn % 3 == 0 else (above - k) / max(1, above - below)
                cut = kind(low + max(1, min(np.int64((high - low) * share), np.int64(high - low) - 1)))
            cut = low if above == k else high
            for i in range(length):
                marks[i] = sizes[i] >= cut
            missing = 0 if above == k else k - below
            for j in range(length if missing > 0 else 0):
                i = j if low_index else length - 1 - j
                if missing > 0 and sizes[i] == low:
                    marks[i] = True
                    missing -= 1
        return top

    return of_rows


def _beyond(kind: type) -> Loop:
    @loop
    def beyond(bits, magnitude, low, high, out, places, sizes):  # type: ignore[no-untyped-def]
        """Mark what is above ``high``, and note places and magnitudes from ``low`` to ``high``.

        Returns how many are above, how many were noted (−1 where a strip more may not fit), and the largest.
        """
        top, above, noted = kind(0), np.int64(0), np.int64(0)
        inside = np.zeros(STRIP, np.uint8)
        words = inside.view(np.uint64)
        for start in range(0, bits.size, STRIP):
            strip, marks = bits[start : start + STRIP], out[start : start + STRIP]
            inside[strip.size :] = 0
            count = kind(0)
            for i in range(strip.size):
                size = kind(strip[i] & magnitude)
                top = max(top, size)
                marks[i] = size > high
                count = kind(count + kind(size > high))
                inside[i] = np.uint8(size >= low) & np.uint8(size <= high)
            above += count
            if noted + STRIP > places.size:
                return above, -1, top
            for w in range(words.size):
                if words[w] != 0:
                    for i in range(8 * w, 8 * w + 8):
                        places[noted] = start + i
                        noted += np.int64(inside[i])
        for i in range(noted):
            sizes[i] = bits[places[i]] & magnitude
        return above, noted, top

    return beyond


def _settle() -> Loop:
    @loop
    def settle(places, sizes, cut, out):  # type: ignore[no-untyped-def]
        """Mark what is above the cut; the places of what is at it come first. Returns how many there are of either."""
        above, tied = np.int64(0), np.int64(0)
        for i in range(places.size):
            size, place = sizes[i], places[i]
            if size > cut:
                out[place] = True
            above += np.int64(size > cut)
            places[tied] = place
            tied += np.int64(size == cut)
        return above, tied

    return settle


KINDS = {np.dtype(np.float32): np.int32, np.dtype(np.float64): np.int64}
OF_FOUR = {real: _of_four(kind) for real, kind in KINDS.items()}
OF_ROWS = {real: _of_rows(kind) for real, kind in KINDS.items()}
BEYOND = {real: _beyond(kind) for real, kind in KINDS.items()}
SETTLE = {real: _settle() for real in KINDS}
