"""Sparsifiers: score × selection × groups, s(x) = m ⊙ x with a mask m of zeros and ones."""

import math
from abc import abstractmethod
from dataclasses import dataclass, field
from fractions import Fraction
from numbers import Integral
from typing import final

import numpy as np

from sqtheory.arrays import Array, ArrayLike, FixedArray, Mask, as_real
from sqtheory.exceptions import NonFinite
from sqtheory.operators import Operator
from sqtheory.partition import Blocks, Partition, Tail, Whole
from sqtheory.scores import Score, check_norm, magnitude, spell_norm, unit_norms
from sqtheory.selection import Amount, as_fraction, checked_amount, spell_amount, tied_at_cut
from sqtheory.selection import top as select_top
from sqtheory.ties import Adversarial, Ties, low_index
from sqtheory.traits import (
    DETERMINISTIC,
    DYADIC_EQUIVARIANT,
    IDEMPOTENT,
    KEEPS_ZERO,
    MAX_DETERMINED,
    MONOTONE,
    SCALE_EQUIVARIANT,
    TRAITS,
    Trait,
)


class Sparsifier(Operator):
    """s(x) = m(x) ⊙ x: pruned entries become +0, kept entries are unchanged.

    ``mask(x, origin)`` is True where kept; ``origin`` (default x) is what x was computed from, for
    tie rules that look at original values. Raises NonFinite for NaN or infinity in x or its scores.
    """

    groups: Partition
    """The boxes that each have a budget of their own."""
    score: Score | None
    """What ranks the entries; None for a fixed mask."""
    ties: Ties
    """Which of equally ranked entries survive."""

    def mask(self, x: ArrayLike, origin: ArrayLike | None = None) -> Mask:
        """The mask m(x), bool, the shape of x."""
        given = as_real(x)
        return self._mask(given, given if origin is None else as_real(origin))

    def best_mask(self, benefit: Array, x: Array, origin: Array) -> Mask:
        """The admissible mask of largest total benefit (an array of x's shape): ties go to the larger |origin|."""
        self._require_finite(benefit, "benefit ")
        return self._choose(benefit, np.abs(origin), x, low=True)

    @abstractmethod
    def budget(self, size: int) -> int:
        """Entries kept in a group of this size (units kept, for block masks)."""

    def tied_groups(self, x: Array) -> int:
        """Groups in which the last kept and the first pruned score of x are equal, so that the tie rule decides."""
        return 0

    @abstractmethod
    def _choose(self, scores: Array, key: Array | None, x: Array, low: bool) -> Mask:
        """The mask of the best ranked entries."""

    def _mask(self, x: Array, origin: Array) -> Mask:
        self._require_finite(x, "")
        if self.score is None:
            return self._choose(x, None, x, low=True)
        with np.errstate(over="ignore"):
            scores = self.score.of(x)
        self._require_finite(scores, f"score {self.score} = ")
        key = self.ties.key(x, origin)
        if key is not None:
            self._require_finite(key, f"key of ties={self.ties} = ")
        return self._choose(scores, key, x, low=self.ties.low_index)

    def _require_finite(self, values: Array, what: str) -> None:
        if not np.isfinite(values).all():
            where = tuple(int(i) for i in np.argwhere(~np.isfinite(values))[0])
            group = self.groups.box_of(where, values.shape)
            raise NonFinite(f"{what}{values[where]} at {where}, group {group}: cannot be ranked")

    def apply(self, x: Array, origin: Array) -> Array:
        return np.where(self._mask(x, origin), x, x.dtype.type(0))

    @property
    def traits(self) -> frozenset[Trait]:
        if self.score is None or (self.score.is_constant and self.ties.index_only):
            return frozenset(TRAITS) - {MONOTONE}
        steady = DETERMINISTIC in self.score.traits and self.ties.deterministic
        inherited = self.score.traits if steady else frozenset()
        prefers_zero = isinstance(self.ties, Adversarial) and not self.score.is_magnitude
        again = {IDEMPOTENT} if steady and self.score.zero_is_least and not prefers_zero else set()
        return frozenset({KEEPS_ZERO} | inherited | again)


@final
@dataclass(frozen=True)
class TopSparsifier(Sparsifier):
    """Keep the entries of largest score in every group: n of every m, or a fraction, or a count.

    ``keep`` is an integer n (n of every group) or a Fraction f (⌈f·|G|⌉ of group G). A short group of an
    n:m mask keeps ⌈n·|G|/m⌉; by default it is refused (``tail=error``).
    """

    keep: Amount
    groups: Partition
    score: Score = magnitude
    ties: Ties = low_index
    tail: Tail = Tail.short

    def __post_init__(self) -> None:
        object.__setattr__(self, "keep", checked_amount(self.keep))
        if isinstance(self.groups, Blocks) and self.keep > self.groups.size:
            raise ValueError(f"n:m needs 1 <= n <= m, got {self.keep}:{self.groups.size}")

    def budget(self, size: int) -> int:
        if isinstance(self.keep, Fraction):
            return math.ceil(self.keep * size)
        if isinstance(self.groups, Blocks):
            return math.ceil(Fraction(self.keep * size, self.groups.size))
        return min(self.keep, size)

    def tied_groups(self, x: Array) -> int:
        groups = self.groups.split(self.score.of(x))
        return sum(int(np.count_nonzero(tied_at_cut(rows, self.budget(rows.shape[1])))) for rows in groups)

    def _choose(self, scores: Array, key: Array | None, x: Array, low: bool) -> Mask:
        self.groups.check_tail(x.shape, self.tail, "groups")
        pieces = self.groups.split(scores)
        keys = [None] * len(pieces) if key is None else self.groups.split(key)
        choices = zip(pieces, keys, strict=True)
        masks = [select_top(rows, self.budget(rows.shape[1]), k, low_index=low) for rows, k in choices]
        return self.groups.join(masks, x.shape)

    def __str__(self) -> str:
        if isinstance(self.keep, int) and isinstance(self.groups, Blocks):
            axis = [f"axis={self.groups.axis}"] if self.groups.axis != -1 else []
            name, head, plain_tail = "nm", [f"{self.keep}", f"{self.groups.size}", *axis], Tail.error
        else:
            where = [str(self.groups)] if self.groups != Whole() else []
            name, head, plain_tail = "top", [spell_amount(self.keep), *where], Tail.short
        tail = [f"tail={self.tail}"] if self.tail != plain_tail else []
        return f"{name}({', '.join([*head, *_spell_choice(self.score, self.ties), *tail])})"


@final
@dataclass(frozen=True)
class ThresholdSparsifier(Sparsifier):
    """Keep the entries whose score is at least t; as many as pass."""

    threshold: float
    score: Score = magnitude
    ties: Ties = field(default=low_index, init=False)
    groups: Partition = field(default=Whole(), init=False)

    def __post_init__(self) -> None:
        if not np.isfinite(self.threshold):
            raise ValueError(f"a threshold is a finite number, got {self.threshold}")

    def budget(self, size: int) -> int:
        return size

    def best_mask(self, benefit: Array, x: Array, origin: Array) -> Mask:
        """Keep as many entries as pass at x or at ``origin``, whichever are more: those of largest benefit."""
        kept = max(int(np.count_nonzero(self._mask(y, origin))) for y in (x, origin))
        rows = select_top(benefit.reshape(1, -1), kept, np.abs(origin).reshape(1, -1))
        return rows.reshape(x.shape)

    def _choose(self, scores: Array, key: Array | None, x: Array, low: bool) -> Mask:
        return scores >= self.threshold

    @property
    def traits(self) -> frozenset[Trait]:
        own = {MONOTONE, MAX_DETERMINED} if self.score.is_magnitude else set()
        lost = set() if self.score.is_constant else {DYADIC_EQUIVARIANT, SCALE_EQUIVARIANT}
        return super().traits - lost | own

    def __str__(self) -> str:
        return f"threshold({', '.join([repr(float(self.threshold)), *_spell_choice(self.score, self.ties)])})"


@final
@dataclass(frozen=True)
class BlockSparsifier(Sparsifier):
    """Keep whole units (boxes of entries) of largest p-norm of scores: ⌈f · number of units⌉ in the tensor."""

    keep: Fraction
    unit: Partition
    p: float = 2.0
    score: Score = magnitude
    ties: Ties = low_index
    groups: Partition = field(default=Whole(), init=False)

    def __post_init__(self) -> None:
        check_norm(self.p)
        object.__setattr__(self, "keep", checked_amount(as_fraction(self.keep)))

    def budget(self, size: int) -> int:
        return math.ceil(self.keep * size)

    def best_mask(self, benefit: Array, x: Array, origin: Array) -> Mask:
        """Benefits add up over a unit; ties go to the unit of larger norm of origin."""
        self._require_finite(benefit, "benefit ")
        total = self.unit.reduce(benefit, lambda rows: rows.sum(axis=1))
        return self._keep_units(total, unit_norms(self.unit, np.abs(origin), self.p), x, low=True)

    def _choose(self, scores: Array, key: Array | None, x: Array, low: bool) -> Mask:
        unit_key = None if key is None else self.ties.unit_key(key, self.unit, self.p)
        return self._keep_units(unit_norms(self.unit, np.abs(scores), self.p), unit_key, x, low)

    def tied_groups(self, x: Array) -> int:
        flat = unit_norms(self.unit, np.abs(self.score.of(x)), self.p).reshape(1, -1)
        return int(tied_at_cut(flat, self.budget(flat.size))[0])

    def _keep_units(self, strength: Array, key: Array | None, x: Array, low: bool) -> Mask:
        flat = strength.reshape(1, -1)
        kept = select_top(flat, self.budget(flat.size), None if key is None else key.reshape(1, -1), low_index=low)
        units: Mask = kept.reshape(strength.shape)
        shapes = [rows.shape for rows in self.unit.split(x)]
        per_piece = self.unit.split_grid(units, x.shape)
        return self.unit.join([np.repeat(u, s[1]).reshape(s) for u, s in zip(per_piece, shapes, strict=True)], x.shape)

    def __str__(self) -> str:
        norm = [f"norm={spell_norm(self.p)}"] if self.p != 2 else []
        parts = [spell_amount(self.keep), str(self.unit), *norm, *_spell_choice(self.score, self.ties)]
        return f"blockwise({', '.join(parts)})"


@final
@dataclass(frozen=True)
class FixedMask(Sparsifier):
    """s(x) = m ⊙ x for a mask given as an array of the tensor's shape (or one that broadcasts to it)."""

    kept: FixedArray
    score: None = field(default=None, init=False)
    ties: Ties = field(default=low_index, init=False)
    groups: Partition = field(default=Whole(), init=False)

    def __post_init__(self) -> None:
        if self.kept.values.dtype != np.bool_:
            raise TypeError(f"a fixed mask is an array of booleans, got {self.kept.values.dtype}")

    def budget(self, size: int) -> int:
        return int(np.count_nonzero(self.kept.values))

    def _choose(self, scores: Array, key: Array | None, x: Array, low: bool) -> Mask:
        return self.kept.over(x.shape)

    def __str__(self) -> str:
        return f"fixed({self.kept.name})"


def _spell_choice(score: Score, ties: Ties) -> list[str]:
    chosen = [f"score={score}"] if score != magnitude else []
    return chosen + ([f"ties={ties}"] if ties != low_index else [])


def nm(
    n: int, m: int, *, axis: int = -1, score: Score = magnitude, ties: Ties = low_index, tail: Tail = Tail.error
) -> TopSparsifier:
    """n:m: keep n of every m consecutive entries along an axis; a length that m does not divide is refused."""
    return TopSparsifier(n, Blocks(m, axis), score, ties, tail)


def top(
    keep: float | Fraction | int,
    *,
    per: Partition | None = None,
    score: Score = magnitude,
    ties: Ties = low_index,
    tail: Tail = Tail.short,
) -> TopSparsifier:
    """Keep ⌈f·|G|⌉ entries for a float or Fraction f, or min(k, |G|) for an integer, in every group.

    The default group is the tensor. With ``per=Blocks(m)`` an integer makes the n:m mask.
    """
    return TopSparsifier(keep if isinstance(keep, Integral) else as_fraction(keep), per or Whole(), score, ties, tail)


def threshold(t: float, *, score: Score = magnitude) -> ThresholdSparsifier:
    """Keep the entries whose score is at least t."""
    return ThresholdSparsifier(float(t), score)


def blockwise(
    keep: float | Fraction, *, per: Partition, norm: float = 2.0, score: Score = magnitude, ties: Ties = low_index
) -> BlockSparsifier:
    """Keep a fraction of the units (``per=Tiles(4, 4)``, ``per=Blocks(8)``), those of largest norm."""
    return BlockSparsifier(as_fraction(keep), per, float(norm), score, ties)


def fixed(mask: ArrayLike | FixedArray) -> FixedMask:
    """s(x) = m ⊙ x for a given boolean mask."""
    return FixedMask(FixedArray(mask))
