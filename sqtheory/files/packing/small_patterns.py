"""Numbers of patterns of n among 2, 4 or 8 entries, looked up by the bits of the pattern."""

from functools import lru_cache
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqtheory.arrays import Mask

WORDS = (2, 4, 8)
"""The sizes of groups whose flags fill a word."""


def ranks_of(rows: Mask, n: int) -> NDArray[np.uint8] | None:
    """Σ_i C(p_i, i+1) for the places p_0 < p_1 < … of the n flags of every row; None where one has not n flags.

    Rows are contiguous, of 2, 4 or 8 flags.
    """
    size = rows.shape[1]
    gather = sum(1 << 8 * (size - 1) - 7 * j for j in range(size))
    words = rows.reshape(-1).view(f"<u{size}") * np.dtype(f"<u{size}").type(gather)  # flag j to bit j of the last byte
    ranks = np.take(_ranks(size, n), words >> 8 * (size - 1))
    return None if np.any(ranks == _NONE) else np.asarray(ranks)


def rows_of(ranks: NDArray[np.unsignedinteger[Any]], size: int, n: int) -> Mask:
    """The flags of every row again, the inverse of ``ranks_of``; IndexError for a number that no pattern has."""
    return np.asarray(np.take(_patterns(size, n), ranks)).view(np.bool_).reshape(-1, size)


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
