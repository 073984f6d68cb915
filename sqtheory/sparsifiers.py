"""Sparsifiers: score × selection × groups, s(x) = m ⊙ x with a mask m of zeros and ones."""

from abc import abstractmethod
from dataclasses import dataclass, field
from fractions import Fraction
from typing import final

import numpy as np
from numpy.typing import NDArray

from sqtheory.arrays import Array, ArrayLike, FixedArray, Mask, as_real
from sqtheory.exceptions import NonFinite
from sqtheory.operators import Operator
from sqtheory.partition import Blocks, Partition, Tail, Whole
from sqtheory.scores import Score, check_norm, magnitude, spell_norm
from sqtheory.selection import top as select_top
from sqtheory.ties import Ties, low_index
from sqtheory.traits import DETERMINISTIC, IDEMPOTENT, KEEPS_ZERO, MAX_DETERMINED, MONOTONE, ODD, TRAITS, Trait


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
        return self._choose(benefit, np.abs(origin), x, low=True)

    @abstractmethod
    def budget(self, size: int) -> int:
        """Entries kept in a group of this size (units kept, for block masks)."""

    @abstractmethod
    def _choose(self, scores: Array, key: Array | None, x: Array, low: bool) -> Mask:
        """The mask of the best ranked entries."""

    def _mask(self, x: Array, origin: Array) -> Mask:
        if not np.isfinite(x).all():
            where = tuple(int(i) for i in np.argwhere(~np.isfinite(x))[0])
            raise NonFinite(f"{x[where]} at {where}, group {self.groups.box_of(where, x.shape)}: cannot be ranked")
        if self.score is None:
            return self._choose(x, None, x, low=True)
        scores = self.score.of(x)
        if not np.isfinite(scores).all():
            where = tuple(int(i) for i in np.argwhere(~np.isfinite(scores))[0])
            raise NonFinite(f"score {scores[where]} of entry {where}: {self.score} does not rank it")
        return self._choose(scores, self.ties.key(x, origin), x, low=self.ties.low_index)

    def apply(self, x: Array, origin: Array) -> Array:
        return np.where(self._mask(x, origin), x, x.dtype.type(0))

    @property
    def traits(self) -> frozenset[Trait]:
        if self.score is None:
            return frozenset(TRAITS) - {MONOTONE}
        steady = DETERMINISTIC in self.score.traits and self.ties.deterministic
        inherited = self.score.traits & self._ranking_traits if steady else frozenset()
        again = steady and (self.score.zero_is_least or self.score.is_constant)
        local = {MAX_DETERMINED} if steady and self.score.is_constant else set()
        return frozenset({KEEPS_ZERO} | inherited | local | ({IDEMPOTENT} if again else set()))

    @property
    def _ranking_traits(self) -> frozenset[Trait]:
        """The traits of the score that a selection by rank hands on."""
        return frozenset(TRAITS)


@final
@dataclass(frozen=True)
class TopSparsifier(Sparsifier):
    """Keep the entries of largest score in every group: n of every m, or a fraction, or a count.

    ``keep`` is an integer n (n of every group) or a Fraction f (⌈f·|G|⌉ of group G). A short group of an
    n:m mask keeps ⌈n·|G|/m⌉; by default it is refused (``tail=error``).
    """

    keep: int | Fraction
    groups: Partition
    score: Score = magnitude
    ties: Ties = low_index
    tail: Tail = Tail.short

    def __post_init__(self) -> None:
        if isinstance(self.keep, Fraction):
            if not 0 < self.keep <= 1:
                raise ValueError(f"a fraction to keep lies in (0, 1], got {self.keep}")
        elif self.keep < 1:
            raise ValueError(f"a group must keep at least one entry, got {self.keep}")
        if self._is_nm and not 1 <= self.keep <= self._size:
            raise ValueError(f"n:m needs 1 <= n <= m, got {self.keep}:{self._size}")

    @property
    def _is_nm(self) -> bool:
        return isinstance(self.keep, int) and isinstance(self.groups, Blocks)

    @property
    def _size(self) -> int:
        return self.groups.size if isinstance(self.groups, Blocks) else 0

    def budget(self, size: int) -> int:
        if isinstance(self.keep, Fraction):
            return -(-self.keep.numerator * size // self.keep.denominator)
        if self._is_nm:
            return -(-self.keep * size // self._size)
        return min(self.keep, size)

    def _choose(self, scores: Array, key: Array | None, x: Array, low: bool) -> Mask:
        self.groups.check_tail(x.shape, self.tail, "groups")
        if x.size == 0:
            return np.zeros(x.shape, bool)
        keys = [None] * len(self.groups.split(scores)) if key is None else self.groups.split(key)
        masks = [
            select_top(rows, self.budget(rows.shape[1]), row_keys, low_index=low)
            for rows, row_keys in zip(self.groups.split(scores), keys, strict=True)
        ]
        return self.groups.join(masks, x.shape)

    def __str__(self) -> str:
        if self._is_nm and isinstance(self.groups, Blocks):
            axis = [f"axis={self.groups.axis}"] if self.groups.axis != -1 else []
            head, plain_tail = [f"{self.keep}", f"{self._size}", *axis], Tail.error
        else:
            where = [str(self.groups)] if self.groups != Whole() else []
            head, plain_tail = [_spell_keep(self.keep), *where], Tail.short
        options = _spell_choice(self.score, self.ties)
        if self.tail != plain_tail:
            options.append(f"tail={self.tail}")
        return f"{'nm' if self._is_nm else 'top'}({', '.join([*head, *options])})"


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
        """Keep as many entries as pass the threshold at ``origin``, those of largest benefit."""
        kept = int(np.count_nonzero(self._mask(origin, origin)))
        rows = select_top(benefit.reshape(1, -1), kept, np.abs(origin).reshape(1, -1))
        return rows.reshape(x.shape)

    def _choose(self, scores: Array, key: Array | None, x: Array, low: bool) -> Mask:
        return scores >= self.threshold

    @property
    def _ranking_traits(self) -> frozenset[Trait]:
        return frozenset({ODD, DETERMINISTIC})

    @property
    def traits(self) -> frozenset[Trait]:
        own = {MONOTONE, MAX_DETERMINED} if self.score.is_magnitude else set()
        return super().traits | own

    def __str__(self) -> str:
        return f"threshold({', '.join([repr(self.threshold), *_spell_choice(self.score, self.ties)])})"


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
        if not 0 < self.keep <= 1:
            raise ValueError(f"a fraction to keep lies in (0, 1], got {self.keep}")

    def budget(self, size: int) -> int:
        return -(-self.keep.numerator * size // self.keep.denominator)

    def best_mask(self, benefit: Array, x: Array, origin: Array) -> Mask:
        """Benefits add up over a unit."""
        return self._keep_units(_unit_sums(self.unit, benefit), _unit_sums(self.unit, np.abs(origin)), x, low=True)

    def _choose(self, scores: Array, key: Array | None, x: Array, low: bool) -> Mask:
        size = np.abs(scores.astype(np.float64))
        strength = (
            self.unit.reduce(size, lambda rows: rows.max(axis=1))
            if self.p == np.inf
            else _unit_sums(self.unit, size if self.p == 1 else size**self.p)
        )
        return self._keep_units(strength, None if key is None else _unit_sums(self.unit, key), x, low)

    def _keep_units(self, strength: Array, key: Array | None, x: Array, low: bool) -> Mask:
        flat = strength.reshape(1, -1)
        kept = select_top(flat, self.budget(flat.size), None if key is None else key.reshape(1, -1), low_index=low)
        units: NDArray[np.bool_] = kept.reshape(strength.shape)
        shapes = [rows.shape for rows in self.unit.split(x)]
        per_piece = self.unit.split_grid(units, x.shape)
        return self.unit.join([np.repeat(u, s[1]).reshape(s) for u, s in zip(per_piece, shapes, strict=True)], x.shape)

    def __str__(self) -> str:
        norm = [f"norm={spell_norm(self.p)}"] if self.p != 2 else []
        parts = [_spell_keep(self.keep), str(self.unit), *norm, *_spell_choice(self.score, self.ties)]
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
        return np.broadcast_to(self.kept.values, x.shape)

    def __str__(self) -> str:
        return f"fixed({self.kept.name})"


def _unit_sums(unit: Partition, values: Array) -> Array:
    return unit.reduce(values, lambda rows: rows.sum(axis=1))


def _spell_keep(keep: int | Fraction) -> str:
    if isinstance(keep, int):
        return str(keep)
    decimal = float(keep)
    return repr(decimal) if Fraction(repr(decimal)) == keep else f"{keep.numerator}/{keep.denominator}"


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
    """Keep ⌈f·|G|⌉ entries for a float or Fraction f, or exactly k for an integer, in every group (default: the tensor)."""
    return TopSparsifier(keep if isinstance(keep, int) else as_fraction(keep), per or Whole(), score, ties, tail)


def threshold(t: float, *, score: Score = magnitude) -> ThresholdSparsifier:
    """Keep the entries whose score is at least t."""
    return ThresholdSparsifier(float(t), score)


def blockwise(
    keep: float | Fraction, *, per: Partition, norm: float = 2.0, score: Score = magnitude, ties: Ties = low_index
) -> BlockSparsifier:
    """Keep a fraction of the units (``per=Tiles(4, 4)``, ``per=Blocks(8)``), those of largest norm."""
    return BlockSparsifier(as_fraction(keep), per, float(norm), score, ties)


def fixed(mask: ArrayLike) -> FixedMask:
    """s(x) = m ⊙ x for a given boolean mask."""
    return FixedMask(FixedArray(np.asarray(mask)))


def as_fraction(value: float | Fraction) -> Fraction:
    """The decimal a number is written as, exactly: 0.1 is 1/10."""
    return value if isinstance(value, Fraction) else Fraction(repr(float(value)))
