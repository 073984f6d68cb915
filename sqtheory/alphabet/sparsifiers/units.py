"""Masks of whole units: boxes of entries kept or pruned together."""

import math
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import final

import numpy as np

from sqtheory.alphabet.gains import unit_norms
from sqtheory.alphabet.norms import check_norm, spell_norm
from sqtheory.alphabet.partition import Partition, Shape, Tail, Whole
from sqtheory.alphabet.scores import Score, magnitude
from sqtheory.alphabet.selection import as_fraction, best_between, checked_amount, spell_amount, tied_at_cut
from sqtheory.alphabet.sparsifiers.sparsifier import Sparsifier, spell_choice
from sqtheory.alphabet.ties import Ties, low_index
from sqtheory.arrays import Array, Mask
from sqtheory.exceptions import need


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
        for name, kind in (("unit", Partition), ("score", Score), ("ties", Ties)):
            need(getattr(self, name), kind, f"{name}=")
        object.__setattr__(self, "keep", checked_amount(as_fraction(self.keep)))

    @property
    def units(self) -> Partition:
        return self.unit

    @property
    def ranks(self) -> bool:
        return True

    def with_ties(self, ties: Ties) -> "BlockSparsifier":
        return replace(self, ties=ties)

    def with_score(self, score: Score) -> "BlockSparsifier":
        return replace(self, score=score)

    @property
    def boxes(self) -> tuple[tuple[Partition, Tail, str], ...]:
        return ((self.unit, Tail.short, "units"),)

    def keeps_all(self, shape: Shape) -> bool:
        count = self.unit.count(shape)
        return super().keeps_all(shape) if self.ignores_values else self.budget(count) >= count

    def splits(self, boxes: Partition, shape: Shape) -> bool:
        if self.ignores_values:
            return super().splits(boxes, shape)
        return not self.keeps_all(shape) and not boxes.overlaps(self.unit, shape).nested

    def budget(self, size: int) -> int:
        return math.ceil(self.keep * size)

    def best_mask(self, benefit: Array, x: Array, origin: Array) -> Mask:
        """Benefits add up over a unit; ties go to the unit of larger norm of origin."""
        self._require_finite(benefit, "benefit ")
        total = self.unit.reduce(benefit, lambda rows: rows.sum(axis=1))
        sizes = unit_norms(self.unit, np.abs(origin), self.p)
        if self.ties.fixed_count:
            return self._keep_units(total, sizes, x, low_index)
        whole = (
            self.unit.reduce(self._mask(y, origin), lambda rows: np.asarray(rows.all(axis=1))) for y in (x, origin)
        )
        one, other = (kept.reshape(1, -1) for kept in whole)
        kept = best_between(total.reshape(1, -1), sizes.reshape(1, -1), one, other)
        return self.unit.spread(kept.reshape(total.shape), x.shape)

    def _choose(self, scores: Array, key: Array | None, x: Array, ties: Ties) -> Mask:
        unit_key = None if key is None else ties.unit_key(key, self.unit, self.p)
        return self._keep_units(unit_norms(self.unit, np.abs(scores), self.p), unit_key, x, ties)

    def tied_groups(self, x: Array) -> int:
        flat = unit_norms(self.unit, np.abs(self.score.of(x)), self.p).reshape(1, -1)
        return int(tied_at_cut(flat, self.budget(flat.size))[0])

    def _keep_units(self, strength: Array, key: Array | None, x: Array, ties: Ties) -> Mask:
        flat = strength.reshape(1, -1)
        kept = ties.select(flat, self.budget(flat.size), None if key is None else key.reshape(1, -1))
        units: Mask = kept.reshape(strength.shape)
        return self.unit.spread(units, x.shape)

    def __str__(self) -> str:
        norm = [f"norm={spell_norm(self.p)}"] if self.p != 2 else []
        parts = [spell_amount(self.keep), str(self.unit), *norm, *spell_choice(self.score, self.ties)]
        return f"blockwise({', '.join(parts)})"
