"""A tile of groups that hold whole scale blocks, or of a part of one: what ranks its entries, what it adds up to."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sqtheory.alphabet.kernels.brackets import Bracket, Place, Scores
from sqtheory.alphabet.kernels.cuts import Cuts, Ties
from sqtheory.alphabet.kernels.maxima import INTEGER
from sqtheory.alphabet.kernels.quantization import scaled_image
from sqtheory.alphabet.kernels.scratch import scratch
from sqtheory.alphabet.norms import power_units
from sqtheory.arrays import Array, Mask
from sqtheory.orders.counts import beyond_range
from sqtheory.orders.cut_loops import CutLoops
from sqtheory.orders.group_sums import Entries, out_of_range
from sqtheory.orders.group_tiles import Groups
from sqtheory.orders.partial import Partial
from sqtheory.orders.shared import Shared
from sqtheory.orders.shifted_scales import shifted

TILE = 1 << 16
"""Entries taken at once; a longer group is cut from a sample."""
LARGE = 1 << 20
"""Entries taken at once by compiled loops, which cut them into strips themselves."""
SIZES, IMAGES, GAINS = RANKINGS = (0, 1, 2)
"""What ranks the entries for S→Q, for Q→S and for the optimum."""
Ranked: TypeAlias = tuple[Cuts, Cuts, Cuts]
"""Where each ranking is cut."""
Seen: TypeAlias = tuple[Ties, Ties, Ties]
"""How many ties at the cut came before, in each ranking."""


Masks: TypeAlias = tuple[Mask, Mask, Mask]
Found: TypeAlias = tuple[tuple[int, ...], NDArray[np.int64], int]
"""The first fields of a Partial; in every row how many moved and how many of them S→Q keeps; blocks with a survivor."""


@final
@dataclass(frozen=True)
class Blocked:
    """How groups of ``size`` entries are compared, of which every ``block`` share a scale."""

    groups: Groups
    size: int
    block: int
    dtype: np.dtype[Any]
    loops: CutLoops | None

    @property
    def most(self) -> int:
        """Entries of a tile."""
        return TILE if self.loops is None else LARGE

    def tile(self, shared: Shared) -> "CutTile | None":
        """Rows of a tile: groups, or a part of one; None where an entry is NaN or infinite."""
        return CutTile(self, shared) if np.maximum.reduce(shared.amax(self.block)) < np.inf else None

    @property
    def low_index(self) -> tuple[bool, bool, bool]:
        """Whether the lower of equal indices stays, in each ranking."""
        low = self.groups.pair.s.ties.low_index
        return low, low, True

    @property
    def by_key(self) -> tuple[bool, bool, bool]:
        """Whether of equal scores the larger magnitude stays, in each ranking."""
        return False, not self.groups.pair.s.ties.index_only, True

    @property
    def dull(self) -> tuple[float | None, float | None, float | None]:
        """The score of entries of which any may stay for all that is counted, in each ranking.

        Of gain 0 are those that q maps to 0 or to twice themselves, if no product underflows, as of float32 none does.
        """
        return None, None, 0.0 if self.dtype == np.float32 else None

    def by_index(self, ranking: int, cut: Place) -> bool:
        """No key decides between the entries at a cut: all stay, or it does not matter which."""
        all_stay = cut.ties == self.groups.keep - cut.above
        return all_stay or not self.by_key[ranking] or cut.score == self.dull[ranking]


@final
class CutTile:
    """Rows (rows, n) of finite entries, in memory of the kernels: another tile takes their place."""

    def __init__(self, blocked: Blocked, shared: Shared) -> None:
        self._of, self._shared, self._x, self._amax = blocked, shared, shared.x, shared.amax(blocked.block)
        self._sigma = blocked.groups.scales(self._amax, lambda: shared.ends(blocked.block)[0])

    @cached_property
    def _y(self) -> Array:
        """q(x)."""
        y = _like(self._x, "y", self._x.dtype)
        with np.errstate(over="ignore"):
            rounding = self._of.groups.rounding
            scaled_image(self._x.reshape(1, -1), y.reshape(1, -1), self._sigma, rounding, self._amax)
        return y

    def scores(self, which: int) -> Scores:
        """What ranks the entries: bits of magnitudes, or gains."""
        if which == GAINS:
            return self._entries.gains().reshape(self._x.shape)
        return self.magnitudes if which == SIZES else self._images.view(INTEGER[self._x.dtype])

    def cuts(self) -> Ranked:
        """Where each row is cut, which is a group."""
        of = self._of
        if self._loops is not None:
            dull_gain = of.dull[GAINS] is not None
            given = self._x, self._sigma, of.groups.keep
            first, second, third = self._loops.cuts(*given, of.by_key, of.low_index, dull_gain)
            return first, second, third
        keys = self.magnitudes
        first, second, third = (
            Cuts.of_rows(self.scores(i), of.groups.keep, keys if of.by_key[i] else None, of.low_index[i], of.dull[i])
            for i in RANKINGS
        )
        return first, second, third

    @property
    def magnitudes(self) -> Scores:
        """The bits of |x_i|: what decides between equal scores."""
        return self._sizes.view(INTEGER[self._x.dtype])

    @cached_property
    def _sizes(self) -> Array:
        return np.abs(self._x, out=_like(self._x, "sizes", self._x.dtype))

    @cached_property
    def _images(self) -> Array:
        return np.abs(self._y, out=_like(self._x, "images", self._x.dtype))

    @cached_property
    def _entries(self) -> Entries:
        groups, high = self._of.groups, float(np.maximum.reduce(self._high))
        flat = self._sizes.reshape(-1), self._images.reshape(-1)
        return Entries(*flat, high, groups.p, groups.unit(self._sigma), groups.short)

    def survey(self, brackets: dict[int, Bracket]) -> None:
        """Count what lies in the bracket of each of these rankings."""
        if self._loops is not None and IMAGES in brackets and GAINS in brackets:
            self._loops.survey(self._x, self._sigma, brackets.get(SIZES), brackets[IMAGES], brackets[GAINS])
            return
        for i, bracket in brackets.items():
            bracket.add(self.scores(i).reshape(-1))

    def survey_ties(self, ranking: int, cut: Place, bracket: Bracket) -> None:
        """Count what lies in the bracket of the keys of the entries at a cut."""
        if self._loops is not None:
            self._loops.survey_ties(self._x, self._sigma, ranking == GAINS, cut.score, bracket)
            return
        bracket.add(self.magnitudes[self.scores(ranking) == cut.score])

    def partial(self, cuts: Ranked, seen: Seen) -> Partial | None:
        """All that is added up; None at what the pass is not for."""
        x, groups = self._x, self._of.groups
        if out_of_range(x.dtype, groups.p) and not np.all(power_units(self._high, groups.p) == 1):
            return None
        loops, before = self._loops, seen[SIZES].copy()
        sums, counts, living = self._in_numpy(cuts, seen) if loops is None else self._in_loops(loops, cuts, seen)
        found = replace(
            Partial(*sums),
            moved=int(counts[:, 0].sum()),
            swaps=int(counts[:, 1].sum()),
            selected=_count(counts[:, 0]) if self._whole else 0,
            tied=_count(cuts[IMAGES].tied) if self._whole else 0,
            living=living,
            pruned=x.size - groups.keep * len(x) if self._whole else 0,
            saturated=_count(beyond_range(*self._ends(), (self._sigma,), groups.pair.q)),
            flushed=self._flushed(),
        )
        return found if groups.scale is not None else shifted(found, groups, *self._suspects(cuts[SIZES], before))

    def witnesses(self, cuts: Ranked, seen: Seen) -> tuple[Array, Array, Array]:
        """The entries on which the orders differ, and both their results there."""
        kept, again, _ = self._masks(cuts, seen)
        at = np.flatnonzero(self._moved(kept, again))
        y = self._y.reshape(-1)[at]
        return self._x.reshape(-1)[at], y * kept.reshape(-1)[at], y * again.reshape(-1)[at]

    def _masks(self, cuts: Ranked, seen: Seen) -> Masks:
        first, second, third = masks = tuple(_like(self._x, f"mask {i}", np.bool_) for i in RANKINGS)
        for i, (one, mask) in enumerate(zip(cuts, masks, strict=True)):
            one.mark(self.scores(i), None if one.key is None else self.magnitudes, seen[i], mask)
        return first, second, third

    def _moved(self, kept: Mask, again: Mask) -> Mask:
        moved = np.not_equal(kept, again, out=_like(self._x, "moved", np.bool_))
        alive = np.not_equal(self._y, 0, out=_like(self._x, "alive", np.bool_))
        return np.asarray(np.logical_and(moved, alive, out=moved))

    @cached_property
    def _high(self) -> Array:
        """The largest magnitude of x and y in every row, or for float32 a bound for all rows."""
        if self._of.dtype != np.float32:
            ends = (np.maximum.reduce(a, axis=1) for a in (self._sizes, self._images))
            return np.asarray(np.maximum(*ends))
        fmt, tops = self._of.groups.pair.q.format, (np.maximum.reduce(a) for a in (self._amax, self._sigma))
        top, sigma = map(float, tops)
        return np.array([max(top, sigma * max(-fmt.min, fmt.max))])

    @property
    def _loops(self) -> CutLoops | None:
        """The compiled loops, for scales under which no image leaves the range."""
        return self._of.loops if np.maximum.reduce(self._sigma) <= self._of.groups.rounding.safe else None

    def _in_loops(self, loops: CutLoops, cuts: Ranked, seen: Seen) -> Found:
        known = self._of.groups.pair.s, self._of.groups.p
        found = loops.weigh(self._x, self._sigma, cuts, seen, self._shared.sides.get(known))
        self._shared.sides[known] = found.sums[0], found.sums[1]
        above, at_cut = self._beside(cuts[SIZES])
        return found.sums, found.counts, above + _count(found.alive[at_cut])

    def _in_numpy(self, cuts: Ranked, seen: Seen) -> Found:
        masks = self._masks(cuts, seen)
        moved = self._moved(*masks[:GAINS])
        rows = [np.count_nonzero(marks, axis=1) for marks in (moved, moved & masks[SIZES])]
        found = self._entries.sums(*masks)
        (x, x_kept), (all_saved, kept, again, best) = found.powers, found.gains
        sq = x - kept
        sums = x, x - x_kept, x - all_saved, sq, sq - again, sq - best, found.lost
        above, at_cut = self._beside(cuts[SIZES])
        alive = np.any(masks[SIZES].reshape(-1, self._of.block)[at_cut], axis=1)
        return sums, np.stack(rows, axis=1), above + _count(alive)

    def _beside(self, cuts: Cuts) -> tuple[int, NDArray[np.intp]]:
        """How many blocks keep their largest entry since it is above the cut, and those whose largest is at it."""
        by_row, cut = self._amax.reshape(len(self._x), -1), cuts.score[:, None].view(self._amax.dtype)
        return _count(by_row > cut), np.flatnonzero((by_row == cut) & (by_row > 0))

    def _ends(self) -> tuple[Array, Array]:
        """The least and the greatest entry of every block, or what bounds them where Γ = −Γ."""
        fmt = self._of.groups.pair.q.format
        return (-self._amax, self._amax) if fmt.min == -fmt.max else self._shared.ends(self._of.block)

    def _suspects(self, cut: Cuts, seen: Ties) -> tuple[Array, Array]:
        """Blocks whose scale the mask may move, by taking every negative entry and not all, and what it leaves."""
        blocks = self._x.reshape(-1, self._of.block)
        limit = np.repeat(cut.score.view(self._of.dtype), len(blocks) // len(self._x))
        least, _ = self._shared.ends(self._of.block)
        at = np.flatnonzero((least < 0) & (-least <= limit) & (limit <= self._amax))
        rows, limit = blocks[at], limit[at, None]
        kept = np.abs(rows) > limit
        if np.any(np.abs(rows) == limit):
            marks = cut.mark(self.magnitudes, None, seen, _like(self._x, f"mask {SIZES}", np.bool_))
            kept = marks.reshape(blocks.shape)[at]
        alive = np.any(kept, axis=1)
        return rows[alive], np.where(kept, rows, rows.dtype.type(0))[alive]

    def _flushed(self) -> int:
        """Blocks with an entry that is not 0, and an image that is."""
        fmt, amax = self._of.groups.pair.q.format, self._amax
        low = np.logical_and(amax > 0, ~(amax > self._sigma * (max(-fmt.min, fmt.max) / 2)))
        at = np.flatnonzero(low)  # no largest entry of another block is rounded to 0
        if not at.size:
            return 0
        blocks = self._x.reshape(-1, self._of.block)[at]
        images = np.empty_like(blocks)
        rounding = self._of.groups.rounding
        scaled_image(blocks.reshape(1, -1), images.reshape(1, -1), self._sigma[at], rounding, None)
        return _count(~np.any(images, axis=1))

    @property
    def _whole(self) -> bool:
        """Each row is a group."""
        return bool(self._x.shape[1] == self._of.size)


def _like(x: Array, name: str, dtype: DTypeLike) -> NDArray[Any]:
    """Memory of the kernels in the shape of x."""
    return scratch(f"cut {name}", x.size, dtype).reshape(x.shape)


def _count(values: NDArray[Any]) -> int:
    return int(np.count_nonzero(values))
