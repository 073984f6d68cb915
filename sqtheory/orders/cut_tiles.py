"""A tile of groups that hold whole scale blocks, or of a part of one: what ranks its entries, what it adds up to."""

import math
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sqtheory.alphabet.gains import saved
from sqtheory.alphabet.kernels.brackets import Bracket, Place, Scores
from sqtheory.alphabet.kernels.cuts import Cuts, Ties
from sqtheory.alphabet.kernels.exact import Digits, Numbers, total
from sqtheory.alphabet.kernels.maxima import INTEGER, MAGNITUDE, amax_of_runs
from sqtheory.alphabet.kernels.quantization import Scale, Tile, scaled_image
from sqtheory.alphabet.kernels.scratch import scratch
from sqtheory.alphabet.norms import power_units
from sqtheory.arrays import Array, Mask
from sqtheory.orders.counts import beyond_range
from sqtheory.orders.cut_loops import CutLoops, Masks
from sqtheory.orders.pair import Pair
from sqtheory.orders.partial import LOST, Partial

TILE = 1 << 16
"""Entries taken at once; a longer group is cut from a sample."""
SIZES, IMAGES, GAINS = RANKINGS = (0, 1, 2)
"""What ranks the entries for S→Q, for Q→S and for the optimum."""
Ranked: TypeAlias = tuple[Cuts, Cuts, Cuts]
"""Where each ranking is cut."""
Seen: TypeAlias = tuple[Ties, Ties, Ties]
"""How many ties at the cut came before, in each ranking."""


@final
@dataclass(frozen=True)
class Blocked:
    """How groups of ``size`` entries are compared, of which every ``block`` share a scale and ``keep`` stay."""

    pair: Pair
    size: int
    keep: int
    block: int
    scale: Scale
    rounding: Tile
    p: float
    dtype: np.dtype[Any]

    def tile(self, part: Array) -> "CutTile | None":
        """Rows of a tile: groups, or a part of one; None where an entry is NaN or infinite."""
        amax = amax_of_runs(part.reshape(-1), self.block).copy()
        return CutTile(self, part, amax) if np.maximum.reduce(amax) < np.inf else None

    @property
    def low_index(self) -> tuple[bool, bool, bool]:
        """Whether the lower of equal indices stays, in each ranking."""
        low = self.pair.s.ties.low_index
        return low, low, True

    @property
    def by_key(self) -> tuple[bool, bool, bool]:
        """Whether of equal scores the larger magnitude stays, in each ranking."""
        return False, not self.pair.s.ties.index_only, True

    @property
    def dull(self) -> tuple[float | None, float | None, float | None]:
        """The score of entries of which any may stay for all that is counted, in each ranking.

        Of gain 0 are those that q maps to 0 or to twice themselves, if no product underflows, as of float32 none does.
        """
        return None, None, 0.0 if self.dtype == np.float32 else None

    def by_index(self, ranking: int, cut: Place) -> bool:
        """No key decides between the entries at a cut: all stay, or it does not matter which."""
        all_stay = cut.ties == self.keep - cut.above
        return all_stay or not self.by_key[ranking] or cut.score == self.dull[ranking]


@final
class CutTile:
    """Rows (rows, n) of finite entries, in memory of the kernels: another tile takes their place."""

    def __init__(self, blocked: Blocked, x: Array, amax: Array) -> None:
        self._of, self._x, self._amax = blocked, x, amax
        self._loops = CutLoops.of(x.dtype, blocked.p)
        self._sigma = blocked.scale(amax)
        self._y = _like(x, "y", x.dtype)
        with np.errstate(over="ignore"):
            scaled_image(x.reshape(1, -1), self._y.reshape(1, -1), self._sigma, blocked.rounding, amax)

    def scores(self, which: int) -> Scores:
        """What ranks the entries: bits of magnitudes, or gains."""
        if which == GAINS:
            size, along = (_like(self._x, name, np.float64) for name in ("size", "along"))
            np.abs(self._x, out=size)
            np.abs(self._y, out=along)
            return saved(size, along, self._of.p, _like(self._x, "gain", np.float64))
        return self.magnitudes if which == SIZES else _bits(self._y, "image bits")

    def cuts(self) -> Ranked:
        """Where each row is cut, which is a group."""
        of, keys = self._of, self.magnitudes
        first, second, third = (
            Cuts.of_rows(self.scores(i), of.keep, keys if of.by_key[i] else None, of.low_index[i], of.dull[i])
            for i in RANKINGS
        )
        return first, second, third

    @property
    def magnitudes(self) -> Scores:
        """The bits of |x_i|: what decides between equal scores."""
        return _bits(self._x, "size bits")

    def survey(self, brackets: list[Bracket]) -> None:
        """Count what lies in the bracket of each ranking."""
        if self._loops is not None:
            self._loops.survey(self._x, self._y, brackets)
            return
        for i, bracket in enumerate(brackets):
            bracket.add(self.scores(i).reshape(-1))

    def partial(self, cuts: Ranked, seen: Seen) -> Partial | None:
        """All that is added up; None at what the pass is not for."""
        x, p = self._x, self._of.p
        masks = self._masks(cuts, seen)
        high = self._high()
        if self._wide and not np.all(power_units(high, p) == 1):
            return None
        power = math.frexp(float(np.maximum.reduce(high)) ** p)[1] + 1
        found = None if self._loops is None else self._loops.sums(x, self._y, masks, power)
        if found is None:
            sums, moved = self._sums(power, masks), self._moved(masks[SIZES], masks[IMAGES])
            counts = np.stack([_count_rows(moved), _count_rows(np.logical_and(moved, masks[SIZES]))], axis=1)
        else:
            sums, counts = found.all, found.counts
        return Partial(
            *sums,
            moved=int(counts[:, 0].sum()),
            swaps=int(counts[:, 1].sum()),
            selected=_count(counts[:, 0]) if self._whole else 0,
            tied=_count(cuts[IMAGES].tied) if self._whole else 0,
            living=self._living(cuts[SIZES], masks[SIZES]),
            pruned=x.size - _count(masks[SIZES]),
            saturated=_count(beyond_range(*self._ends(), self._sigma, self._of.pair.q)),
            flushed=self._flushed(),
        )

    def witnesses(self, cuts: Ranked, seen: Seen) -> tuple[Array, ...]:
        """The entries on which the orders differ, and both their results there."""
        kept, again, _ = self._masks(cuts, seen)
        at = np.flatnonzero(self._moved(kept, again))
        y = self._y.reshape(-1)[at]
        return self._x.reshape(-1)[at], y * kept.reshape(-1)[at], y * again.reshape(-1)[at]

    def _masks(self, cuts: Ranked, seen: Seen) -> Masks:
        first, second, third = masks = tuple(_like(self._x, f"mask {i}", np.bool_) for i in RANKINGS)
        if self._loops is not None and all(one.key is None for one in cuts):
            self._loops.mark(self._x, self._y, cuts, seen, (first, second, third))
            return first, second, third
        for i, (one, mask) in enumerate(zip(cuts, masks, strict=True)):
            one.mark(self.scores(i), None if one.key is None else self.magnitudes, seen[i], mask)
        return first, second, third

    def _moved(self, kept: Mask, again: Mask) -> Mask:
        moved = np.not_equal(kept, again, out=_like(self._x, "moved", np.bool_))
        alive = np.not_equal(self._y, 0, out=_like(self._x, "alive", np.bool_))
        return np.logical_and(moved, alive, out=moved)

    def _high(self) -> Array:
        """The largest magnitude of x and y in every row, or for float32 a bound for all rows."""
        if self._wide:
            ends = (np.maximum.reduce(_bits(a, "ends"), axis=1) for a in (self._x, self._y))
            return np.maximum(*ends).view(self._x.dtype)
        fmt, tops = self._of.pair.q.format, (np.maximum.reduce(a) for a in (self._amax, self._sigma))
        top, sigma = map(float, tops)
        return np.array([max(top, sigma * max(-fmt.min, fmt.max))])

    def _sums(self, power: int, masks: Masks) -> tuple[int, ...]:
        """Of x, s, q, S→Q, Q→S and the optimum; and how many powers may have underflowed. Powers are below 2^power."""
        kept, again, best = masks
        x, p = self._x, self._of.p
        size, error = (_like(x, name, np.float64) for name in ("size", "along"))
        np.abs(x, out=size)
        np.abs(np.subtract(x, self._y, out=error, dtype=np.float64), out=error)
        some = [_count(value) for value in (size, error)] if self._wide else []
        if p == 2:
            for value in (size, error):
                np.multiply(value, value, out=value)
        lost = sum(some) - sum(_count(value >= LOST) for value in (size, error)) if self._wide else 0
        on = np.subtract(0, kept, out=_like(x, "on", np.int64), dtype=np.int64).reshape(-1)
        digits = Digits(size.reshape(-1), power)
        x_sum = digits.sum()
        s = x_sum - digits.sum(on)
        digits = Digits(error.reshape(-1), power)
        q_sum, sq = digits.sum(), s + digits.sum(on)
        qs, gain = (sq + _apart(kept, other, size, error) for other in (again, best))
        return x_sum, s, q_sum, sq, qs, gain, lost

    def _living(self, cuts: Cuts, kept: Mask) -> int:
        """Blocks with a survivor: those whose largest entry is above the cut, and some whose largest is at it."""
        by_row = self._amax.reshape(len(self._x), -1)
        cut = cuts.score[:, None].view(self._amax.dtype)
        at_cut = np.flatnonzero((by_row == cut) & (by_row > 0))
        return _count(by_row > cut) + _count(np.any(kept.reshape(-1, self._of.block)[at_cut], axis=1))

    def _ends(self) -> tuple[Array, Array]:
        """The least and the greatest entry of every block, or what bounds them where Γ = −Γ."""
        fmt = self._of.pair.q.format
        if fmt.min == -fmt.max:
            return -self._amax, self._amax
        rows = self._x.reshape(-1, self._of.block)
        return rows.min(axis=1), rows.max(axis=1)

    def _flushed(self) -> int:
        """Blocks with an entry that is not 0, and an image that is."""
        fmt, amax = self._of.pair.q.format, self._amax
        low = np.logical_and(amax > 0, ~(amax > self._sigma * (max(-fmt.min, fmt.max) / 2)))
        at = np.flatnonzero(low)  # no largest entry of another block is rounded to 0
        return _count(~np.any(self._y.reshape(-1, self._of.block)[at], axis=1))

    @property
    def _whole(self) -> bool:
        """Each row is a group."""
        return self._x.shape[1] == self._of.size

    @property
    def _wide(self) -> bool:
        """p-th powers of numbers of this dtype can leave the range of float64."""
        return self._x.dtype != np.float32


def _apart(kept: Mask, other: Mask, size: Numbers, error: Numbers) -> int:
    """What another choice than ``kept`` adds."""
    at = np.flatnonzero(np.not_equal(kept, other))
    gone, stays, own = (a.reshape(-1)[at] for a in (size, error, kept))
    return total(np.where(own, gone, stays)) - total(np.where(own, stays, gone))


def _bits(x: Array, name: str) -> Scores:
    out: Scores = np.bitwise_and(x.view(INTEGER[x.dtype]), MAGNITUDE[x.dtype], out=_like(x, name, INTEGER[x.dtype]))
    return out


def _like(x: Array, name: str, dtype: DTypeLike) -> NDArray[Any]:
    """Memory of the kernels in the shape of x."""
    return scratch(f"cut {name}", x.size, dtype).reshape(x.shape)


def _count_rows(marks: Mask) -> NDArray[Any]:
    return np.asarray(np.count_nonzero(marks, axis=1))


def _count(values: NDArray[Any]) -> int:
    return int(np.count_nonzero(values))
