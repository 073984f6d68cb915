"""Numbers of patterns of n among 2, 4 or 8 entries, looked up by the bits of the pattern."""

from functools import lru_cache
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.kernels.engine import compiled
from sqtheory.arrays import Mask

WORDS = (2, 4, 8)
"""The sizes of groups whose flags fill a word."""


def ranks_of(rows: Mask, n: int) -> NDArray[np.uint8] | None:
    """Σ_i C(p_i, i+1) for the places p_0 < p_1 < … of the n flags of every row; None where one has not n flags.

    Rows are contiguous, of 2, 4 or 8 flags.
    """
    size = rows.shape[1]
    kind, table, last = np.dtype(f"<u{size}"), _ranks(size, n), 8 * (size - 1)
    gather = sum(1 << last - 7 * j for j in range(size))  # brings flag j to bit j of the last byte
    words, loops = rows.reshape(-1).view(kind), compiled(rows.size) if kind.isnative else None
    if loops is None:
        ranks = np.take(table, words * kind.type(gather) >> last)
        return None if np.any(ranks == _NONE) else np.asarray(ranks)
    ranks = np.empty(words.size, np.uint8)
    return ranks if loops.CODES.ranked(words, kind.type(gather), kind.type(last), table, ranks) < _NONE else None


def rows_of(ranks: NDArray[np.unsignedinteger[Any]], size: int, n: int) -> Mask:
    """The flags of every row again, the inverse of ``ranks_of``; IndexError for a number that no pattern has."""
    table, loops = _patterns(size, n), compiled(ranks.size * size)
    known = int(np.maximum.reduce(ranks, initial=0)) < table.size
    if loops is None or not known or not table.dtype.isnative or ranks.dtype != np.uint8:
        return np.asarray(np.take(table, ranks)).view(np.bool_).reshape(-1, size)
    words = np.empty(ranks.size, table.dtype)
    loops.CODES.looked_up(ranks, table, words)
    return words.view(np.bool_).reshape(-1, size)


_NONE = 255


@lru_cache
def _ranks(size: int, n: int) -> NDArray[np.uint8]:
    table = np.full(1 << size, _NONE, np.uint8)
    for places in combinations(range(size), n):
        table[sum(1 << p for p in places)] = sum(comb(p, i + 1) for i, p in enumerate(places))
    return table


@lru_cache
def _patterns(size: int, n: int) -> NDArray[Any]:
    found = {int(_ranks(size, n)[bits]): bits for bits in range(1 << size) if _ranks(size, n)[bits] != _NONE}
    flags = [sum((bits >> j & 1) << 8 * j for j in range(size)) for _, bits in sorted(found.items())]
    return np.array(flags, f"<u{size}")
