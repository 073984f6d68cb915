"""What a tile of cut groups counts, marks and adds up in compiled loops, where the engine has them."""

from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.kernels.brackets import Bracket
from sqtheory.alphabet.kernels.cuts import Cuts, Ties
from sqtheory.alphabet.kernels.engine import compiled
from sqtheory.alphabet.kernels.exact import UNIT
from sqtheory.alphabet.kernels.scratch import scratch
from sqtheory.arrays import Array, Mask

Masks: TypeAlias = tuple[Mask, Mask, Mask]
"""Of both orders and of the optimum."""


@final
@dataclass(frozen=True)
class CutLoops:
    """The loops for Σ|e|^p of float32, p = 1 or 2."""

    loops: ModuleType
    square: bool

    @classmethod
    def of(cls, dtype: np.dtype[Any], p: float, entries: int) -> "CutLoops | None":
        """None where numpy does it: no compiled engine, few entries, another dtype."""
        loops = compiled(entries)
        return None if loops is None or dtype != np.float32 else cls(loops.CUTS, p == 2)

    def survey(self, x: Array, y: Array, brackets: list[Bracket]) -> None:
        """Count what lies in the bracket of each ranking."""
        ends = np.array([[one.low, one.high] for one in brackets[:2]], np.int32)
        gain_ends = np.array([brackets[2].low, brackets[2].high])
        counts = np.zeros((3, 4), np.int64)
        found = [scratch(f"found {i}", x.size, kind) for i, kind in enumerate((np.int32, np.int32, np.float64))]
        self.loops.survey(x.reshape(-1), y.reshape(-1), self.square, ends, gain_ends, counts, *found)
        for one, count, between in zip(brackets, counts, found, strict=True):
            one.take(count, between)

    def mark(self, x: Array, y: Array, cuts: tuple[Cuts, ...], seen: tuple[Ties, ...], out: Masks) -> None:
        """The masks where no keys decide; ``seen`` is brought up."""
        first, last, before = (np.stack(ends) for ends in ([c.first for c in cuts], [c.last for c in cuts], seen))
        bits, (*_, gains) = np.stack([c.score for c in cuts[:2]]), (c.score for c in cuts)
        masks = (mask.view(np.int8) for mask in out)
        self.loops.mark(x, y, self.square, bits, gains, first, last, before, *masks)
        for ties, now in zip(seen, before, strict=True):
            ties[...] = now

    def sums(self, x: Array, y: Array, masks: Masks, power: int) -> "LoopSums | None":
        """None where some term reaches below 2^{power − 104}; every term is less than 2^power."""
        sums, counts = np.zeros((2, self.loops.SUMS, 2, 2), np.int64), np.zeros((len(x), 2), np.int64)
        lift, lower = 2.0**power, 1.5 * 2.0 ** (power - 52)
        given = (mask.view(np.int8) for mask in masks)
        rest = self.loops.add_up(x, y, *given, self.square, lift, lower, sums, counts)
        if rest:
            return None
        units = [[_units(places.tolist(), power, self.loops.HALF) for places in of.reshape(-1, 2, 2)] for of in sums]
        return LoopSums(units[0], units[1], counts)


@final
@dataclass(frozen=True, eq=False)
class LoopSums:
    """Sums of powers of entries and of their errors, each of all and of those that each mask keeps; and ``counts``."""

    sizes: list[int]
    errors: list[int]
    counts: NDArray[np.int64]
    """(rows, 2): entries of non-zero image that one order keeps and the other prunes; those that S→Q keeps."""

    @property
    def all(self) -> tuple[int, ...]:
        """Of x, s, q, S→Q, Q→S and the optimum."""
        x, *kept = self.sizes
        q, *errors = self.errors
        return x, x - kept[0], q, *(x - size + error for size, error in zip(kept, errors, strict=True))


def _units(places: list[list[int]], power: int, half: int) -> int:
    first, second = ((high << half) + low for high, low in places)
    return (first << (UNIT + power - 52)) + (second << (UNIT + power - 104))
