"""Sums without any rounding: whole numbers of 2^−1074, the least unit of float64, whatever the order of the terms."""

import math
from collections.abc import Callable
from operator import add
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.kernels.scratch import scratch
from sqtheory.arrays import PIECE

Numbers: TypeAlias = NDArray[np.floating[Any]]
UNIT = 1074
"""Sums are multiples of 2^−UNIT."""
TILE = 1 << 14
"""So many terms are split at once: they stay in cache."""
ROW = 1 << 11
BITS = 42
"""ROW whole numbers of at most 2^BITS add up to at most 2^53: no float64 sum of them rounds, in whatever order."""
PLACES = 2
"""So many times terms are split before those with something left are looked at by themselves."""
SPAN = PLACES * (BITS + 1) - 1
"""Multiples of 2^{power − SPAN} up to 2^power have nothing left."""
TALL = 900
"""Terms beyond 2^±TALL are scaled first."""
_ONES = np.ones(ROW)


def total(terms: Numbers) -> int:
    """2^1074 Σ t_i of finite numbers, exactly.

    >>> rounded(total(np.array([1e16, 1.0, -1e16])))
    1.0
    """
    flat = terms.reshape(-1)
    tiles = (flat[at : at + TILE] for at in range(0, flat.size, TILE))
    return sum(sums(tile, np.empty((0, tile.size)))[0] for tile in tiles)


def sums(terms: Numbers, weights: Numbers) -> list[int]:
    """2^1074 Σ t_i, then 2^1074 Σ w_i t_i for every row w of −1, 0, 1: of at most 2^20 finite numbers, exactly."""
    top = float(np.maximum.reduce(np.abs(terms), initial=0))
    power = math.frexp(top)[1]
    if top == 0:
        return [0] * (1 + len(weights))
    if power < -TALL:
        return [units >> TALL for units in sums(np.ldexp(terms, TALL), weights)]
    if power > TALL:
        large = np.where(np.abs(terms) >= 1, terms, 0.0)
        scaled = [units << TALL for units in sums(np.ldexp(large, -TALL), weights)]
        return list(map(add, scaled, sums(terms - large, weights)))
    left = scratch("left", terms.size, np.float64)
    np.copyto(left, terms)
    return sums_below(power, left, weights)


def sums_below(power: int, terms: Numbers, weights: Numbers, grid: int | None = None) -> list[int]:
    """``sums`` of terms up to 2^power, |power| ≤ TALL, all multiples of 2^grid if that is given. They are spoiled.

    With c = 3·2^{power+9} the sum t + c lies in one binade, so t + c − c is t to the nearest 2^{power−42}; what
    remains is at most half of that and is split in the same way, until all of it is such multiples.
    """
    found = [0] * (1 + len(weights))
    for _ in range(PLACES):
        last = grid is not None and grid >= power - BITS
        head = terms if last else _split(terms, np.float64(3 * 2.0 ** (power + 51 - BITS)))
        found = list(map(add, found, _sums_of_multiples(power - BITS, head, weights)))
        if last:
            return found
        power -= BITS + 1
    at = np.flatnonzero(terms)
    return list(map(add, found, sums(terms[at], weights[:, at]))) if at.size else found


def total_of(terms: Callable[[slice], Numbers], size: int) -> int:
    """``total`` of so many numbers that are made piece by piece."""
    return sum(total(terms(slice(at, min(at + PIECE, size)))) for at in range(0, size, PIECE))


def rounded(units: int) -> float:
    """The float64 nearest to a sum, ties to even; ∞ beyond the range."""
    try:
        return units / (1 << UNIT)
    except OverflowError:
        return float("inf") if units > 0 else float("-inf")


def units(t: float) -> int:
    """A finite number as a multiple of 2^−UNIT."""
    over, under = t.as_integer_ratio()
    return over * ((1 << UNIT) // under)


def _split(terms: Numbers, lift: np.float64) -> Numbers:
    """The multiples nearest to the terms, in memory of the kernels; the terms become what they leave."""
    head = scratch("head", terms.size, np.float64)
    np.add(terms, lift, out=head)
    np.subtract(head, lift, out=head)
    np.subtract(terms, head, out=terms)
    return head


def _sums_of_multiples(unit: int, terms: Numbers, weights: Numbers) -> list[int]:
    """``sums`` of multiples of 2^unit up to 2^{unit+BITS}, row by row in float64."""
    full, count = terms.size // ROW, len(weights)
    rows, rest = terms[: full * ROW].reshape(full, ROW), terms[full * ROW :]
    found = np.empty((full + bool(rest.size), count + 1))
    found[:full, 0] = rows @ _ONES
    found[:full, 1:] = (weights[:, : full * ROW].reshape(count, full, ROW).transpose(1, 0, 2) @ rows[:, :, None])[
        :, :, 0
    ]
    if rest.size:
        found[-1, 0] = np.add.reduce(rest)
        found[-1, 1:] = weights[:, full * ROW :] @ rest
    wholes = np.ldexp(found, -unit).astype(np.int64)
    return [whole << (UNIT + unit) for whole in np.add.reduce(wholes, axis=0).tolist()]
