"""Masks that are n:m along both axes, so that a matrix and its transpose are n:m alike."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from itertools import combinations, product
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.norms import check_norm, spell_norm
from sqtheory.alphabet.partition import Partition, Shape, Tail, Tiles
from sqtheory.alphabet.rationals import Rationals
from sqtheory.alphabet.scores import Score, magnitude
from sqtheory.alphabet.sparsifiers.sparsifier import Sparsifier, spell_choice
from sqtheory.alphabet.ties import Ties, low_index
from sqtheory.arrays import PIECE, Array, Mask
from sqtheory.exceptions import need, whole

LARGEST = 4
"""Sides of tiles of which all patterns are tried: 186 of 2:4."""
Weighing: TypeAlias = Callable[[Array], Array]
"""What the entries of tiles, one tile a row, count in the sum."""


@final
@dataclass(frozen=True)
class TransposableSparsifier(Sparsifier):
    """Of every m×m tile of the last two axes keep at most n entries of a row or column, of largest Σ |score|^p.

    All patterns of a tile that no entry can be added to are tried, ``full``: those alone that have n in every row and
    column, as published; the first of largest sum wins. ``greedy``: entries are taken from the largest on while their
    row and column have less than n, for no less than half of that sum (`hubara2021nm`, §4; theorem
    ``transposable_greedy``). By magnitude and p = 2 the tried one is the nearest matrix that is n:m along both axes.
    """

    n: int
    m: int
    p: float = 2.0
    greedy: bool = False
    full: bool = False
    score: Score = magnitude
    ties: Ties = field(default=low_index, init=False)

    def __post_init__(self) -> None:
        if not 1 <= whole(self.n, "n of n:m") <= whole(self.m, "m of n:m"):
            raise ValueError(f"n:m needs 1 <= n <= m, got {self.n}:{self.m}")
        need(self.greedy, bool, "greedy=")
        need(self.full, bool, "full=")
        need(self.score, Score, "score=")
        if not math.isfinite(check_norm(self.p)):
            raise ValueError("a transposable mask sums finite powers: norm=inf ranks no patterns")
        if self.greedy and self.full:
            raise ValueError("a greedy pattern need not be full: greedy=true or full=true")
        if not self.greedy and self.m > LARGEST:
            raise ValueError(
                f"all patterns are tried up to tiles of {LARGEST}×{LARGEST}, got m = {self.m}: greedy=true"
            )

    @property
    def groups(self) -> Partition:  # type: ignore[override]
        """The tiles."""
        return Tiles(self.m, self.m)

    @property
    def boxes(self) -> tuple[tuple[Partition, Tail, str], ...]:
        return ((self.groups, Tail.error, "tiles"),)

    def with_score(self, score: Score) -> "TransposableSparsifier":
        return replace(self, score=score)

    def keeps_all(self, shape: Shape) -> bool:
        return self.n == self.m

    def budget(self, size: int) -> int:
        return size * self.n // self.m

    def best_mask(self, benefit: Array, x: Array, origin: Array) -> Mask:
        """The pattern of every tile with the largest total benefit; greedily, if this mask is."""
        self._require_finite(benefit, "benefit ")
        return self._tiles(benefit, lambda rows: rows)

    def _choose(self, scores: Array, key: Array | None, x: Array, ties: Ties) -> Mask:
        return self._tiles(np.abs(scores), self._powers)

    def _powers(self, rows: Array) -> Array:
        """p-th powers in a unit of each tile: a power of two near its largest entry."""
        _, unit = np.frexp(rows.max(axis=1, keepdims=True))
        return np.asarray(np.ldexp(rows.astype(np.float64), -unit) ** self.p)

    def _tiles(self, values: Array, weights: Weighing) -> Mask:
        self.groups.check_tail(values.shape, Tail.error, "tiles")
        [rows] = self.groups.split(values)
        kept = np.empty(rows.shape, bool)
        step = max(1, PIECE // rows.shape[1])
        for at in range(0, len(rows), step):
            part = weights(rows[at : at + step])
            kept[at : at + step] = taken(part, self.n, self.m) if self.greedy else best(part, self._patterns)
        return self.groups.join([kept], values.shape)

    def exact_mask(self, scores: Rationals) -> Mask:
        if not float(self.p).is_integer():
            return super().exact_mask(scores)
        [rows] = self.groups.split(np.abs(scores) ** int(self.p))
        if self.greedy:
            places = {v: float(i) for i, v in enumerate(sorted(set(rows.flat)))}
            ranks = np.array([places[v] for v in rows.flat]).reshape(rows.shape)
            return self.groups.join([taken(ranks, self.n, self.m)], scores.shape)
        tried = self._patterns
        sums = [[sum(row[flags], Fraction(0)) for flags in tried] for row in rows]
        kept = np.array([tried[each.index(max(each))] for each in sums], bool)
        return self.groups.join([kept.reshape(rows.shape)], scores.shape)

    @property
    def _patterns(self) -> Mask:
        found = patterns(self.n, self.m)
        return found[found.sum(axis=1) == self.n * self.m] if self.full else found

    def __str__(self) -> str:
        norm = [f"norm={spell_norm(self.p)}"] if self.p != 2 else []
        kind = [f"{name}=true" for name in ("greedy", "full") if getattr(self, name)]
        parts = [str(self.n), str(self.m), *norm, *kind]
        return f"transposable({', '.join([*parts, *spell_choice(self.score, self.ties)])})"


@lru_cache(maxsize=32)
def patterns(n: int, m: int) -> NDArray[np.bool_]:
    """All m×m patterns of at most n entries in a row or column that none can be added to, as rows of m² entries.

    Of 2:4 there are 90 with two in every row and column and 96 with a row and a column of one entry, the same.
    """
    rows = [[i in chosen for i in range(m)] for k in range(n, -1, -1) for chosen in combinations(range(m), k)]
    tried = np.array(list(product(rows, repeat=m)))
    tried = tried[(tried.sum(axis=1) <= n).all(axis=1)]
    short = (tried.sum(axis=2) < n)[:, :, None] & (tried.sum(axis=1) < n)[:, None, :]
    whole_ones = ~(short & ~tried).any(axis=(1, 2))
    return np.asarray(tried[whole_ones].reshape(-1, m * m))


def best(weights: Array, tried: Mask) -> Mask:
    """For every tile (a row of m² weights) the first of these patterns of largest sum, entry added after entry."""
    total = np.zeros((len(weights), len(tried)))
    for place, flags in enumerate(tried.T):
        total[:, flags] += weights[:, place, None]
    return np.asarray(tried[np.argmax(total, axis=1)])


def taken(weights: Array, n: int, m: int) -> Mask:
    """For every tile the entries, from the largest weight on, whose row and column have fewer than n as yet."""
    return filled(np.argsort(-weights, axis=1, kind="stable"), n, m)


def filled(order: NDArray[np.intp], n: int, m: int) -> Mask:
    """For every tile the entries whose row and column have fewer than n as yet, in this order of places."""
    tiles = np.arange(len(order))
    rows, columns = np.zeros((len(order), m), int), np.zeros((len(order), m), int)
    kept = np.zeros(order.shape, bool)
    for place in order.T:
        row, column = place // m, place % m
        free = (rows[tiles, row] < n) & (columns[tiles, column] < n)
        kept[tiles, place] = free
        rows[tiles, row] += free
        columns[tiles, column] += free
    return kept


def transposable(
    n: int, m: int, *, norm: float = 2.0, greedy: bool = False, full: bool = False, score: Score = magnitude
) -> TransposableSparsifier:
    """n:m along both of the last two axes: of every m×m tile the pattern of largest Σ |score|^p, p = ``norm``.

    A row or column of a tile keeps n entries or fewer, exactly n with ``full``: a matrix and its transpose are n:m
    alike. All patterns are tried, or with ``greedy`` the largest entries taken as long as their row and column have
    less than n.

    >>> transposable(1, 2)([[3, 2], [2, 0]])
    array([[3., 0.],
           [0., 0.]])
    >>> transposable(1, 2, norm=1)([[3, 2], [2, 0]])
    array([[0., 2.],
           [2., 0.]])
    """
    return TransposableSparsifier(n, m, check_norm(norm), greedy, full, score)
