"""Masks of single entries: the largest of every group, those above a threshold, a fixed set."""

import math
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from typing import final

import numpy as np

from sqtheory.alphabet import kernels
from sqtheory.alphabet.budgets import Count
from sqtheory.alphabet.partition import Blocks, Partition, Rows, Shape, Tail, Whole
from sqtheory.alphabet.scores import Score, magnitude
from sqtheory.alphabet.selection import Amount, best_between, checked_amount, spell_amount, tied_at_cut
from sqtheory.alphabet.sparsifiers.sparsifier import Sparsifier, spell_choice
from sqtheory.alphabet.ties import Sight, Ties, low_index
from sqtheory.alphabet.traits import DYADIC_EQUIVARIANT, MAX_DETERMINED, MONOTONE, SCALE_EQUIVARIANT, Trait
from sqtheory.arrays import Array, FixedArray, Mask
from sqtheory.exceptions import need, real


@final
@dataclass(frozen=True)
class TopSparsifier(Sparsifier):
    """Keep the entries of largest score in every group: n of every m, or a fraction, or a count.

    ``keep`` is an integer n (n of every group) or a Fraction f (⌈f·|G|⌉ of group G, unless ``count`` says otherwise).
    What a short group of an n:m mask keeps, ``tail`` says.
    """

    keep: Amount
    groups: Partition
    score: Score = magnitude
    ties: Ties = low_index
    tail: Tail = Tail.short
    count: Count = Count.ceil_kept

    def __post_init__(self) -> None:
        object.__setattr__(self, "keep", checked_amount(self.keep))
        kinds = (("groups", Partition), ("score", Score), ("ties", Ties), ("tail", Tail), ("count", Count))
        for name, kind in kinds:
            need(getattr(self, name), kind, f"{name}=")
        if self.groups.run is not None and self.keep > self.groups.run:
            raise ValueError(f"n:m needs 1 <= n <= m, got {self.keep}:{self.groups.run}")
        share = isinstance(self.keep, Fraction)
        if self.tail.of_masks and (share or self.groups.period is None):
            raise ValueError(f"tail={self.tail} is for n of every m entries")
        if self.count is not Count.ceil_kept and not share:
            raise ValueError(f"count={self.count} is for a share of entries, got {self.keep} of them")

    def __eq__(self, other: object) -> bool:
        """All parameters are equal; one entry of a group is not all of it, though 1 == Fraction(1)."""
        if not isinstance(other, TopSparsifier):
            return NotImplemented
        same = all(getattr(self, f.name) == getattr(other, f.name) for f in fields(self))
        return same and isinstance(self.keep, int) == isinstance(other.keep, int)

    @property
    def fixed_budget(self) -> bool:
        return self.ties.fixed_count

    @property
    def fills_budget(self) -> bool:
        return self.ties.fills

    @property
    def ranks(self) -> bool:
        return True

    def with_ties(self, ties: Ties) -> "TopSparsifier":
        return replace(self, ties=ties)

    def with_score(self, score: Score) -> "TopSparsifier":
        return replace(self, score=score)

    def regrouped(self, groups: Partition) -> "TopSparsifier":
        """The same in boxes of the same entries of another tensor, where one that is a whole row is not short."""
        whole = self.groups.period is not None and groups.period is None
        return replace(self, groups=groups, tail=Tail.short if whole else self.tail)

    def by_rows(self) -> "TopSparsifier":
        return replace(self, groups=Rows()) if self.groups == Whole() else self

    @property
    def by_row(self) -> bool:
        return self.groups.along_rows and _entrywise(self.score)

    @property
    def boxes(self) -> tuple[tuple[Partition, Tail, str], ...]:
        return ((self.groups, self.tail, "groups"),)

    def keeps_all(self, shape: Shape) -> bool:
        if self.ignores_values:
            return super().keeps_all(shape)
        return all(self.budget(size) >= size for size, *_ in self.groups.overlaps(self.groups, shape).pairs)

    def budget(self, size: int) -> int:
        if isinstance(self.keep, Fraction):
            return self.count.kept(self.keep, size)
        m = self.groups.period
        return min(self.keep, size) if m is None else self.tail.kept(self.keep, m, size)

    def best_mask(self, benefit: Array, x: Array, origin: Array) -> Mask:
        """Of a rule that may keep more or fewer: as many of every group as at x, as at ``origin``, or between."""
        if self.fixed_budget:
            return super().best_mask(benefit, x, origin)
        self._require_finite(benefit, "benefit ")
        masks = [self.groups.split(self._mask(y, origin)) for y in (x, origin)]
        pieces = zip(self.groups.split(benefit), self.groups.split(np.abs(origin)), *masks, strict=True)
        return self.groups.join([best_between(*piece) for piece in pieces], x.shape)

    def tied_groups(self, x: Array) -> int:
        groups = self.groups.split(self.score.of(x))
        return sum(int(np.count_nonzero(tied_at_cut(rows, self.budget(rows.shape[1])))) for rows in groups)

    def _mask_into(self, out: Mask, x: Array, origin: Array) -> None:
        """By the loops of ``kernels`` if magnitudes are ranked and keys are known beforehand."""
        if self.score.is_magnitude and self.ties.foreseen and self.ties.ordered:
            same = self.ties.look_at is Sight.originals and origin is x  # then ties of magnitudes are ties of keys
            key = None if same else self.ties.key(x, origin)
            if key is None or kernels.finite(key):
                if kernels.keep_largest(x, out, self.groups, self.budget, key, self.ties.low_index):
                    self.groups.check_tail(x.shape, self.tail, "groups")
                    return
        super()._mask_into(out, x, origin)

    def _choose(self, scores: Array, key: Array | None, x: Array, ties: Ties) -> Mask:
        self.groups.check_tail(x.shape, self.tail, "groups")
        pieces = self.groups.split(scores)
        keys = [None] * len(pieces) if key is None else self.groups.split(key)
        choices = zip(pieces, keys, strict=True)
        masks = [ties.select(rows, self.budget(rows.shape[1]), k) for rows, k in choices]
        return self.groups.join(masks, x.shape)

    def __str__(self) -> str:
        if isinstance(self.keep, int) and isinstance(self.groups, Blocks):
            axis = [f"axis={self.groups.axis}"] if self.groups.axis != -1 else []
            name, head, plain_tail = "nm", [f"{self.keep}", f"{self.groups.size}", *axis], Tail.error
        else:
            where = [str(self.groups)] if self.groups != Whole() else []
            name, head, plain_tail = "top", [spell_amount(self.keep), *where], Tail.short
        tail = [f"tail={self.tail}"] if self.tail != plain_tail else []
        count = [f"count={self.count}"] if self.count != Count.ceil_kept else []
        return f"{name}({', '.join([*head, *spell_choice(self.score, self.ties), *tail, *count])})"


@final
@dataclass(frozen=True)
class ThresholdSparsifier(Sparsifier):
    """Keep the entries whose score is at least t; as many as pass."""

    threshold: float
    score: Score = magnitude
    ties: Ties = field(default=low_index, init=False)
    groups: Partition = field(default=Whole(), init=False)

    def __post_init__(self) -> None:
        need(self.score, Score, "score=")
        if not math.isfinite(real(self.threshold, "a threshold")):
            raise ValueError(f"a threshold is a finite number, got {self.threshold}")
        if self.score.least == 0 and self.threshold < 0:
            raise ValueError(f"no score {self.score} is below 0: a threshold of {self.threshold} would prune nothing")

    @property
    def cut(self) -> float:
        return self.threshold

    @property
    def by_row(self) -> bool:
        return _entrywise(self.score)

    def with_score(self, score: Score) -> "ThresholdSparsifier":
        return ThresholdSparsifier(self.threshold, score)

    def keeps_all(self, shape: Shape) -> bool:
        return super().keeps_all(shape) or (self.score.is_magnitude and self.threshold <= 0)

    def budget(self, size: int) -> int:
        return size

    def best_mask(self, benefit: Array, x: Array, origin: Array) -> Mask:
        """Keep as many entries as pass at x, as pass at ``origin``, or a number between: the best of these masks."""
        one, other = (self._mask(y, origin).reshape(1, -1) for y in (x, origin))
        return best_between(benefit.reshape(1, -1), np.abs(origin).reshape(1, -1), one, other).reshape(x.shape)

    def _choose(self, scores: Array, key: Array | None, x: Array, ties: Ties) -> Mask:
        return scores >= self.threshold

    @property
    def traits(self) -> frozenset[Trait]:
        own = {MONOTONE, MAX_DETERMINED} if self.score.is_magnitude else set()
        lost = set() if self.score.is_constant else {DYADIC_EQUIVARIANT, SCALE_EQUIVARIANT}
        return super().traits - lost | own

    def __str__(self) -> str:
        return f"threshold({', '.join([repr(float(self.threshold)), *spell_choice(self.score, self.ties)])})"


@final
@dataclass(frozen=True)
class FixedMask(Sparsifier):
    """s(x) = m ⊙ x for a mask given as an array of the tensor's shape (or one that broadcasts to it)."""

    kept: FixedArray
    score: None = field(default=None, init=False)
    ties: Ties = field(default=low_index, init=False)
    groups: Partition = field(default=Whole(), init=False)

    def __post_init__(self) -> None:
        need(self.kept, FixedArray, "a fixed mask")
        if self.kept.values.dtype != np.bool_:
            raise TypeError(f"a fixed mask is an array of booleans, got {self.kept.values.dtype}")

    def prescribed(self, shape: Shape) -> Shape:
        return self.kept.values.shape or shape

    def budget(self, size: int) -> int:
        return int(np.count_nonzero(self.kept.values))

    def _choose(self, scores: Array, key: Array | None, x: Array, ties: Ties) -> Mask:
        return self.kept.over(x.shape)

    def __str__(self) -> str:
        return f"fixed({self.kept.name})"


def _entrywise(score: Score) -> bool:
    """An entry's score is its own, of the entry and its column."""
    return score.is_magnitude or score.partnered
