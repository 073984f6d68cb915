"""Sums without any rounding: whole numbers of 2^−1074, the least unit of float64, whatever the order of the terms."""

import math
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.kernels.scratch import scratch
from sqtheory.arrays import PIECE

Numbers: TypeAlias = NDArray[np.floating[Any]]
Integers: TypeAlias = NDArray[np.int64]
UNIT = 1074
"""Sums are multiples of 2^−UNIT."""
TILE = 1 << 14
"""So many terms are split at once: they stay in cache."""
ROW = 1 << 11
"""So many integers below 2^51 add up to one below 2^62."""
TALL = 900
"""Terms beyond 2^±TALL are scaled first."""


def total(terms: Numbers) -> int:
    """2^1074 Σ t_i of finite numbers, exactly.

    >>> rounded(total(np.array([1e16, 1.0, -1e16])))
    1.0
    """
    flat = terms.reshape(-1)
    return sum(_of_tile(flat[at : at + TILE]) for at in range(0, flat.size, TILE))


def _of_tile(flat: Numbers) -> int:
    top = max(float(np.maximum.reduce(flat)), -float(np.minimum.reduce(flat)))
    power = math.frexp(top)[1]
    if top == 0:
        return 0
    if power < -TALL:
        return _of_tile(np.ldexp(flat, TALL)) >> TALL
    if power > TALL:
        large = np.where(np.abs(flat) >= 1, flat, 0.0)
        return (_of_tile(np.ldexp(large, -TALL)) << TALL) + _of_tile(flat - large)
    return Digits(flat, power).sum()


def total_of(terms: Callable[[slice], Numbers], size: int) -> int:
    """``total`` of so many numbers that are made piece by piece."""
    return sum(total(terms(slice(at, min(at + PIECE, size)))) for at in range(0, size, PIECE))


def rounded(units: int) -> float:
    """The float64 nearest to a sum, ties to even; ∞ beyond the range."""
    try:
        return units / (1 << UNIT)
    except OverflowError:
        return float("inf") if units > 0 else float("-inf")


class Digits:
    """Numbers t_i, |t_i| < 2^power and |power| ≤ TALL, as integers at two places and a rest; sums of some are exact.

    They lie in memory of the kernels under ``name``.

    With c = 3·2^power the sum t + c lies in one binade, so its bits less those of c are t to the nearest 2^{power−51};
    what remains is split in the same way, and what remains then is 0 for all but the smallest.
    """

    def __init__(self, terms: Numbers, power: int, name: str = "digits") -> None:
        self._rest = scratch(f"{name} left", terms.size, np.float64)
        self._lifted = scratch("lifted", terms.size, np.float64)
        np.copyto(self._rest, terms)
        self._places = [
            (self._split(scratch(f"{name} {at}", terms.size, np.int64), power - 52 * at), power - 52 * at - 51)
            for at in (0, 1)
        ]
        self._at = np.flatnonzero(self._rest)

    def sum(self, mask: Integers | None = None) -> int:
        """The sum of all terms, or of those whose mask is −1 rather than 0, in units of 2^−UNIT."""
        found = sum(_sum(codes if mask is None else codes & mask) << (UNIT + at) for codes, at in self._places)
        at = self._at if mask is None else self._at[mask[self._at] != 0]
        return found + sum(map(units, self._rest[at].tolist()))

    def _split(self, codes: Integers, power: int) -> Integers:
        """The integers nearest to t_i 2^{51−power}; the terms become what they leave."""
        lift, lifted = np.float64(3 * 2.0**power), self._lifted
        np.add(self._rest, lift, out=lifted)
        np.subtract(lifted.view(np.int64), lift.view(np.int64), out=codes)
        np.subtract(lifted, lift, out=lifted)
        np.subtract(self._rest, lifted, out=self._rest)
        return codes


def units(t: float) -> int:
    """A finite number as a multiple of 2^−UNIT."""
    over, under = t.as_integer_ratio()
    return over * ((1 << UNIT) // under)


def _sum(codes: Integers) -> int:
    return sum(int(part) for row in _rows(codes) for part in np.add.reduce(row, axis=-1, keepdims=True).flat)


def _rows(codes: Integers) -> Iterator[NDArray[Any]]:
    full = codes.size // ROW * ROW
    yield codes[:full].reshape(-1, ROW)
    yield codes[full:]
