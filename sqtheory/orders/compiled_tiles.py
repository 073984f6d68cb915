"""A tile of short groups in machine code: what ``group_tiles`` adds up, to the last bit, without its columns."""

from typing import Any, final

import numpy as np

from sqtheory.alphabet.kernels.engine import compiled
from sqtheory.alphabet.kernels.quantization import scaled_image
from sqtheory.alphabet.kernels.rounders import loop_rounding
from sqtheory.alphabet.kernels.scratch import scratch
from sqtheory.arrays import Array
from sqtheory.orders.counts import beyond_range
from sqtheory.orders.group_tiles import Groups
from sqtheory.orders.partial import Partial
from sqtheory.orders.shared import Shared
from sqtheory.orders.strip_sums import strip_sums


@final
class CompiledGroups:
    """How groups are compared by compiled loops."""

    def __init__(self, groups: Groups, loops: Any, rounding: Any) -> None:
        self.groups, self.loops, self.rounding = groups, loops, rounding
        ties = groups.pair.s.ties
        self.ties: tuple[int, ...] = (1, 1) if not ties.index_only else () if ties.low_index else (1,)

    @classmethod
    def of(cls, groups: Groups, m: int, dtype: np.dtype[Any], entries: int) -> "CompiledGroups | None":
        """None where numpy must do it: no compiled engine, few entries, other dtypes, lengths, norms or roundings."""
        loops, q = compiled(entries), groups.pair.q
        if loops is None or dtype != np.float32 or m not in loops.GROUPS.LENGTHS or groups.p not in (1, 2):
            return None
        rounding = loop_rounding(q.format, q.rounding, q.saturate)
        return None if rounding is None else cls(groups, loops.GROUPS, rounding)

    def tile(self, shared: Shared, m: int, run: int) -> "CompiledTile":
        """Groups of m entries, of which every ``run`` share a scale."""
        return CompiledTile(self, shared, m, run)


@final
class CompiledTile:
    """One tile; what the loops are not for goes to numpy."""

    def __init__(self, of: CompiledGroups, shared: Shared, m: int, run: int) -> None:
        self._of, self._shared, self._m, self._run = of, shared, m, run

    def witnesses(self) -> tuple[Array, Array, Array]:
        """The entries on which the orders differ, and both their results there."""
        return self._of.groups.tile(self._shared, self._m, self._run).witnesses()

    def partial(self) -> Partial | None:
        """All that is added up; None at NaN or infinity."""
        of, m, x = self._of.groups, self._m, self._shared.x.reshape(-1)
        amax = self._shared.amax(self._run * m)
        if not np.maximum.reduce(amax) < np.inf:
            return None
        sigma = of.scales(amax, lambda: self._shared.ends(self._run * m)[0])
        if np.maximum.reduce(sigma) > of.rounding.safe:
            return of.tile(self._shared, m, self._run).partial()
        sums, (tied, selected, moved, swaps) = self._added(x, np.where(sigma == 0, np.float32(1), sigma), m)
        x_sum, s, on_q, sq, qs, gain = sums
        return Partial(
            *(x_sum, s, on_q, sq, qs, gain),
            moved=moved,
            selected=selected,
            swaps=swaps,
            tied=tied,
            living=int(np.count_nonzero(amax)),
            pruned=x.size - of.keep * (x.size // m),
            saturated=self._saturated(x, amax, sigma),
            flushed=self._flushed(x, amax, sigma),
        )

    def _added(self, x: Array, divisor: Array, m: int) -> tuple[tuple[int, int, int, int, int, int], list[int]]:
        """The sums of x, s, q, S→Q, Q→S and the optimum, and the counts of the strips."""
        of, loops = self._of.groups, self._of.loops
        known = of.pair.s, of.p
        width = loops.STRIP // m
        strips = -(-x.size // (width * m))
        powers, totals = scratch("powers", strips, np.int64), scratch("totals", 2 * loops.TOTALS * strips, np.int64)
        totals, counts = totals.reshape(strips, -1), np.zeros(loops.COUNTS, np.int64)
        dust = loops.Dust(*(scratch(f"dust {at}", x.size, kind) for at, kind in enumerate(("f4", "f4", "u1"))))
        columns = (
            scratch(f"column {at}", width * m, kind).reshape(m, -1) for at, kind in enumerate(("f4", "f4", "f8"))
        )
        each = (scratch(f"each {at}", width, kind) for at, kind in enumerate(("f4", "i4", "i4", "i4", "i4")))
        found = loops.tile(
            *(x, divisor, self._run, of.keep, tuple(range(m)), self._of.ties, (1,) if of.p == 2 else ()),
            *(self._of.rounding, of.ranked_by_size, known in self._shared.sides, loops.Workspace(*columns, *each)),
            *(powers, totals, counts, dust),
        )
        *sides, q, sq, qs, gain = strip_sums(powers, totals, of.p, [part[:found] for part in dust])
        whole, s = self._shared.sides.setdefault(known, (sides[0], sides[1]))
        return (whole, s, whole + q, whole + sq, whole + qs, whole + gain), counts.tolist()

    def _saturated(self, x: Array, amax: Array, sigma: Array) -> int:
        q = self._of.groups.pair.q
        beyond = beyond_range(-amax, amax, (sigma,), q)
        if q.format.min != -q.format.max and beyond.any():
            beyond = beyond_range(*self._shared.ends(x.size // amax.size), (sigma,), q)
        return int(np.count_nonzero(beyond))

    def _flushed(self, x: Array, amax: Array, sigma: Array) -> int:
        """Blocks with an entry that is not 0, and an image that is."""
        fmt = self._of.groups.pair.q.format
        low = np.flatnonzero((amax > 0) & ~(amax > sigma * (max(-fmt.min, fmt.max) / 2)))
        if not low.size:  # no largest entry of a block is rounded to 0
            return 0
        blocks = x.reshape(amax.size, -1)[low]
        images = np.empty_like(blocks)
        scaled_image(blocks.reshape(-1), images.reshape(-1), sigma[low], self._of.groups.rounding, None)
        return int(np.count_nonzero(~images.any(axis=1)))
