"""Sums of many numbers: in double precision over parts of a cache's size, and without any rounding."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqtheory.arrays import PIECE

PART = 4096
"""Products summed at once: few enough that no library shares them between threads."""
ROUNDS = 4
"""Leading bits are split off so often; what is left goes number by number."""

Numbers = NDArray[np.float64]


def dot(a: Numbers, b: Numbers) -> float:
    """Σ a_i b_i of two contiguous arrays of one size."""
    full = a.size // PART * PART
    flat, other = a.reshape(-1), b.reshape(-1)
    parts = np.vecdot(flat[:full].reshape(-1, PART), other[:full].reshape(-1, PART))
    return float(np.add.reduce(parts)) + float(np.vecdot(flat[full:], other[full:]))


def pairwise(terms: Callable[[slice], NDArray[np.floating[Any]]], size: int) -> float:
    """Σ t_i of so many numbers that are made piece by piece, to the last bit what ``np.sum`` of all gives.

    It halves them, the first half a multiple of 8; so do we, down to pieces that it sums itself. No −0 alone.
    """
    return _between(terms, 0, size)


def _between(terms: Callable[[slice], NDArray[np.floating[Any]]], begin: int, end: int) -> float:
    if end - begin <= PIECE:
        return float(np.add.reduce(terms(slice(begin, end))))
    half = (end - begin) // 2
    middle = begin + half - half % 8
    return _between(terms, begin, middle) + _between(terms, middle, end)


def exact_parts(terms: NDArray[np.floating[Any]]) -> list[float]:
    """A few numbers whose sum is exactly that of these (finite), for ``math.fsum`` to round once.

    With σ = 2^j ≥ 2 n max |t| the leading parts (σ + t) − σ are multiples of one unit whose sum is exact in any
    order, and the rests t − part are exact too; they are split in the same way.
    """
    found: list[float] = []
    rest, lead = terms.copy(), np.empty_like(terms)
    top = max(float(np.maximum.reduce(rest, initial=0.0)), -float(np.minimum.reduce(rest, initial=0.0)))
    room = terms.size.bit_length() + 1
    for _ in range(ROUNDS):
        exponent = math.frexp(top)[1] + room
        if not -960 < exponent < 1024 or top == 0:
            break
        sigma = math.ldexp(1.0, exponent)
        np.subtract(np.add(rest, sigma, out=lead), sigma, out=lead)
        found.append(float(np.add.reduce(lead)))
        np.subtract(rest, lead, out=rest)
        top = math.ldexp(sigma, -53)  # half a unit of σ: no rest is larger
    found += rest[rest != 0].tolist()
    return found
