"""A sparsifier and a quantizer, and all that is known of them on tensors of a shape before one is seen."""

from dataclasses import dataclass, replace
from typing import TypeAlias, final
from weakref import WeakKeyDictionary

from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.alphabet.traits import DETERMINISTIC, MONOTONE
from sqtheory.orders import rulings
from sqtheory.orders.assumptions import dominates
from sqtheory.orders.rulings import Rulings

Known: TypeAlias = dict[tuple[str, str, Shape], Rulings]
_KNOWN: WeakKeyDictionary[Sparsifier, WeakKeyDictionary[Quantizer, Known]] = WeakKeyDictionary()
"""What was asked of operators that are still there; equal ones may be spelled differently."""


@final
@dataclass(frozen=True)
class Pair:
    """A sparsifier s and a quantizer q."""

    s: Sparsifier
    q: Quantizer

    def on(self, shape: Shape) -> Rulings:
        """All rulings on tensors of this shape, made once. Raises ValueError where s or q fits no such tensor."""
        known = _KNOWN.setdefault(self.s, WeakKeyDictionary()).setdefault(self.q, {})
        key = str(self.s), str(self.q), shape
        if key not in known:
            known[key] = self._ruled(*key)
        return known[key]

    def _ruled(self, mask: str, fmt: str, shape: Shape) -> Rulings:
        s, q = self.s, self.q
        one_block = rulings.one_block_per_group(s, q, shape)
        one_scale = rulings.one_scale_per_group(q, shape, one_block)
        everything, splits = s.keeps_all(shape), s.splits(q.partition, shape)
        known = Rulings(
            mask,
            fmt,
            shape,
            selection=rulings.selection(s, q, everything, one_scale.closed),
            scale=rulings.scale(s, q, shape, everything, splits),
            zero=rulings.zero(q, everything, splits),
            one_scale=one_scale,
            one_block=one_block,
            magnitude=rulings.by_magnitude(s, mask),
            monotone=rulings.having(q, MONOTONE, fmt),
            deterministic=DETERMINISTIC in q.traits,
            keeps_all=everything,
            groups=s.groups.count(shape),
            short_groups=s.groups.tails(shape),
            short_blocks=q.partition.tails(shape),
        )
        return replace(known, prune_first_dominates=dominates(known, 1.0))
