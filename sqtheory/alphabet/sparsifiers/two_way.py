"""2:4 along both axes as tools make it, which differ in what of a 4×4 tile they rank and in how they break ties."""

from dataclasses import dataclass, field, replace
from enum import Enum
from fractions import Fraction
from typing import final

import numpy as np

from sqtheory.alphabet.partition import Partition, Shape, Tail, Tiles
from sqtheory.alphabet.rationals import Rationals
from sqtheory.alphabet.scores import Score, magnitude
from sqtheory.alphabet.sorting import SortingNetwork, bitonic, bose_nelson
from sqtheory.alphabet.sparsifiers.sparsifier import Sparsifier, spell_choice
from sqtheory.alphabet.sparsifiers.transposable import best, filled
from sqtheory.alphabet.ties import Ties, low_index
from sqtheory.arrays import Array, Mask
from sqtheory.exceptions import need, whole

ROWS = {"a": "1100", "b": "1010", "c": "1001", "d": "0110", "e": "0101", "f": "0011"}
ORDER = (
    "adcf cfad affa adfc aaff dcdc efba cbde bdce dcfa cadf fcad cafd ebfa efab cbed ecbd cdaf "
    "edcb afbe faaf decb beeb debc cfda ebeb fcda eabf dcbe aefb ebbe cddc bfae fadc cdfa ecdb "
    "fafa bbee eafb edbc cdbe afeb fabe baef cedb becd afcd dbce acfd ebcd beaf bfea dceb ebaf "
    "bcde dccd acdf ccdd dfca dfac bafe dcaf ebdc bced bdec bedc feab feba ddcc befa dacf cdcd "
    "facd afaf dbec cdeb ffaa aebf dafc abfe fdac faeb afdc bebe fbea fdca fbae cebd eebb abef"
)
"""The 90 patterns with two in every row and column, in the order in which Paddle 3.3.1 tries them, a letter a row."""
PATTERNS = np.array([[flag == "1" for row in each for flag in ROWS[row]] for each in ORDER.split()])
"""The same as rows of 16 entries."""


class TileRule(Enum):
    """Which pattern of at most two entries in every row and column of a 4×4 tile is kept.

    >>> [int(two_way(2, 4, rule=rule)(np.ones((4, 4))).sum()) for rule in TileRule]
    [8, 8, 7]
    """

    greedy = "from the largest score on, equal ones in the order that a bitonic network leaves them in"
    best = "two in every row and column, of largest Σ score, the first in a published order"
    tile = "from the largest score on, equal ones in the order of a Bose–Nelson network that swaps them"

    def __str__(self) -> str:
        return self.name


NETWORKS: dict[TileRule, SortingNetwork] = {
    TileRule.greedy: bitonic(16),
    TileRule.tile: bose_nelson(16, swaps_equal=True),
}
"""What orders the 16 scores of a tile, the largest last."""


@final
@dataclass(frozen=True)
class TwoWaySparsifier(Sparsifier):
    """Of every 4×4 tile of the last two axes at most two entries of a row and of a column stay, by ``TileRule``.

    ``greedy`` is Paddle 3.3.1's mask_2d_greedy where numpy sorts with AVX2, ``best`` with score=signed its
    mask_2d_best, ``tile`` the tile of torch 2.11's semi-structured kernels, by default with score=signed: all from
    what they were seen to keep. By ``best`` sums are float64 numbers, in a unit of each tile.
    """

    n: int
    m: int
    rule: TileRule
    score: Score = magnitude
    ties: Ties = field(default=low_index, init=False)

    def __post_init__(self) -> None:
        if (whole(self.n, "n of n:m"), whole(self.m, "m of n:m")) != (2, 4):
            raise ValueError(f"tools make two-way masks of 2:4, got {self.n}:{self.m}: see transposable")
        need(self.rule, TileRule, "rule=")
        need(self.score, Score, "score=")

    @property
    def groups(self) -> Partition:  # type: ignore[override]
        """The tiles."""
        return Tiles(self.m, self.m)

    @property
    def boxes(self) -> tuple[tuple[Partition, Tail, str], ...]:
        return ((self.groups, Tail.error, "tiles"),)

    def with_score(self, score: Score) -> "TwoWaySparsifier":
        return replace(self, score=score)

    def keeps_all(self, shape: Shape) -> bool:
        return False

    def budget(self, size: int) -> int:
        return size * self.n // self.m

    def best_mask(self, benefit: Array, x: Array, origin: Array) -> Mask:
        """The pattern that the rule has for the benefits in place of the scores."""
        self._require_finite(benefit, "benefit ")
        return self._choose(benefit, None, x, low_index)

    def _choose(self, scores: Array, key: Array | None, x: Array, ties: Ties) -> Mask:
        self.groups.check_tail(scores.shape, Tail.error, "tiles")
        [rows] = self.groups.split(scores)
        return self.groups.join([self._kept(rows)], scores.shape)

    def _kept(self, rows: Array) -> Mask:
        if self.rule is TileRule.best:
            _, unit = np.frexp(np.abs(rows).max(axis=1, keepdims=True))
            return best(np.ldexp(rows.astype(np.float64), -unit), PATTERNS)
        return filled(NETWORKS[self.rule].ascending(rows)[:, ::-1], self.n, self.m)

    def exact_mask(self, scores: Rationals) -> Mask:
        [rows] = self.groups.split(scores)
        if self.rule is TileRule.best:
            sums = [[sum(row[flags], Fraction(0)) for flags in PATTERNS] for row in rows]
            return self.groups.join([np.array([PATTERNS[each.index(max(each))] for each in sums])], scores.shape)
        places = {v: float(i) for i, v in enumerate(sorted(set(rows.flat)))}
        ranks = np.array([places[v] for v in rows.flat]).reshape(rows.shape)
        return self.groups.join([self._kept(ranks)], scores.shape)

    def __str__(self) -> str:
        options = [f"rule={self.rule}", *spell_choice(self.score, self.ties)]
        return f"two_way({', '.join([str(self.n), str(self.m), *options])})"


def two_way(n: int, m: int, *, rule: TileRule, score: Score = magnitude) -> TwoWaySparsifier:
    """2:4 along both of the last two axes, as tools make it of every 4×4 tile (``TileRule``).

    >>> two_way(2, 4, rule=TileRule.tile).mask(np.ones((4, 4))).astype(int)
    array([[1, 0, 1, 0],
           [0, 1, 1, 0],
           [1, 1, 0, 0],
           [0, 0, 0, 1]])
    """
    return TwoWaySparsifier(n, m, rule, score)
