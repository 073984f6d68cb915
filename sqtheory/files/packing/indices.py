"""Where the survivors of a mask are: a number for the pattern of every group, their positions, or a bitmap."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from math import ceil, comb, log2
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.partition.boxes import Boxes
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.alphabet.storage import Index
from sqtheory.arrays import Mask
from sqtheory.files.bits import pack_bits, unpack_bits
from sqtheory.files.packing.small_patterns import WORDS, ranks_of, rows_of

RANKED = 1 << 16
"""Groups of m with n survivors have their patterns numbered where n·m is at most this and C(m, n) < 2^62."""
_TOO_MANY = (1 << 62) - 1
_GROUPS = 1 << 14
"""Groups handled at once: any number of bits of each makes whole bytes."""


@final
@dataclass(frozen=True)
class Places:
    """How a mask is stored: ``index``, the sides of its groups (for a bitmap: of what one bit stands for).

    ``budgets`` says for every size of a group how many of its entries survive; a bitmap has none.
    The stream holds all groups of one shape in C order, those of full size first, then the shorter ones in the order
    in which the axes, the last fastest, end. Within a group entries count in C order.
    """

    index: Index
    group: Shape
    budgets: Mapping[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_sides(self.group, "group", 1)

    def encode(self, kept: Mask) -> NDArray[np.uint8]:
        """The stream of a mask; ValueError for one that has not the budget of every group."""
        if self.index is Index.bitmap:
            units = Boxes(self.group).reduce(kept, lambda rows: np.asarray(rows.all(axis=1)))
            if not np.array_equal(Boxes(self.group).spread(units, kept.shape), kept):
                raise ValueError(f"the mask cuts through {Boxes(self.group)}")
            return pack_bits(units.view(np.uint8), 1)
        streams = [self._stream(rows) for rows in Boxes(self.group).split(kept)]
        if len(streams) == 1:
            return streams[0][0]
        bits = [np.unpackbits(stream, count=count, bitorder="little") for stream, count in streams]
        return np.packbits(np.concatenate(bits), bitorder="little")

    def _stream(self, rows: Mask) -> tuple[NDArray[np.uint8], int]:
        """The stream of groups of one size, and its bits; a multiple of 8 groups at a time, so that bytes are whole."""
        pieces, total = [np.empty(0, np.uint8)], 0
        for at in range(0, len(rows), _GROUPS):
            fields, k = self._field(rows[at : at + _GROUPS])
            pieces.append(pack_bits(fields, k))
            total += fields.size * k
        return np.concatenate(pieces), total

    def decode(self, raw: NDArray[np.uint8], shape: Shape) -> Mask:
        """The mask of a stream of ``bits(shape)`` bits; ValueError for one that is not of such a mask."""
        boxes = Boxes(self.group)
        if self.index is Index.bitmap:
            units = unpack_bits(raw, 1, boxes.count(shape)).astype(np.bool_).reshape(boxes.grid(shape))
            return np.ascontiguousarray(boxes.spread(units, shape))
        sizes, total = boxes.sizes(shape), self.bits(shape)
        if total % 8 and raw[-1] >> total % 8:
            raise ValueError("the bits after the last index are not all 0")
        if len(sizes) == 1:
            return boxes.join([self._rows(raw, *sizes[0])], shape)
        bits = np.unpackbits(raw, bitorder="little")
        rows, at = [], 0
        for count, size in sizes:
            stream = np.packbits(bits[at : at + count * self._bits(size)], bitorder="little")
            rows.append(self._rows(stream, count, size))
            at += count * self._bits(size)
        return boxes.join(rows, shape)

    def bits(self, shape: Shape) -> int:
        """Bits of the stream but for what fills its last byte."""
        boxes = Boxes(self.group)
        if self.index is Index.bitmap:
            return boxes.count(shape)
        return sum(count * self._bits(size) for count, size in boxes.sizes(shape))

    def _bits(self, size: int) -> int:
        """Bits of one group."""
        n = self._budget(size)
        if self.index is Index.position:
            return n * ceil(log2(size))
        if not _countable(size, n):
            raise ValueError(f"{n} of {size} entries have too many patterns to number them")
        return ceil(log2(comb(size, n)))

    def _budget(self, size: int) -> int:
        if size not in self.budgets or not 0 <= self.budgets[size] <= size:
            raise ValueError(f"no budget for groups of {size}")
        return self.budgets[size]

    def _field(self, rows: Mask) -> tuple[NDArray[np.unsignedinteger[Any]], int]:
        """The fields of groups and their bits."""
        count, size = rows.shape
        n = self._budget(size)
        if size in WORDS and self.index is Index.combination and rows.flags.c_contiguous:
            ranks = ranks_of(rows, n)
            if ranks is not None:
                return ranks, self._bits(size)
        if np.any(rows.sum(axis=1) != n):
            wrong = int(rows.sum(axis=1)[rows.sum(axis=1) != n][0])
            raise ValueError(f"a group of {size} keeps {wrong} entries, not {n}")
        at = np.nonzero(rows)[1].reshape(count, n)
        if self.index is Index.position:
            return at.astype(np.uint64), ceil(log2(size))
        ranks = np.zeros(count, np.int64)
        for i, table in enumerate(binomials(size, n)):
            ranks += table[at[:, i]]
        return ranks.astype(np.uint64), self._bits(size)

    def _rows(self, stream: NDArray[np.uint8], count: int, size: int) -> Mask:
        """The masks of the groups of one size."""
        n = self._budget(size)
        rows = np.zeros((count, size), np.bool_)
        if not count * n:
            return rows
        if self.index is Index.position:
            places = unpack_bits(stream, ceil(log2(size)), count * n).astype(np.int64).reshape(count, n)
            if np.any(places >= size) or np.any(np.diff(places, axis=1) <= 0):
                raise ValueError(f"positions in groups of {size} do not ascend below {size}")
            np.put_along_axis(rows, places, True, axis=1)
            return rows
        ranks = unpack_bits(stream, self._bits(size), count)
        if size in WORDS and ranks.max() < comb(size, n):
            return rows_of(ranks, size, n)
        for at in range(0, count, _GROUPS):
            rank = ranks[at : at + _GROUPS].astype(np.int64)
            if np.any(rank >= comb(size, n)):
                raise ValueError(f"an index of a group is beyond the C({size}, {n}) patterns there are")
            for table in reversed(binomials(size, n)):
                place = np.searchsorted(table, rank, side="right") - 1
                rank -= table[place]
                rows[np.arange(at, at + rank.size), place] = True
        return rows


@lru_cache(maxsize=64)
def binomials(m: int, n: int) -> tuple[NDArray[np.int64], ...]:
    """C(p, i+1) for p < m, one table for each i < n: the pattern p₀ < p₁ < … has the number Σ_i C(p_i, i+1).

    Numbers that no pattern reaches are cut off. Source: the combinatorial number system.
    """
    tables, below = [], [1] * m
    for _ in range(n):
        sums, total = [], 0
        for value in below:
            sums.append(total)
            total = min(total + value, _TOO_MANY)
        tables.append(np.array(sums, np.int64))
        below = sums
    return tuple(tables)


def check_sides(sides: Shape, what: str, least: int) -> None:
    """Raise ValueError where a side is shorter than it can be, or no array is as long."""
    if not all(least <= side < 1 << 63 for side in sides):
        raise ValueError(f"{what} is a list of integers of at least {least}, got {list(sides)}")


def places_of(s: Sparsifier, shape: Shape, index: Index | None = None) -> Places:
    """How the masks of a sparsifier are stored, by default as numbers of patterns where these are small enough.

    Raises ValueError where an index is asked for that cannot hold the mask.
    """
    if index is Index.bitmap or (index is None and not _ranked(s, shape)):
        unit = s.units.sides(shape) if s.units is not None else (1,) * len(shape)
        return Places(Index.bitmap, unit)
    if not s.fixed_budget:
        raise ValueError(f"{s} keeps no fixed number of entries of a group: its places take a bitmap")
    if index is not Index.position and not _ranked(s, shape):
        raise ValueError(f"{s} has too many patterns in a group to number them: its places take a bitmap")
    budgets = {size: s.budget(size) for size in _sizes(s, shape)}
    return Places(index or Index.combination, s.groups.sides(shape), budgets)


def _sizes(s: Sparsifier, shape: Shape) -> list[int]:
    return sorted({size for _, size in Boxes(s.groups.sides(shape)).sizes(shape)}, reverse=True)


def _ranked(s: Sparsifier, shape: Shape) -> bool:
    if not s.fixed_budget:
        return False
    return all(_countable(size, s.budget(size)) for size in _sizes(s, shape))


def _countable(size: int, n: int) -> bool:
    """The patterns of n entries among so many have numbers of a size that can be computed with."""
    return n * size <= RANKED and comb(size, n) < _TOO_MANY
