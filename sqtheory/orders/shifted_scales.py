"""Where a mask moves a scale that looks at signs: the blocks of a tile whose image is another after the mask."""

from dataclasses import replace
from typing import final

import numpy as np

from sqtheory.alphabet.kernels.exact import total
from sqtheory.alphabet.kernels.quantization import scaled_image
from sqtheory.alphabet.selection import top
from sqtheory.arrays import Array
from sqtheory.orders.errors import powers
from sqtheory.orders.group_tiles import Groups
from sqtheory.orders.partial import Partial


@final
class ShiftedScales:
    """What S→Q adds up to in blocks of short groups beyond what it would at the scales of x.

    A scale by the ends of a block moves only where the mask takes its least entry and that entry is negative: the
    largest magnitude survives.
    """

    def __init__(self, groups: Groups, size: int) -> None:
        self._of, self._size = groups, size

    def corrected(self, found: Partial, blocks: Array) -> Partial:
        """The partial of a tile whose scale blocks are these rows, of finite numbers."""
        at = self._suspects(blocks)
        rows = blocks[at]
        if not at.size:
            return found
        q = self._of.pair.q
        masked = np.where(self._kept(rows), rows, rows.dtype.type(0))
        before, after = (q.scaling.of_ends(x.min(axis=1), x.max(axis=1), q.format) for x in (rows, masked))
        moved = np.flatnonzero(before != after)
        given, sparse = rows[moved], masked[moved]
        dense, own = (self._image(sparse, sigma[moved]) for sigma in (before, after))
        more = self._power(given - own.astype(np.float64)) - self._power(given - dense.astype(np.float64))
        return replace(found, sq=found.sq + more, shifted=moved.size)

    def _suspects(self, blocks: Array) -> np.ndarray:
        """Rows whose least entry is negative and may be pruned: in its group there are others as large, enough."""
        at = blocks.argmin(axis=1)
        each = np.arange(len(blocks))
        least = blocks[each, at]
        start = at // self._size * self._size
        group = np.abs(blocks[each[:, None], start[:, None] + np.arange(self._size)])
        rivals = np.count_nonzero(group >= -least[:, None], axis=1) - 1
        return np.flatnonzero((least < 0) & (rivals >= self._of.keep))

    def _kept(self, rows: Array) -> np.ndarray:
        groups = np.abs(rows).reshape(-1, self._size)
        return top(groups, self._of.keep, None, low_index=self._of.pair.s.ties.low_index).reshape(rows.shape)

    def _image(self, rows: Array, sigma: Array) -> Array:
        out = np.empty_like(rows)
        scaled_image(rows.reshape(-1), out.reshape(-1), sigma, self._of.rounding, None)
        return out

    def _power(self, errors: Array) -> int:
        return total(powers(np.abs(errors), self._of.p))
