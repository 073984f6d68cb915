"""The operators of a tensor: a sparsifier, a quantizer, how both are put to it, and what is known of its shape."""

from dataclasses import dataclass, replace
from typing import TypeAlias, final
from weakref import WeakKeyDictionary

from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.procedures import PLAIN, Procedure
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.alphabet.traits import DETERMINISTIC, KEEPS_ZERO, MONOTONE
from sqtheory.arrays import FixedArray
from sqtheory.orders import rulings
from sqtheory.orders.assumptions import dominates
from sqtheory.orders.one_map import one_map
from sqtheory.orders.rulings import Ruling, Rulings

Known: TypeAlias = dict[tuple[str, str, Shape], Rulings]
_KNOWN: WeakKeyDictionary[Sparsifier, WeakKeyDictionary[Quantizer, Known]] = WeakKeyDictionary()
"""What was asked of operators that are still there; equal ones may be spelled differently."""


@final
@dataclass(frozen=True)
class Pair:
    """A sparsifier s and a quantizer q of one tensor, and the procedure that puts them to it."""

    s: Sparsifier
    q: Quantizer
    procedure: Procedure = PLAIN
    moments: FixedArray | None = None
    """XᵀX of the inputs of the layer, inputs × inputs, where the errors of its output are asked for too."""

    @property
    def plain(self) -> bool:
        """Both act entry by entry, and the tensor is all that is asked about."""
        return self.procedure == PLAIN and self.moments is None

    @property
    def ranked(self) -> bool:
        """s keeps the largest magnitudes in an order known before q acts; q saturates, draws nothing, keeps 0.

        Not where Γ has no negative number: there large entries become 0.
        """
        known = self.s.by_magnitude and self.s.ties.foreseen and self.s.ties.ordered
        two_signs = self.q.format.min < 0
        return known and two_signs and self.q.saturate and {DETERMINISTIC, KEEPS_ZERO} <= self.q.traits

    def on(self, shape: Shape) -> Rulings:
        """All rulings on tensors of this shape, made once. Raises ValueError where s or q fits no such tensor."""
        return self._entrywise(shape) if self.procedure == PLAIN else self._changed(self._entrywise(shape))

    def _changed(self, known: Rulings) -> Rulings:
        """What is left of the rulings where other entries make up for what is lost."""
        open_ = Ruling(False, f"survivors change: {self.procedure.title}")
        zero = known.zero if self.procedure.keeps_pattern else open_
        return replace(
            known, selection=open_, scale=open_, zero=zero, magnitude=open_, monotone=open_, prune_first_dominates=False
        )

    def _entrywise(self, shape: Shape) -> Rulings:
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
            selection=rulings.selection(s, q, everything, one_scale.closed or one_map(q, shape).closed),
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
