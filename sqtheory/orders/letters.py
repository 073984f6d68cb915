"""The letters of a chain, masks and quantizers, and the words that keep each kind in its own order."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import comb
from typing import TypeAlias, cast, final

from sqtheory.alphabet.notation import parse_as
from sqtheory.alphabet.operators import Operator, chained, parts_of
from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.alphabet.ties import Ties
from sqtheory.orders.assumptions import DOMINANCE
from sqtheory.orders.pair import Pair

Word: TypeAlias = tuple[bool, ...]
"""Which places of a chain hold a mask."""
MOST = 64
"""Words of one chain."""
WANTED = "chain of masks and quantizers: try 'int8 >> 2:4 >> mxfp4'"
SINGLE = "one_mask"
"""That a chain has one mask alone, by name."""
BELOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@final
@dataclass(frozen=True)
class Letters:
    """Masks s₁, …, s_k and quantizers q₁, …, q_r, each kind in the order in which a chain applies them.

    Raises ValueError where one kind is missing, for another kind and for more than ``MOST`` words.
    """

    masks: tuple[Sparsifier, ...]
    quantizers: tuple[Quantizer, ...]
    asked: Word
    """The word of the chain itself."""

    def __post_init__(self) -> None:
        for f in self.quantizers:
            if not isinstance(f, Quantizer):
                raise ValueError(
                    f"{f} in {self} is neither a mask nor a quantizer: orders are those of these two kinds"
                )
        k, r = len(self.masks), len(self.quantizers)
        if not (k and r):
            lacking = "quantizer" if k else "mask"
            raise ValueError(f"orders are those of a mask and a quantizer at least: {self} has no {lacking}")
        if comb(k + r, k) > MOST:
            raise ValueError(f"{self}: its masks and quantizers have {comb(k + r, k)} orders, more than {MOST}")

    @classmethod
    def of(cls, chain: Operator | str) -> "Letters":
        """Those of a chain, or of its spelling. Raises SpellingError as well."""
        parts = parts_of(parse_as(Operator, WANTED, chain))
        masks = tuple(f for f in parts if isinstance(f, Sparsifier))
        others = tuple(cast(Quantizer, f) for f in parts if not isinstance(f, Sparsifier))
        return cls(masks, others, tuple(isinstance(f, Sparsifier) for f in parts))

    def with_ties(self, ties: Ties) -> "Letters":
        """The same with another tie rule in every mask."""
        return Letters(tuple(s.with_ties(ties) for s in self.masks), self.quantizers, self.asked)

    def operators(self, word: Word) -> tuple[Operator, ...]:
        """The operators in the order of a word."""
        masks, quantizers = iter(self.masks), iter(self.quantizers)
        return tuple(next(masks) if is_mask else next(quantizers) for is_mask in word)

    def spelled(self, word: Word) -> str:
        """A word as ``S→Q``; with numbers where there are several of a kind: ``Q₁→S→Q₂``."""
        return "→".join(self._named(word))

    def _named(self, word: Word) -> Iterator[str]:
        counts = {True: 0, False: 0}
        for is_mask in word:
            counts[is_mask] += 1
            several = word.count(is_mask) > 1
            yield ("S" if is_mask else "Q") + (str(counts[is_mask]).translate(BELOW) if several else "")

    def open_premises(self, shape: Shape, p: float) -> tuple[str, ...]:
        """What theorem ``first_is_best`` assumes and these letters do not have on every tensor of the shape, by name.

        All premises of ``prune_first_dominates`` under the mask and each quantizer; none is named where it applies.
        """
        if len(self.masks) > 1:
            return (SINGLE,)
        known = [Pair(self.masks[0], q).on(shape) for q in self.quantizers]
        return tuple(a.name for a in DOMINANCE if not all(a.ruling(one, p).closed for one in known))

    @property
    def chain(self) -> Operator:
        """The chain as it was asked for."""
        return chained(self.operators(self.asked))

    def __str__(self) -> str:
        return str(self.chain)
