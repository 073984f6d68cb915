"""Introselect on one list of (value, place), as textbooks and the C++ library of GCC state it, a step at a time."""

from operator import itemgetter
from typing import Any

Pair = tuple[Any, int]


def first(values: list[Any], k: int) -> list[int]:
    """The places of the k entries that come first, in ascending order of values."""
    v = [(value, place) for place, value in enumerate(values)]
    if 64 * k <= len(v):
        heap_select(v, 0, k, len(v))
        return [place for _, place in v[:k]]
    first, last, depth = 0, len(v), 2 * (len(v).bit_length() - 1)
    while last - first > 3:
        if depth == 0:
            heap_select(v, first, k, last)
            return [place for _, place in v[:k]]
        depth -= 1
        cut = partition(v, first, last)
        first, last = (cut, last) if cut <= k - 1 else (first, cut)
    v[first:last] = sorted(v[first:last], key=itemgetter(0))
    return [place for _, place in v[:k]]


def partition(v: list[Pair], first: int, last: int) -> int:
    """Median of three to the front, then two pointers that meet."""
    a, b, c = first + 1, first + (last - first) // 2, last - 1
    if v[a][0] < v[b][0]:
        median = b if v[b][0] < v[c][0] else c if v[a][0] < v[c][0] else a
    else:
        median = a if v[a][0] < v[c][0] else c if v[b][0] < v[c][0] else b
    v[first], v[median] = v[median], v[first]
    pivot, i, j = v[first][0], first + 1, last
    while True:
        while v[i][0] < pivot:
            i += 1
        j -= 1
        while pivot < v[j][0]:
            j -= 1
        if i >= j:
            return i
        v[i], v[j] = v[j], v[i]
        i += 1


def heap_select(v: list[Pair], first: int, middle: int, last: int) -> None:
    """The least of [first, last) in [first, middle), by a heap with the largest on top."""
    heap = v[first:middle]
    for hole in reversed(range(len(heap) // 2)):
        sift(heap, hole, heap[hole])
    for i in range(middle, last):
        if v[i][0] < heap[0][0]:
            v[i], item = heap[0], v[i]
            sift(heap, 0, item)
    v[first:middle] = heap


def sift(heap: list[Pair], top: int, item: Pair) -> None:
    """The hole at ``top`` goes down to a leaf along the larger children, the right one of equals; the item then up."""
    hole, child = top, 2 * top + 1
    while child < len(heap):
        if child + 1 < len(heap) and not heap[child + 1][0] < heap[child][0]:
            child += 1
        heap[hole], hole = heap[child], child
        child = 2 * hole + 1
    while hole > top and heap[(hole - 1) // 2][0] < item[0]:
        heap[hole], hole = heap[(hole - 1) // 2], (hole - 1) // 2
    heap[hole] = item
