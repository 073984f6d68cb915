"""Masks that try the patterns of a group in an order of their own: the first of largest sum in float32 wins."""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import reduce
from itertools import compress
from typing import final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.partition import Blocks, Partition, Shape, Tail
from sqtheory.alphabet.rationals import Rationals, nearest_binary
from sqtheory.alphabet.scores import Score, magnitude
from sqtheory.alphabet.sparsifiers.sparsifier import Sparsifier, spell_choice
from sqtheory.alphabet.ties import Ties, low_index
from sqtheory.alphabet.traits import SCALE_EQUIVARIANT, Trait
from sqtheory.arrays import Array, Mask
from sqtheory.exceptions import need, whole

ORDERS: dict[tuple[int, int], tuple[str, ...]] = {(2, 4): ("0101", "1100", "0110", "1010", "1001", "0011")}
"""The patterns of n:m, in the order in which they are tried."""


@final
@dataclass(frozen=True)
class PatternSparsifier(Sparsifier):
    """Of every m consecutive entries keep n: of the patterns in their order the first of largest Σ score in float32.

    Scores are rounded to float32 and added up in it, so that a large one hides differences of small ones. As
    Model-Optimizer 0.47.0 and apex's ASP have it for 2:4, by magnitude, from what they were seen to keep.
    """

    n: int
    m: int
    score: Score = magnitude
    ties: Ties = field(default=low_index, init=False)

    def __post_init__(self) -> None:
        if (whole(self.n, "n of n:m"), whole(self.m, "m of n:m")) not in ORDERS:
            known = ", ".join(f"{n}:{m}" for n, m in ORDERS)
            raise ValueError(f"an order of patterns is known of {known}, got {self.n}:{self.m}")
        need(self.score, Score, "score=")

    @property
    def groups(self) -> Partition:  # type: ignore[override]
        """The runs of m entries."""
        return Blocks(self.m)

    @property
    def boxes(self) -> tuple[tuple[Partition, Tail, str], ...]:
        return ((self.groups, Tail.error, "groups"),)

    @property
    def fixed_budget(self) -> bool:
        return True

    @property
    def digits(self) -> int:
        return 24

    @property
    def by_magnitude(self) -> bool:
        return False

    @property
    def fills_budget(self) -> bool:
        return False

    @property
    def patterns(self) -> NDArray[np.bool_]:
        """One a row, in their order."""
        return np.array([[flag == "1" for flag in each] for each in ORDERS[self.n, self.m]])

    @property
    def traits(self) -> frozenset[Trait]:
        """Sums are rounded to float32 otherwise at c x, unless c is a power of two."""
        return super().traits - {SCALE_EQUIVARIANT}

    def with_score(self, score: Score) -> "PatternSparsifier":
        return replace(self, score=score)

    def keeps_all(self, shape: Shape) -> bool:
        return False

    def budget(self, size: int) -> int:
        return size * self.n // self.m

    def best_mask(self, benefit: Array, x: Array, origin: Array) -> Mask:
        """Any n of every group: those of largest benefit, then of larger origin."""
        self._require_finite(benefit, "benefit ")
        pieces = zip(self.groups.split(benefit), self.groups.split(np.abs(origin)), strict=True)
        kept = [low_index.select(rows, self.budget(rows.shape[1]), key) for rows, key in pieces]
        return self.groups.join(kept, x.shape)

    def _choose(self, scores: Array, key: Array | None, x: Array, ties: Ties) -> Mask:
        self.groups.check_tail(x.shape, Tail.error, "groups")
        with np.errstate(over="ignore"):
            held = scores.astype(np.float32)
            self._require_finite(held * np.float32(self.n), f"{self.n} times the score {self.score} in float32 = ")
        [rows] = self.groups.split(held)
        sums = np.zeros((len(rows), len(self.patterns)), np.float32)
        for place, flags in enumerate(self.patterns.T):
            sums[:, flags] += rows[:, place, None]
        return self.groups.join([self.patterns[np.argmax(sums, axis=1)]], x.shape)

    def exact_mask(self, scores: Rationals) -> Mask:
        """Sums of rational scores, every one rounded to float32 as the arithmetic has it."""
        [rows] = self.groups.split(scores)
        kept = np.zeros(rows.shape, np.bool_)
        for row, marked in zip(rows, kept, strict=True):
            held = [_float32(v) for v in row]
            sums = [reduce(lambda a, b: _float32(a + b), compress(held, flags)) for flags in self.patterns.tolist()]
            marked[...] = self.patterns[sums.index(max(sums))]
        return self.groups.join([kept], scores.shape)

    def __str__(self) -> str:
        return f"patterns({', '.join([str(self.n), str(self.m), *spell_choice(self.score, self.ties)])})"


def _float32(v: Fraction) -> Fraction:
    return nearest_binary(v, 24, -149)


def patterns(n: int, m: int, *, score: Score = magnitude) -> PatternSparsifier:
    """n:m, here 2:4, by trying its patterns in a published order: the first of largest float32 sum of ``score`` wins.

    >>> patterns(2, 4)([1, 1, 1, 1])
    array([0., 1., 0., 1.])
    >>> patterns(2, 4)([1, 0, 0, 2e-8])
    array([1., 0., 0., 0.])
    """
    return PatternSparsifier(n, m, score)
