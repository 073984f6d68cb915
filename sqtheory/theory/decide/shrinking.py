"""From any tensor that violates a claim to a small one: fewer entries, then simpler numbers."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from sqtheory.arrays import Array

Violates: TypeAlias = Callable[[Array], Array]
"""For every row of (instances, entries) a number that is positive where the claim fails in float64."""
Certify: TypeAlias = Callable[[Array], bool]
"""Whether the claim fails on one row, decided exactly."""
SIMPLE = np.array([a / b for b in (1, 2, 4, 8) for a in range(0, 17)])
"""Magnitudes that are easy to read."""


def weight(x: Array) -> tuple[int, int, int]:
    """How hard a tensor is to read: non-zero entries (or runs of equal ones), digits, and how far from the front."""
    values = x[x != 0]
    first = np.concatenate([[True], np.diff(x) != 0])
    runs = int(np.count_nonzero(first))
    told = values if values.size <= 2 * runs else x[first & (x != 0)]
    digits = sum(_digits(float(v)) for v in told) + 2 * np.unique(np.abs(values)).size
    return min(values.size, 2 * runs), digits, int(np.flatnonzero(x).sum())


@lru_cache(maxsize=4096)
def _digits(v: float) -> int:
    part = Fraction(v)
    return 4 * (part.denominator.bit_length() - 1) + 2 * abs(part.numerator).bit_length() + (v < 0)


def shrink(x: Array, violates: Violates, certify: Certify, most: int) -> Array:
    """A row at least as easy to read that violates the claim too; x itself must. At most so many others are tried."""
    better = True
    while better:
        better = False
        for propose in (_without, _evened, _rescaled, _replaced, _moved):
            while lighter := _lighter(x, propose(x))[:most]:
                most -= len(lighter)
                failing = violates(np.array(lighter)) > 0
                found = (row for row, bad in zip(lighter, failing, strict=True) if bad and certify(row))
                if (accepted := next(found, None)) is None:
                    break
                x, better = accepted, True
    return x


def _lighter(x: Array, proposed: Iterator[Array]) -> list[Array]:
    """Those that are easier to read, the easiest first."""
    most = weight(x)
    weighed = [(weight(row), i, row) for i, row in enumerate(proposed)]
    return [row for w, _, row in sorted(weighed, key=lambda item: item[:2]) if w < most]


def _without(x: Array) -> Iterator[Array]:
    """Runs of non-zero entries set to zero, long ones first."""
    where = np.flatnonzero(x)
    length = where.size // 2
    while length >= 1:
        for start in range(0, where.size, length):
            row = x.copy()
            row[where[start : start + length]] = 0
            yield row
        length //= 2


def _evened(x: Array) -> Iterator[Array]:
    """All entries but the largest made equal, or runs of entries made equal to their first."""
    largest = np.abs(x) == np.abs(x).max()
    for value in np.unique(x)[:64]:
        yield np.where(largest, x, value)
        yield np.where(np.arange(x.size) == np.argmax(largest), x, value)
    length = x.size // 2
    while length >= 2 and np.count_nonzero(x) > 8:
        for start in range(0, x.size, length):
            row = x.copy()
            row[start : start + length] = row[start]
            yield row
        length //= 2


def _moved(x: Array) -> Iterator[Array]:
    """Entries moved to the front: all of them, or one into a zero before it."""
    where = np.flatnonzero(x)
    if not 0 < where.size <= 8:
        return
    for shift in range(1, int(where[0]) + 1):
        yield np.roll(x, -shift)
    for i in where:
        for j in np.flatnonzero(x[:i] == 0)[:16]:
            row = x.copy()
            row[j], row[i] = row[i], 0
            yield row


def _rescaled(x: Array) -> Iterator[Array]:
    """The whole tensor times a power of two, or rounded to fewer binary places, or without its signs."""
    yield np.abs(x)
    yield -x
    for j in range(-12, 13):
        yield x * 2.0**j
        yield np.rint(x * 2.0**j) / 2.0**j


def _replaced(x: Array) -> Iterator[Array]:
    """One entry, or all entries of one value, replaced by a simpler number."""
    for value in np.unique(x[x != 0]):
        places = np.flatnonzero(x == value)
        rounded = [np.rint(value * 2.0**j) / 2.0**j for j in range(-4, 9)]
        near = np.unique(np.concatenate([SIMPLE, -SIMPLE, [-value], rounded]))
        own = weight(np.array([value]))
        for new in near:
            if weight(np.array([new])) < own:
                for where in (places, places[:1]) if places.size > 1 else (places,):
                    row = x.copy()
                    row[where] = new
                    yield row
