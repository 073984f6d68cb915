"""The partial quicksort of a run: which of equal entries come before the k-th place, for many runs at once.

Introselect (`musser1997introspective`) as the C++ library of GCC has it: the median of the second, the middle and the
last entry divides what is left, from both its ends; three entries are sorted, and what shrinks too slowly goes to a
heap.
"""

from heapq import heapify, heapreplace
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.arrays import PIECE, Array, Mask

Places: TypeAlias = NDArray[np.intp]
SORTED = 3
"""So many entries are sorted."""
FEW = 64
"""A heap alone finds k entries of this many times k or more."""
STEP = 1 << 12
"""Entries compared with the top of a heap at once."""


def first_of(rows: Array, k: int) -> Mask:
    """The k entries of every row (rows, m) that end up first in ascending order, 0 < k < m. No entry is NaN."""
    count, m = rows.shape
    kept = np.zeros(rows.shape, np.bool_)
    if FEW * k <= m:
        for row, marked in zip(rows, kept, strict=True):
            marked[_by_heap(row, k)] = True
        return kept
    step = max(1, PIECE // m)
    for at in range(0, count, step):
        part = _Runs(rows[at : at + step])
        np.put_along_axis(kept[at : at + step], part.ordered(k)[:, :k], True, axis=1)
    return kept


@final
class _Placed(float):
    """A number with its place, compared as the number."""

    place: int

    @classmethod
    def of(cls, value: float, place: int) -> "_Placed":
        entry = cls(value)
        entry.place = place
        return entry


def _by_heap(row: Array, k: int) -> list[int]:
    """The k places that a heap of the k least entries is left with, the largest on its top."""
    heap = [_Placed.of(value, place) for place, value in enumerate((-row[:k]).tolist())]
    heapify(heap)
    for at in range(k, row.size, STEP):
        part = -row[at : at + STEP]
        for i in np.flatnonzero(part > heap[0]).tolist():
            if part[i] > heap[0]:
                heapreplace(heap, _Placed.of(part[i], at + i))
    return [entry.place for entry in heap]


@final
class _Runs:
    """Rows of one length m while they are put in order: their entries, and where each of these was."""

    def __init__(self, rows: Array) -> None:
        self.values = np.array(rows)
        self.places: Places = np.tile(np.arange(rows.shape[1]), (len(rows), 1))

    def ordered(self, k: int) -> Places:
        """The places of the entries, those of the k first before the others."""
        count, m = self.values.shape
        first, last = np.zeros(count, np.intp), np.full(count, m, np.intp)
        for _ in range(2 * (m.bit_length() - 1)):
            rows = np.flatnonzero(last - first > SORTED)
            if not rows.size:
                break
            cut = self._divided(rows, first[rows], last[rows])
            below = cut <= k - 1
            first[rows] = np.where(below, cut, first[rows])
            last[rows] = np.where(below, last[rows], cut)
        for row in np.flatnonzero(last - first > SORTED).tolist():
            self._select(row, int(first[row]), int(last[row]), k)
            last[row] = first[row]
        self._sort(first, last)
        return self.places

    def _divided(self, rows: Places, first: Places, last: Places) -> Places:
        """Where the entries that come after the median begin, once those of [first, last) are divided."""
        low, high = int(first.min()), int(last.max())
        self._swap(rows, first, self._median(rows, first, last))
        values = self.values[rows, low:high] if rows.size < len(self.values) else self.values[:, low:high]
        at, pivot = np.arange(low, high), self.values[rows, first][:, None]
        begin, end = first[:, None], last[:, None]
        inside = (at > begin) & (at < end)
        left = _marked(inside & (values >= pivot), high - low) + low
        right = high - 1 - _marked((inside | (at == begin))[:, ::-1] & (values[:, ::-1] <= pivot), high - low)
        width = min(left.shape[1], right.shape[1])
        crossed = left[:, :width] < right[:, :width]
        where, turn = np.nonzero(crossed)
        self._swap(rows[where], left[where, turn], right[where, turn])
        swaps = np.count_nonzero(crossed, axis=1)
        each, before = np.arange(rows.size), np.maximum(swaps - 1, 0)
        met = np.where(swaps > 0, right[each, before], last)
        beyond = np.append(left, np.full((rows.size, 1), high), axis=1)[each, swaps]
        return np.asarray(np.minimum(beyond, met))

    def _median(self, rows: Places, first: Places, last: Places) -> Places:
        """Where the median of the second, the middle and the last entry is; the last of equals."""
        i, j, k = first + 1, first + (last - first) // 2, last - 1
        a, b, c = (self.values[rows, at] for at in (i, j, k))
        rising = np.where(b < c, j, np.where(a < c, k, i))
        falling = np.where(a < c, i, np.where(b < c, k, j))
        return np.where(a < b, rising, falling)

    def _swap(self, rows: Places, one: Places, other: Places) -> None:
        for array in (self.values, self.places):
            array[rows, one], array[rows, other] = array[rows, other], array[rows, one]

    def _select(self, row: int, first: int, last: int, k: int) -> None:
        """Of the entries in [first, last) those that belong before the k-th place, found by a heap."""
        here = self.places[row, first:last].copy()
        chosen = _by_heap(self.values[row, first:last], k - first)
        others = np.setdiff1d(np.arange(last - first), chosen)
        self.places[row, first:last] = here[[*chosen, *others]]

    def _sort(self, first: Places, last: Places) -> None:
        """Put the entries in [first, last), three at most, in their order; equal ones stay in theirs."""
        at = first[:, None] + np.arange(SORTED)
        inside = at < last[:, None]
        at = np.where(inside, at, at.clip(0, self.values.shape[1] - 1))
        places = np.take_along_axis(self.places, at, axis=1)
        values = np.where(inside, np.take_along_axis(self.values, at, axis=1), np.inf)
        order = np.argsort(values, axis=1, kind="stable")
        row, column = np.nonzero(inside)
        self.places[row, at[row, column]] = np.take_along_axis(places, order, axis=1)[row, column]


def _marked(where: Mask, none: int) -> Places:
    """The marked columns of every row, in ascending order, filled up with ``none``."""
    row, column = np.nonzero(where)
    counts = np.count_nonzero(where, axis=1)
    out = np.full((len(where), max(1, int(counts.max(initial=0)))), none, np.intp)
    out[row, np.arange(row.size) - np.repeat(np.cumsum(counts) - counts, counts)] = column
    return out
