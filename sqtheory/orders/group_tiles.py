"""A tile of short groups, all inside scale blocks: both masks, both results and what they add up to."""

import math
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sqtheory.alphabet.gains import saved
from sqtheory.alphabet.kernels.exact import Digits, Numbers, total
from sqtheory.alphabet.kernels.maxima import INTEGER, run_maxima
from sqtheory.alphabet.kernels.quantization import Scale, Tile, scaled_image
from sqtheory.alphabet.kernels.ranking import columns, top_columns
from sqtheory.alphabet.kernels.scratch import scratch
from sqtheory.alphabet.norms import power_units
from sqtheory.alphabet.scaling import Numbers as Scales
from sqtheory.arrays import Array, Mask
from sqtheory.orders.counts import beyond_range
from sqtheory.orders.pair import Pair
from sqtheory.orders.partial import LOST, Partial


@final
@dataclass(frozen=True)
class Groups:
    """How groups are compared: the operators and the norm."""

    pair: Pair
    keep: int
    scale: Scale
    rounding: Tile
    p: float

    def tile(self, part: Array, run: int) -> "GroupTile":
        """Groups, the last axis, of which every ``run`` share a scale."""
        return GroupTile(self, part, run)

    @property
    def ranked_by_size(self) -> bool:
        """|x|^p − |x − y|^p never falls where |x| grows: rounding to nearest on Γ = −Γ, products with σ are exact."""
        q = self.pair.q
        return q.rounding.nearest and q.format.odd and q.scaling.values is not Scales.real and self.p in (1, 2)


@final
class GroupTile:
    """Columns (m, groups) of one tile, in memory of the kernels: another tile takes their place."""

    def __init__(self, groups: Groups, part: Array, run: int) -> None:
        self._of, self._run, self._x = groups, run, columns(part, "x")
        x = self._x
        self._sizes = np.abs(x, out=_like(x, "sizes", x.dtype))
        self._largest = np.maximum.reduce(self._sizes, axis=0)
        self._amax = run_maxima(self._largest.view(INTEGER[x.dtype]), run).view(x.dtype).copy()
        self._finite = bool(np.maximum.reduce(self._amax) < np.inf)
        if not self._finite:
            return
        self._sigma = groups.scale(self._amax)
        self._y = _like(x, "y", x.dtype)
        scaled_image(x, self._y, self._sigma, groups.rounding, self._amax)
        self._images = np.abs(self._y, out=_like(x, "images", x.dtype))
        self._kept = self._top(self._sizes, None, "kept")
        self._again = self._top(self._images, None if groups.pair.s.ties.index_only else self._sizes, "again")
        self._alive = np.not_equal(self._y, 0, out=_like(x, "alive", np.bool_))
        self._moved = np.not_equal(self._kept, self._again, out=_like(x, "moved", np.bool_))
        np.logical_and(self._moved, self._alive, out=self._moved)

    def partial(self) -> Partial | None:
        """All that is added up; None at what the pass is not for."""
        if not self._finite:
            return None
        x, q, keep = self._x, self._of.pair.q, self._of.keep
        tops = np.maximum.reduce(self._images, axis=0)
        high = np.maximum(self._largest, tops)
        if self._wide and not np.all(power_units(high, self._of.p) == 1):
            return None
        x_sum, s, on_q, sq, qs, gain, lost = self._sums(float(np.maximum.reduce(high)))
        return Partial(
            *(x_sum, s, on_q, sq, qs, gain, lost),
            moved=_count(self._moved),
            selected=_count(np.logical_or.reduce(self._moved, axis=0)),
            swaps=_count(np.logical_and(self._moved, self._kept)),
            tied=self._tied(),
            living=_count(self._amax),
            pruned=x.size - keep * x.shape[1],
            saturated=_count(beyond_range(*self._ends(), self._sigma, q)),
            flushed=self._flushed(tops),
        )

    def witnesses(self) -> tuple[Array, Array, Array]:
        """The entries on which the orders differ, and both their results there."""
        at = np.flatnonzero(self._moved)
        y = self._y.reshape(-1)[at]
        return self._x.reshape(-1)[at], y * self._kept.reshape(-1)[at], y * self._again.reshape(-1)[at]

    def _sums(self, high: float) -> tuple[int, int, int, int, int, int, int]:
        """Of x, s, q, S→Q, Q→S and the optimum; and how many powers may have underflowed.

        y_i is 0 or has the sign of x_i, so the error is the difference of their magnitudes.
        """
        x, p = self._x, self._of.p
        size, along = (_like(x, name, np.float64) for name in ("size", "along"))
        np.copyto(size, self._sizes)
        np.copyto(along, self._images)
        best: Mask = self._kept if self._of.ranked_by_size else self._best(size, along)
        error = np.subtract(size, along, out=along)
        some = [_count(value) for value in (size, error)] if self._wide else []
        size, error = _powers(size, p), _powers(error, p)
        lost = sum(some) - sum(_count(value >= LOST) for value in (size, error)) if self._wide else 0
        power = math.frexp(high**p)[1] + 1
        on = np.subtract(0, self._kept, out=_like(x, "on", np.int64), dtype=np.int64)
        digits = Digits(size.reshape(-1), power)
        x_sum = digits.sum()
        s = x_sum - digits.sum(on.reshape(-1))
        digits = Digits(error.reshape(-1), power)
        q_sum, sq = digits.sum(), s + digits.sum(on.reshape(-1))
        qs = sq + self._apart(self._moved, size, error)
        differ = np.logical_and(np.not_equal(self._kept, best), self._alive)
        return x_sum, s, q_sum, sq, qs, sq + self._apart(differ, size, error), lost

    def _apart(self, differ: Mask, size: Numbers, error: Numbers) -> int:
        """What another choice than ``kept`` adds, on the entries where it differs."""
        at = np.flatnonzero(differ)
        gone, stays, own = (a.reshape(-1)[at] for a in (size, error, self._kept))
        return total(np.where(own, gone, stays)) - total(np.where(own, stays, gone))

    def _best(self, size: Numbers, along: Numbers) -> Mask:
        """The choice of largest total gain."""
        gain = saved(size, along, self._of.p, _like(self._x, "gain", np.float64))
        return top_columns(gain, self._of.keep, self._sizes, True, _like(self._x, "best", np.bool_))

    def _top(self, scores: Array, keys: Array | None, name: str) -> Mask:
        low = self._of.pair.s.ties.low_index
        return top_columns(scores, self._of.keep, keys, low, _like(self._x, name, np.bool_))

    def _tied(self) -> int:
        """Groups in which some image stays that is no larger than one that goes, so a tie rule decides."""
        inf = self._x.dtype.type(np.inf)
        least = np.minimum.reduce(np.where(self._again, self._images, inf), axis=0)
        most = np.maximum.reduce(np.where(self._again, -inf, self._images), axis=0)
        return _count(least == most)

    def _ends(self) -> tuple[Array, Array]:
        """The least and the greatest entry of every block, or what bounds them where Γ = −Γ."""
        fmt = self._of.pair.q.format
        if fmt.min == -fmt.max:
            return -self._amax, self._amax
        by_run = self._x.reshape(len(self._x), -1, self._run)
        return by_run.min(axis=(0, 2)), by_run.max(axis=(0, 2))

    def _flushed(self, tops: Array) -> int:
        """Blocks with an entry that is not 0, and an image that is; ``tops``: the largest image of every group."""
        fmt, amax = self._of.pair.q.format, self._amax
        low = np.logical_and(amax > 0, ~(amax > self._sigma * (max(-fmt.min, fmt.max) / 2)))
        if not low.any():  # no largest entry of a block is rounded to 0
            return 0
        return _count(low & (run_maxima(tops.view(INTEGER[tops.dtype]), self._run).view(tops.dtype) == 0))

    @property
    def _wide(self) -> bool:
        """p-th powers of numbers of this dtype can leave the range of float64."""
        return self._x.dtype != np.float32 or self._of.p > 2.5


def _powers(value: Numbers, p: float) -> Numbers:
    """|v_i|^p in place of v_i."""
    if p == 2:
        return np.multiply(value, value, out=value)
    np.abs(value, out=value)
    return value if p == 1 else np.power(value, p, out=value)


def _like(x: Array, name: str, dtype: DTypeLike) -> NDArray[Any]:
    """Memory of the kernels in the shape of x."""
    return scratch(name, x.size, dtype).reshape(x.shape)


def _count(values: NDArray[Any]) -> int:
    return int(np.count_nonzero(values))
