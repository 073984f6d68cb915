"""Both orders on groups of whole scale blocks in machine code (extra ``fast``), of float32 numbers: strip by strip.

A strip stays in the first cache, as the one column that the loops of ``compiled_groups`` add up.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.kernels.compiled_groups import TOTALS, Dust, Workspace, added_up, rounded
from sqtheory.alphabet.kernels.compiled_ranking import gained, loop

STRIP = 1024
"""Entries of a strip."""
COUNTS = 2
"""Counts of a row: entries of non-zero image that one order keeps and the other prunes; those that S→Q keeps."""
i4, i8 = np.int32, np.int64
__all__ = [
    "COUNTS",
    "STRIP",
    "TOTALS",
    "CutPlaces",
    "Dust",
    "Weighed",
    "Workspace",
    "survey",
    "weigh",
]


class CutPlaces(NamedTuple):
    """Where rows are cut, one entry each; by ranking: |x|, |q(x)|, gain."""

    bits: NDArray[np.int32]
    """(2, rows): of the magnitudes at the cut."""
    gains: NDArray[np.float64]
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
def _quantized(x, start, n, scales, run, rounding, work):  # type: ignore[no-untyped-def]
    """|x| and |q(x)| of a strip; every ``run`` entries share a scale, none of which is 0."""
    r = 0
    while r < n:
        block, inside = (start + r) // run, (start + r) % run
        count = min(run - inside, n - r)
        work.scales[r : r + count] = scales[block]
        r += count
    for r in range(n):
        work.y[0, r] = x[start + r]
        work.x[0, r] = abs(x[start + r])
    rounded(work.y, n, work.scales, rounding, work.places)


@loop
def _collect(scores, low, high, counts, out):  # type: ignore[no-untyped-def]
    """Count what is above ``high``, at it, at ``low`` if that is less, and write what is between to ``out``."""
    above, from_high, over_low, from_low = i4(0), i4(0), i4(0), i4(0)
    for i in range(scores.size):
        above = i4(above + i4(scores[i] > high))
        from_high = i4(from_high + i4(scores[i] >= high))
        over_low = i4(over_low + i4(scores[i] > low))
        from_low = i4(from_low + i4(scores[i] >= low))
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


@loop
def survey(x, scales, run, square, rounding, ends, gain_ends, work, counts, sizes, images, saved):  # type: ignore[no-untyped-def]
    """``_collect`` of the bits of |x| and of |q(x)| between ``ends`` (2, 2), and of the gains."""
    for start in range(0, x.size, STRIP):
        n = min(STRIP, x.size - start)
        _quantized(x, start, n, scales, run, rounding, work)
        gained(work.x, work.y, n, square, work.gains)
        _collect(work.x[0, :n].view(i4), ends[0, 0], ends[0, 1], counts[0], sizes)
        _collect(work.y[0, :n].view(i4), ends[1, 0], ends[1, 1], counts[1], images)
        _collect(work.gains[0, :n], gain_ends[0], gain_ends[1], counts[2], saved)


@loop
def _mark(scores, cut, ranking, row, places, out):  # type: ignore[no-untyped-def]
    """Mark what is above the cut, and of what is at it the ones from ``first`` to before ``last``."""
    first, last, seen = places.first[ranking, row], places.last[ranking, row], places.seen[ranking, row]
    ties = i4(0)
    for i in range(scores.size):
        ties = i4(ties + i4(scores[i] == cut))
    if first <= seen and seen + ties <= last:
        for i in range(scores.size):
            out[i] = i4(1) if scores[i] >= cut else i4(0)
    elif seen + ties <= first or last <= seen:
        for i in range(scores.size):
            out[i] = i4(1) if scores[i] > cut else i4(0)
    else:
        place = seen
        for i in range(scores.size):
            tie = scores[i] == cut
            out[i] = i4((scores[i] > cut) | (tie & (first <= place) & (place < last)))
            place += np.int64(tie)
    places.seen[ranking, row] = seen + ties


@loop
def _differ(y, n, kept, moved, better, counts):  # type: ignore[no-untyped-def]
    """Of masks what differs from the first where the image is not 0; counted for the second. What the first keeps."""
    all_moved, swaps, stay = i4(0), i4(0), i4(0)
    for r in range(n):
        alive = i4(1) if y[0, r] != 0 else i4(0)
        moved[r] = i4(moved[r] ^ kept[r]) & alive
        better[r] = i4(better[r] ^ kept[r]) & alive
        all_moved = i4(all_moved + moved[r])
        swaps = i4(swaps + i4(moved[r] & kept[r]))
        stay = i4(stay + kept[r])
    counts[0] += all_moved
    counts[1] += swaps
    return stay


@loop
def weigh(x, scales, run, square, rounding, places, work, weighed, dust):  # type: ignore[no-untyped-def]
    """Add up rows (rows, n), cut at ``places``, and bring up the ties seen; returns how many entries are dust."""
    flat, found, strip = x.reshape(-1), 0, 0
    for row in range(x.shape[0]):
        for start in range(row * x.shape[1], (row + 1) * x.shape[1], STRIP):
            n = min(STRIP, (row + 1) * x.shape[1] - start)
            _quantized(flat, start, n, scales, run, rounding, work)
            gained(work.x, work.y, n, square, work.gains)
            sizes, before = work.x[0, :n].view(i4), places.seen[0, row]
            images, gains = work.y[0, :n].view(i4), work.gains[0, :n]
            _mark(sizes, places.bits[0, row], 0, row, places, work.kept)
            _mark(images, places.bits[1, row], 1, row, places, work.moved)
            _mark(gains, places.gains[row], 2, row, places, work.better)
            if places.seen[0, row] > before:
                for r in range(n):
                    if sizes[r] == places.bits[0, row] and work.kept[r] != 0:
                        weighed.alive[(start + r) // run] = 1
            stay = i8(_differ(work.y, n, work.kept, work.moved, work.better, weighed.counts[row]))
            found = added_up(n, square, stay, False, work, weighed.powers, weighed.totals, strip, dust, found)
            strip += 1
    return found
