"""Both orders on groups of whole scale blocks in machine code (extra ``fast``), of float32 numbers: strip by strip.

A strip stays in the first cache. Its sums are the integers of ``compiled_groups``; who keeps an entry is one code of
three bits: S→Q 1, Q→S 2, the optimum 4.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.kernels.compiled_groups import TOTALS, Dust, Workspace, extent, rounded, sized, spread, summed
from sqtheory.alphabet.kernels.compiled_loop import loop
from sqtheory.alphabet.kernels.compiled_ranking import gained

STRIP = 1024
"""Entries of a strip; a multiple of 8."""
COUNTS = 2
"""Counts of a row: entries of non-zero image that one order keeps and the other prunes; those that S→Q keeps."""
UNKEYED = -2
"""In place of a key: ties are taken in the order of indices alone."""
f4, f8, i4, i8 = np.float32, np.float64, np.int32, np.int64
__all__ = [
    "COUNTS",
    "STRIP",
    "TOTALS",
    "UNKEYED",
    "CutPlaces",
    "Dust",
    "Weighed",
    "Workspace",
    "quantized",
    "survey",
    "survey_ties",
    "weigh",
]


class CutPlaces(NamedTuple):
    """Where rows are cut, one entry each; by ranking: |x|, |q(x)|, gain."""

    bits: NDArray[np.int32]
    """(2, rows): of the magnitudes at the cut."""
    gains: NDArray[np.float64]
    keys: NDArray[np.int32]
    """(3, rows): of the ties stay those with larger bits of |x|, and of those with these bits some; or ``UNKEYED``."""
    first: NDArray[np.int64]
    """(3, rows): the ties that stay, counted in the order of indices, are from ``first`` to before ``last``."""
    last: NDArray[np.int64]
    seen: NDArray[np.int64]
    """(3, rows): how many came before."""


class Weighed(NamedTuple):
    """What is found: as in ``compiled_groups``, and what is not of strips."""

    powers: NDArray[np.int64]
    totals: NDArray[np.int64]
    counts: NDArray[np.int64]
    """(rows, COUNTS)."""
    alive: NDArray[np.uint8]
    """1 for blocks that keep an entry at the cut."""


@loop
def quantized(x, start, n, scales, run, rounding, work):  # type: ignore[no-untyped-def]
    """|x| and |q(x)| of a strip; every ``run`` entries share a scale, none of which is 0."""
    spread(scales, start // run, run - start % run, run, work.scales[:n])
    given, sizes, images = x[start : start + n], work.x[0, :n], work.y[0, :n]
    for r in range(n):
        images[r] = given[r]
    for r in range(n):
        sizes[r] = abs(given[r])
    rounded(work.y, n, work.scales, rounding, work.places)


@loop
def _taken(scores, inside, place, words, out):  # type: ignore[no-untyped-def]
    """Write the scores that are marked to ``out``, one place longer than that needs; returns the place after them."""
    inside[scores.size :] = 0
    marks, found = inside.view(np.uint64), 0
    for w in range(marks.size):
        words[found] = w
        found += marks[w] != 0
    for at in range(found):
        first = 8 * words[at]
        part, marked = scores[first : min(first + 8, scores.size)], inside[first : first + 8]
        for i in range(part.size):
            out[place] = part[i]
            place += i8(marked[i])
    return place


@loop
def _beside(scores, wide, low, high):  # type: ignore[no-untyped-def]
    """How many scores are above ``high``, at it, and at ``low``; ``wide`` has length 1 for numbers of 64 bits."""
    if len(wide):
        above, at_high, at_low = i8(0), i8(0), i8(0)
        for i in range(scores.size):
            above += i8(scores[i] > high)
            at_high += i8(scores[i] == high)
            at_low += i8(scores[i] == low)
        return above, at_high, at_low
    more, highs, lows = i4(0), i4(0), i4(0)
    for i in range(scores.size):
        more = i4(more + i4(scores[i] > high))
        highs = i4(highs + i4(scores[i] == high))
        lows = i4(lows + i4(scores[i] == low))
    return i8(more), i8(highs), i8(lows)


@loop
def _collect(scores, wide, low, high, inside, words, counts, out):  # type: ignore[no-untyped-def]
    """Count what is above ``high``, at it, at ``low`` if that is less, and write what is between to ``out``."""
    above, at_high, at_low = _beside(scores, wide, low, high)
    counts[0] += above
    counts[1] += at_high
    if low < high:
        counts[2] += at_low
        for i in range(scores.size):
            inside[i] = np.uint8(scores[i] > low) & np.uint8(scores[i] < high)
        counts[3] = _taken(scores, inside, counts[3], words, out)


@loop
def survey(x, scales, run, square, rounding, told, ends, gain_ends, work, counts, sizes, images, saved):  # type: ignore[no-untyped-def]
    """``_collect`` of the bits of |x|, unless ``told``, and of |q(x)| between ``ends`` (2, 2), and of the gains."""
    inside = np.zeros(STRIP, np.uint8)
    for start in range(0, x.size, STRIP):
        n = min(STRIP, x.size - start)
        quantized(x, start, n, scales, run, rounding, work)
        gained(work.x, work.y, n, square, work.gains)
        if not told:
            _collect(work.x[0, :n].view(i4), (), ends[0, 0], ends[0, 1], inside, work.places, counts[0], sizes)
        _collect(work.y[0, :n].view(i4), (), ends[1, 0], ends[1, 1], inside, work.places, counts[1], images)
        _collect(work.gains[0, :n], (1,), gain_ends[0], gain_ends[1], inside, work.places, counts[2], saved)


@loop
def _keys(scores, cut, keys, inside, words, out):  # type: ignore[no-untyped-def]
    """The keys of the entries at a cut, into ``out``; returns how many."""
    for i in range(scores.size):
        inside[i] = np.uint8(scores[i] == cut)
    return _taken(keys, inside, 0, words, out)


@loop
def survey_ties(x, scales, run, square, rounding, by_gain, bits, gain, low, high, work, counts, found):  # type: ignore[no-untyped-def]
    """``_collect`` of the bits of |x| where |q(x)| has these bits, or where the gain is this."""
    inside, own = np.zeros(STRIP, np.uint8), np.empty(STRIP + 1, i4)
    for start in range(0, x.size, STRIP):
        n = min(STRIP, x.size - start)
        quantized(x, start, n, scales, run, rounding, work)
        keys = work.x[0, :n].view(i4)
        if by_gain:
            gained(work.x, work.y, n, square, work.gains)
            ties = _keys(work.gains[0, :n], gain, keys, inside, work.places, own)
        else:
            ties = _keys(work.y[0, :n].view(i4), bits, keys, inside, work.places, own)
        if ties > 0:
            _collect(own[:ties], (), low, high, inside, work.places, counts, found)


@loop
def _mark(scores, cut, keys, ranking, row, places, who):  # type: ignore[no-untyped-def]
    """Add to codes the bit of a ranking: what is above the cut, and of what is at it what ``places`` say."""
    first, last, seen = places.first[ranking, row], places.last[ranking, row], places.seen[ranking, row]
    key, bit, ties = places.keys[ranking, row], i4(1 << ranking), i4(0)
    stay = first <= seen and seen < last
    if key != UNKEYED:
        for i in range(scores.size):
            above = (scores[i] > cut) | ((scores[i] == cut) & (keys[i] > key))
            ties = i4(ties + (i4(1) if (scores[i] == cut) & (keys[i] == key) else i4(0)))
            who[i] = i4(who[i] | (bit if above else i4(0)))
        stay = False
    elif stay:
        for i in range(scores.size):
            ties = i4(ties + (i4(1) if scores[i] == cut else i4(0)))
            who[i] = i4(who[i] | (bit if scores[i] >= cut else i4(0)))
    else:
        for i in range(scores.size):
            ties = i4(ties + (i4(1) if scores[i] == cut else i4(0)))
            who[i] = i4(who[i] | (bit if scores[i] > cut else i4(0)))
    end = seen + ties
    places.seen[ranking, row] = end
    if ties == 0 or (end <= last if stay else end <= first or last <= seen):
        return
    place = seen
    for i in range(scores.size):
        if scores[i] == cut and (key == UNKEYED or keys[i] == key):
            who[i] = i4(who[i] | bit) if first <= place and place < last else i4(who[i] & ~bit)
            place += 1


@loop
def _differ(y, who, counts):  # type: ignore[no-untyped-def]
    """Count the entries of non-zero image that one order keeps and the other prunes."""
    moved, swaps = i4(0), i4(0)
    for r in range(who.size):
        ours = i4(who[r] & i4(1))
        differ = i4(i4(ours ^ i4(who[r] >> i4(1))) & (i4(1) if y[r] != f4(0) else i4(0)))
        moved = i4(moved + differ)
        swaps = i4(swaps + i4(differ & ours))
    counts[0] += moved
    counts[1] += swaps


@loop
def _swept(x, y, who, floor, dust, found):  # type: ignore[no-untyped-def]
    """Take the entries below ``floor`` out of a strip; returns how many entries are dust, those found before too."""
    for r in range(who.size):
        if (x[r] != 0 and x[r] < floor) or (y[r] != 0 and y[r] < floor):
            dust.x[found], dust.y[found], dust.who[found] = x[r], y[r], who[r]
            found += 1
            x[r], y[r] = f4(0), f4(0)
    return found


@loop
def weigh(x, scales, run, square, rounding, told, places, work, weighed, dust):  # type: ignore[no-untyped-def]
    """Add up rows (rows, n), cut at ``places``, and bring up the ties seen; returns how many entries are dust.

    ``told``: x and s are known.
    """
    flat, found, strip = x.reshape(-1), 0, 0
    for row in range(x.shape[0]):
        for start in range(row * x.shape[1], (row + 1) * x.shape[1], STRIP):
            n = min(STRIP, (row + 1) * x.shape[1] - start)
            quantized(flat, start, n, scales, run, rounding, work)
            gained(work.x, work.y, n, square, work.gains)
            sizes, images, who = work.x[0, :n], work.y[0, :n], work.kept[:n]
            bits, before = sizes.view(i4), places.seen[0, row]
            who[:] = 0
            _mark(bits, places.bits[0, row], bits, 0, row, places, who)
            _mark(images.view(i4), places.bits[1, row], bits, 1, row, places, who)
            _mark(work.gains[0, :n], places.gains[row], bits, 2, row, places, who)
            if places.seen[0, row] > before:
                for r in range(n):
                    if bits[r] == places.bits[0, row] and who[r] & 1:
                        weighed.alive[(start + r) // run] = 1
            _differ(images, who, weighed.counts[row])
            power, floor = extent(work.x, work.y, n)
            if floor > 0:
                found = _swept(sizes, images, who, floor, dust, found)
            power = 2 * power if len(square) else power
            lift, rest = 2.0**power, 1.5 * 2.0 ** (power - 52)
            own = weighed.totals[strip]
            weighed.powers[strip] = power
            own[:] = 0
            if not told:
                sized(sizes, square, who, i4(0), lift, rest, own)
            summed(sizes, images, square, (who, who, who), (i4(0), i4(1), i4(2)), lift, rest, own[4:])
            strip += 1
    return found
