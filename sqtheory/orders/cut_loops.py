"""What compiled loops count and add up of a tile of cut groups, where the engine has them."""

from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.kernels.brackets import Bracket
from sqtheory.alphabet.kernels.cuts import Cuts, Ties
from sqtheory.alphabet.kernels.engine import compiled
from sqtheory.alphabet.kernels.rounders import loop_rounding
from sqtheory.alphabet.kernels.scratch import scratch
from sqtheory.arrays import Array
from sqtheory.orders.group_tiles import Groups
from sqtheory.orders.shared import Sides
from sqtheory.orders.strip_sums import strip_sums

Flags: TypeAlias = tuple[bool, bool, bool]
"""By ranking."""


@final
@dataclass(frozen=True, eq=False)
class LoopFound:
    """What a tile adds up to."""

    sums: tuple[int, ...]
    """Of x, s, q, S→Q, Q→S and the optimum."""
    counts: NDArray[np.int64]
    """(rows, 2): entries of non-zero image that one order keeps and the other prunes; those that S→Q keeps."""
    alive: NDArray[np.bool_]
    """Blocks that keep an entry at the cut."""


@final
@dataclass(frozen=True)
class CutLoops:
    """The loops for float32 and Σ|e|^p, p = 1 or 2, under scales of blocks of ``run`` entries."""

    loops: Any
    rows: Any
    """Those that cut rows."""
    rounding: Any
    p: float
    run: int

    @classmethod
    def of(cls, groups: Groups, run: int, dtype: np.dtype[Any], entries: int) -> "CutLoops | None":
        """None where numpy does it: no compiled engine, few entries, another dtype or rounding."""
        loops, q = compiled(entries), groups.pair.q
        if loops is None or dtype != np.float32:
            return None
        rounding = loop_rounding(q.format, q.rounding, q.saturate)
        return None if rounding is None else cls(loops.CUTS, loops.ROW_CUTS, rounding, groups.p, run)

    def survey(self, x: Array, sigma: Array, sizes: Bracket | None, images: Bracket, gains: Bracket) -> None:
        """Count what lies in the bracket of each ranking; that of the magnitudes may be left out."""
        brackets = sizes or Bracket(0, 0), images, gains
        ends = np.array([[one.low, one.high] for one in brackets[:2]], np.int32)
        gain_ends = np.array([gains.low, gains.high], np.float64)
        counts = np.zeros((3, 4), np.int64)
        kinds = np.int32, np.int32, np.float64
        found = [scratch(f"found {i}", x.size + 1, kind) for i, kind in enumerate(kinds)]
        given = self._given(sigma)
        self.loops.survey(x.reshape(-1), *given, sizes is None, ends, gain_ends, self._work(), counts, *found)
        for one, count, between in zip(brackets, counts, found, strict=True):
            one.take(count, between)

    def survey_ties(self, x: Array, sigma: Array, by_gain: bool, cut: Any, bracket: Bracket) -> None:
        """Count the keys of the entries at a cut of images, or of gains, that lie in the bracket."""
        counts, found = np.zeros(4, np.int64), scratch("found 0", x.size + 1, np.int32)
        bits, gain = (np.int32(0), np.float64(cut)) if by_gain else (np.int32(cut), np.float64(0))
        ends = np.int32(bracket.low), np.int32(bracket.high)
        given = self._given(sigma)
        self.loops.survey_ties(x.reshape(-1), *given, by_gain, bits, gain, *ends, self._work(), counts, found)
        bracket.take(counts, found)

    def cuts(self, x: Array, sigma: Array, keep: int, by_key: Flags, low_index: Flags, dull_gain: bool) -> list[Cuts]:
        """Where each row is cut in each ranking, which is a group; gains of 0 need no key where ``dull_gain``."""
        rows, size = x.shape
        scores, keys, first, last, tied = (np.empty((3, rows), kind) for kind in ("i8", "i4", "i8", "i8", "u1"))
        row = self.rows.RowWork(*(scratch(f"row {i}", size, kind) for i, kind in enumerate(("i4", "i4", "i8", "i4"))))
        none = np.iinfo(np.int64).min
        dull = (none, none, 0 if dull_gain else none)
        found = self.rows.RowCuts(scores, keys, first, last, tied)
        self.rows.cut_rows(x, *self._given(sigma), keep, by_key, low_index, dull, self._work(), row, found)
        gains = np.where(scores[2] < 0, scores[2] ^ np.iinfo(np.int64).max, scores[2]).view(np.float64)
        at = scores[0].astype(np.int32), scores[1].astype(np.int32), gains
        keyed = [None if (its == self.rows.NO_KEY).all() else its for its in keys]
        return [Cuts(at[i], keyed[i], first[i], last[i], tied[i].view(np.bool_)) for i in range(3)]

    def weigh(
        self, x: Array, sigma: Array, cuts: tuple[Cuts, ...], seen: tuple[Ties, ...], sides: Sides | None
    ) -> LoopFound:
        """All sums, those of x and s only where they are not given; ``seen`` is brought up."""
        first, last, before = (np.stack(ends) for ends in ([c.first for c in cuts], [c.last for c in cuts], seen))
        keys = np.array([np.full(len(x), self.loops.UNKEYED) if c.key is None else c.key for c in cuts], np.int32)
        places = self.loops.CutPlaces(np.stack([c.score for c in cuts[:2]]), cuts[2].score, keys, first, last, before)
        strips = len(x) * -(-x.shape[1] // self.loops.STRIP)
        weighed = self.loops.Weighed(
            np.empty(strips, np.int64),
            np.empty((strips, 2 * self.loops.TOTALS), np.int64),
            np.zeros((len(x), self.loops.COUNTS), np.int64),
            np.zeros(sigma.size, np.uint8),
        )
        dust = self.loops.Dust(*(scratch(f"dust {at}", x.size, kind) for at, kind in enumerate(("f4", "f4", "u1"))))
        found = self.loops.weigh(x, *self._given(sigma), sides is not None, places, self._work(), weighed, dust)
        for ties, now in zip(seen, before, strict=True):
            ties[...] = now
        sums = strip_sums(weighed.powers, weighed.totals, self.p, [part[:found] for part in dust])
        whole, s = sides or sums[:2]
        together = whole, s, *(whole + more for more in sums[2:])
        return LoopFound(together, weighed.counts, weighed.alive.view(np.bool_))

    def _given(self, sigma: Array) -> tuple[Any, ...]:
        divisor = np.where(sigma == 0, np.float32(1), sigma)
        return divisor, self.run, (1,) if self.p == 2 else (), self.rounding

    def _work(self) -> Any:
        columns = (scratch(f"column {at}", self.loops.STRIP, kind)[None] for at, kind in enumerate(("f4", "f4", "f8")))
        each = (scratch(f"each {at}", self.loops.STRIP, kind) for at, kind in enumerate(("f4", "i4", "i4", "i4", "i4")))
        return self.loops.Workspace(*columns, *each)
