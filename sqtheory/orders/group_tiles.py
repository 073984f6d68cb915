"""A tile of short groups, all inside scale blocks: both masks, both results and what they add up to."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sqtheory.alphabet.kernels.maxima import INTEGER, run_maxima
from sqtheory.alphabet.kernels.quantization import Scale, Tile, scaled_image
from sqtheory.alphabet.kernels.ranking import columns, tied_columns, top_columns
from sqtheory.alphabet.kernels.scratch import scratch
from sqtheory.alphabet.norms import power_units
from sqtheory.alphabet.scaling import Numbers as Scales
from sqtheory.alphabet.traits import ODD
from sqtheory.arrays import Array, Mask
from sqtheory.orders.counts import beyond_range
from sqtheory.orders.group_sums import FRACTION, Entries, out_of_range
from sqtheory.orders.pair import Pair
from sqtheory.orders.partial import Partial
from sqtheory.orders.shared import Shared


@final
@dataclass(frozen=True)
class Groups:
    """How groups are compared: the operators and the norm."""

    pair: Pair
    keep: int
    scale: Scale | None
    """From maxima; None where signs count too."""
    rounding: Tile
    p: float

    def tile(self, shared: Shared, m: int, run: int) -> "GroupTile":
        """Groups of m entries, of which every ``run`` share a scale."""
        return GroupTile(self, shared.x.reshape(*shared.x.shape[:-1], -1, m), run)

    def scales(self, amax: Array, least: Callable[[], Array]) -> Array:
        """σ of blocks with these maxima and least entries."""
        q = self.pair.q
        return self.scale(amax) if self.scale else q.scaling.of_signed_maxima(amax, least(), q.format)

    @cached_property
    def odd(self) -> bool:
        """|q(x)| = q(|x|)."""
        return ODD in self.pair.q.traits

    @cached_property
    def ranked_by_size(self) -> bool:
        """|x|^p − |x − y|^p never falls where |x| grows: rounding to nearest on Γ = −Γ, products with σ are exact."""
        q = self.pair.q
        return q.rounding.nearest and q.format.odd and self._dyadic and self.p in (1, 2)

    def unit(self, sigma: Array) -> int:
        """u such that products of σ ≥ 0 in float32 and of Γ are multiples of 2^u, if u is no less than −149."""
        living = sigma[sigma > 0]
        exponent = math.frexp(float(np.minimum.reduce(living)) * self._least)[1] - 1 if living.size else 0
        return exponent if self._whole else exponent - 1 - FRACTION

    @property
    def short(self) -> bool:
        """Products of σ and of Γ have at most 20 bits, and 0 is no nearer to x_i than q(x)_i."""
        q = self.pair.q
        return self._whole and q.rounding.nearest and max(-q.format.min, q.format.max) < self._least * 2**20

    @cached_property
    def _dyadic(self) -> bool:
        """Every σ is a power of two or 0."""
        return self.pair.q.scaling.values is not Scales.real

    @cached_property
    def _least(self) -> float:
        """The least magnitude in Γ but 0."""
        levels = np.abs(self.pair.q.format.values)
        return float(np.min(levels[levels > 0]))

    @cached_property
    def _whole(self) -> bool:
        """Every product of σ and of Γ is a whole number of products of σ and of the least."""
        ratios = self.pair.q.format.values / self._least
        return self._dyadic and math.frexp(self._least)[0] == 0.5 and bool(np.all(ratios == np.rint(ratios)))


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
        self._sigma = groups.scales(self._amax, lambda: x.reshape(len(x), -1, run).min(axis=(0, 2)))
        self._images = _like(x, "images", x.dtype)
        scaled_image(self._sizes if groups.odd else x, self._images, self._sigma, groups.rounding, self._amax)
        if not groups.odd:
            np.abs(self._images, out=self._images)
        self._kept = self._top(self._sizes, None, "kept")
        self._again = self._top(self._images, None if groups.pair.s.ties.index_only else self._sizes, "again")
        self._tied = tied_columns(self._images, groups.keep)
        alive = np.not_equal(self._images, 0, out=_like(x, "alive", np.bool_))
        self._moved = np.not_equal(self._kept, self._again, out=_like(x, "moved", np.bool_))
        np.logical_and(self._moved, alive, out=self._moved)

    def partial(self) -> Partial | None:
        """All that is added up; None at what the pass is not for."""
        if not self._finite:
            return None
        x, q, keep = self._x, self._of.pair.q, self._of.keep
        tops = np.maximum.reduce(self._images, axis=0)
        high = np.maximum(self._largest, tops)
        if out_of_range(x.dtype, self._of.p) and not np.all(power_units(high, self._of.p) == 1):
            return None
        x_sum, s, on_q, sq, qs, gain, lost = self._sums(float(np.maximum.reduce(high)))
        return Partial(
            *(x_sum, s, on_q, sq, qs, gain, lost),
            moved=_count(self._moved),
            selected=_count(np.logical_or.reduce(self._moved, axis=0)),
            swaps=_count(np.logical_and(self._moved, self._kept)),
            tied=self._tied,
            living=_count(self._amax),
            pruned=x.size - keep * x.shape[1],
            saturated=_count(beyond_range(*self._ends(), (self._sigma,), q)),
            flushed=self._flushed(tops),
        )

    def witnesses(self) -> tuple[Array, Array, Array]:
        """The entries on which the orders differ, and both their results there."""
        at = np.flatnonzero(self._moved)
        x: Array = self._x.reshape(-1)[at]
        y: Array = np.copysign(self._images.reshape(-1)[at], x)
        return x, y * self._kept.reshape(-1)[at], y * self._again.reshape(-1)[at]

    def _sums(self, high: float) -> tuple[int, int, int, int, int, int, int]:
        """Of x, s, q, S→Q, Q→S and the optimum; and how many powers may have underflowed.

        Where y_i = 0 no choice makes a difference, so only the entries that moved need to be asked about.
        """
        of, kept = self._of, self._kept
        entries = Entries(
            *(self._sizes.reshape(-1), self._images.reshape(-1), high, of.p, of.unit(self._sigma), of.short)
        )
        again = self._again if self._moved.any() else kept
        best = kept if of.ranked_by_size else self._best(entries)
        best = kept if np.array_equal(best, kept) else best
        others = [mask for mask in (again, best) if mask is not kept]
        found = entries.sums(kept, *others)
        (x, x_kept), (all_saved, by_kept, *more) = found.powers, found.gains
        sums = {id(kept): x - by_kept}
        sums |= {id(mask): x - by_kept - further for mask, further in zip(others, more, strict=True)}
        return x, x - x_kept, x - all_saved, sums[id(kept)], sums[id(again)], sums[id(best)], found.lost

    def _best(self, entries: Entries) -> Mask:
        """The choice of largest total gain."""
        gain = entries.gains().reshape(self._x.shape)
        return top_columns(gain, self._of.keep, self._sizes, True, _like(self._x, "best", np.bool_))

    def _top(self, scores: Array, keys: Array | None, name: str) -> Mask:
        low = self._of.pair.s.ties.low_index
        return top_columns(scores, self._of.keep, keys, low, _like(self._x, name, np.bool_))

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


def _like(x: Array, name: str, dtype: DTypeLike) -> NDArray[Any]:
    """Memory of the kernels in the shape of x."""
    return scratch(name, x.size, dtype).reshape(x.shape)


def _count(values: NDArray[Any]) -> int:
    return int(np.count_nonzero(values))
