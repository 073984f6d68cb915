"""Where a mask moves a scale that looks at signs: the blocks of a tile whose image is another after the mask.

Such a scale depends on the largest magnitude of a block, which survives where any entry does, and on whether some entry
is negative. So it moves only where the mask takes the least entry of a block, and every other negative one.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.kernels.exact import total
from sqtheory.alphabet.kernels.quantization import scaled_image
from sqtheory.alphabet.selection import top
from sqtheory.arrays import Array
from sqtheory.orders.errors import powers
from sqtheory.orders.group_tiles import Groups
from sqtheory.orders.partial import Partial
from sqtheory.orders.shared import Shared


def shifted_in_groups(found: Partial, of: Groups, size: int, block: int, shared: Shared) -> Partial:
    """The partial of a tile of finite numbers, blocks of groups of ``size``, at the scales of S→Q."""
    blocks = shared.x.reshape(-1, block)
    rows = blocks[_suspects(blocks, *shared.ends(block), size, of.keep)]
    kept = top(np.abs(rows).reshape(-1, size), of.keep, low_index=of.pair.s.ties.low_index).reshape(rows.shape)
    return shifted(found, of, rows, np.where(kept, rows, rows.dtype.type(0)))


def shifted(found: Partial, of: Groups, rows: Array, sparse: Array) -> Partial:
    """The same from all blocks (rows, n) whose scale may move, and what the mask leaves of each: some entry."""
    amax, fmt, scaling = np.abs(rows).max(axis=1, initial=0), of.pair.q.format, of.pair.q.scaling
    before, after = (scaling.of_signed_maxima(amax, x.min(axis=1, initial=0), fmt) for x in (rows, sparse))
    at = np.flatnonzero(before != after)
    if not at.size:
        return found
    own, dense = (_lost(of, rows[at], sparse[at], sigma[at]) for sigma in (after, before))
    return replace(found, shifted=at.size, shift=own - dense)


def _suspects(blocks: Array, low: Array, high: Array, size: int, keep: int) -> NDArray[np.intp]:
    """Blocks whose least entry is negative and may go: enough others of its group are as large."""
    some = np.flatnonzero((low < 0) & (-low <= high))  # a least entry above all others in magnitude stays
    blocks, least = blocks[some], low[some]
    at, each = blocks.argmin(axis=1), np.arange(len(blocks))
    group = blocks[each[:, None], (at // size * size)[:, None] + np.arange(size)]
    rivals = np.count_nonzero(np.abs(group) >= -least[:, None], axis=1) - 1
    return np.asarray(some[rivals >= keep])


def _lost(of: Groups, given: Array, sparse: Array, sigma: Array) -> int:
    """Σ |x_i − σ ρ(y_i/σ)|^p of blocks x and what a mask leaves of them."""
    image = np.empty_like(sparse)
    scaled_image(sparse.reshape(-1), image.reshape(-1), sigma, of.rounding, None)
    return total(powers(np.abs(given.astype(np.float64) - image), of.p))
