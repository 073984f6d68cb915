"""Sorting networks, which leave equal entries in an order that is neither by lower nor by higher place."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from sqtheory.arrays import Array


@final
@dataclass(frozen=True)
class SortingNetwork:
    """Pairs of places a < b, compared in turn: their entries change places if the first is larger.

    With ``swaps_equal`` also if they are equal.
    """

    pairs: tuple[tuple[int, int], ...]
    swaps_equal: bool = False

    def ascending(self, rows: Array) -> NDArray[np.intp]:
        """Places of every row's entries in the order the network leaves them in."""
        order, values = np.tile(np.arange(rows.shape[1]), (len(rows), 1)), rows.copy()
        for a, b in self.pairs:
            first, second = values[:, a], values[:, b]
            swap = first >= second if self.swaps_equal else first > second
            for held in (values, order):
                held[swap, a], held[swap, b] = held[swap, b], held[swap, a]
        return order


def bose_nelson(size: int, *, swaps_equal: bool = False) -> SortingNetwork:
    """Halves sorted, then merged without a copy (`bose1962sorting`): 65 comparisons for 16 entries."""
    return SortingNetwork(tuple(_halves(0, size)), swaps_equal)


def bitonic(size: int) -> SortingNetwork:
    """For 2^k entries: runs of 2, 4, … compared with their mirror image, then by halves (`batcher1968sorting`).

    For 16 there are 80 comparisons. The indices of numpy's argsort of 16 float32 numbers are in this order on a
    processor with AVX2, as seen of numpy 2.4.6.
    """
    return SortingNetwork(tuple(_runs(size)))


def _halves(at: int, size: int) -> Iterator[tuple[int, int]]:
    if size > 1:
        half = size // 2
        yield from _halves(at, half)
        yield from _halves(at + half, size - half)
        yield from _merged(at, half, at + half, size - half)


def _merged(i: int, p: int, j: int, q: int) -> Iterator[tuple[int, int]]:
    """Comparisons that merge p sorted entries from place i on with q from j on."""
    if (p, q) == (1, 1):
        yield i, j
    elif (p, q) == (1, 2):
        yield from ((i, j + 1), (i, j))
    elif (p, q) == (2, 1):
        yield from ((i, j), (i + 1, j))
    else:
        a, b = p // 2, q // 2 if p % 2 else (q + 1) // 2
        yield from _merged(i, a, j, b)
        yield from _merged(i + a, p - a, j + b, q - b)
        yield from _merged(i + a, p - a, j, b)


def _runs(size: int) -> Iterator[tuple[int, int]]:
    run = 2
    while run <= size:
        yield from ((at + i, at + run - 1 - i) for at in range(0, size, run) for i in range(run // 2))
        half = run // 4
        while half:
            yield from ((at + i, at + half + i) for at in range(0, size, 2 * half) for i in range(half))
            half //= 2
        run *= 2
