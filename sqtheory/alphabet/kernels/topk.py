"""The k largest of one long run without sorting it: a bracket from a sample, one pass to count, one to mark."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.kernels.engine import compiled
from sqtheory.alphabet.kernels.maxima import INFINITE, INTEGER, MAGNITUDE
from sqtheory.alphabet.kernels.scratch import per_tile, scratch
from sqtheory.arrays import Array, Mask

SAMPLE = 1 << 16
"""At most so many entries are sorted to find where the cut lies."""
SHARE = 64
"""At most one entry in so many is sampled."""
DEVIATIONS = 3.0
"""Half the width of the bracket around the cut, in standard deviations of a quantile of the sample."""


CROWDED = 16
"""Entries of the bracket are remembered while they are less than one in so many."""
ROOM = 8
"""The same in machine code, where they cost less."""


@final
@dataclass
class _Bracket:
    """What one pass over magnitudes finds between two numbers: counts, and the entries themselves while few."""

    low: float
    high: float
    beyond: int = 0
    at_low: int = 0
    at_high: int = 0
    between: list[Array] = field(default_factory=list)
    spots: list[tuple[NDArray[np.int64], Array]] | None = field(default_factory=list)
    """Places and magnitudes of all entries from low to high; None where they are too many."""

    def cut(self, wanted: int) -> float | None:
        """The magnitude that is so many below the largest; None if it is outside."""
        between = np.concatenate([*self.between, np.empty(0, np.float32)])
        if 0 < wanted - self.beyond <= self.at_high:
            return self.high
        place = self.beyond + self.at_high + between.size - wanted
        if 0 <= place < between.size:
            return float(np.partition(between, place)[place])
        return self.low if 0 < -place <= self.at_low else None


def largest_of_run(x: Array, out: Mask, k: int, key: Array | None, low_index: bool) -> bool:
    """Mark in ``out`` the k entries of largest magnitude of a vector, 0 < k ≤ its length.

    Among equal magnitudes the larger key wins, then the lower index, or the higher. False if x holds NaN or
    infinity, where ``out`` is spoiled.
    """
    sample, deviations, above, cut = _sample(x), DEVIATIONS, 1 - k / x.size, None
    while cut is None:
        spread = deviations * math.sqrt(above * (1 - above) / sample.size) + 1 / sample.size
        bracket = _Bracket(_quantile(sample, above - spread), _quantile(sample, above + spread))
        settled = _by_loops(x, out, k, bracket, key, low_index)
        if settled is not None:
            return settled
        if not _mark_beyond(x, out, bracket):
            return False
        cut = bracket.cut(k)
        deviations *= 8  # where the bracket missed the cut
    spots = bracket.spots
    if spots is None:
        spots = []
        for start, sizes in _magnitudes(x):
            np.greater(sizes, cut, out=out[start : start + sizes.size])
            ties = np.flatnonzero(sizes == cut)
            spots.append((start + ties, sizes[ties]))
    for at, sizes in spots:
        out[at[sizes > cut]] = True
    tied = np.concatenate([at[sizes == cut] for at, sizes in spots])
    missing = k - int(np.count_nonzero(out))
    _keep_tied(out, tied, missing, key, low_index)
    return True


def _keep_tied(out: Mask, tied: NDArray[np.int64], missing: int, key: Array | None, low_index: bool) -> None:
    """Mark so many of the entries at the cut, whose places ascend."""
    if not low_index:
        tied = tied[::-1]
    if key is not None and missing < tied.size:
        tied = tied[np.argsort(-key[tied], kind="stable")]
    out[tied[:missing]] = True


def _by_loops(x: Array, out: Mask, k: int, bracket: _Bracket, key: Array | None, low_index: bool) -> bool | None:
    """The same in machine code; None where that is not, and where the bracket is crowded or misses the cut."""
    loops = compiled(x.size) if x.flags.c_contiguous and out.flags.c_contiguous and bracket.high < np.inf else None
    if loops is None:
        return None
    real, kind = x.dtype, INTEGER[x.dtype].type
    low, high = (kind(real.type(end).view(kind)) for end in (bracket.low, bracket.high))
    room = x.size // ROOM
    places, sizes = scratch("places", room, np.int64), scratch("sizes", room, kind)
    beyond, noted, top = loops.MASKS.BEYOND[real](x.view(kind), kind(MAGNITUDE[real]), low, high, out, places, sizes)
    if not top < INFINITE[real]:
        return False
    if not 0 < k - beyond <= noted:
        return None
    places, sizes = places[:noted], sizes[:noted]
    cut = np.partition(sizes, noted - (k - beyond))[noted - (k - beyond)]
    above, at_cut = loops.MASKS.SETTLE[real](places, sizes, cut, out)
    _keep_tied(out, places[:at_cut], k - beyond - above, key, low_index)
    return True


def _mark_beyond(x: Array, out: Mask, bracket: _Bracket) -> bool:
    """Mark what is above a bracket and collect what is in it; False at the first NaN or infinity."""
    room = x.size // CROWDED
    for start, sizes in _magnitudes(x):
        if not np.maximum.reduce(sizes) < np.inf:
            return False
        over = np.greater(sizes, bracket.high, out=out[start : start + sizes.size])
        inside = np.greater_equal(sizes, bracket.low, out=scratch("inside", sizes.size, np.bool_))
        at = np.flatnonzero(np.not_equal(inside, over, out=inside))
        found = sizes[at]
        bracket.beyond += int(np.count_nonzero(over))
        bracket.at_high += int(np.count_nonzero(found == bracket.high))
        bracket.at_low += int(np.count_nonzero((found == bracket.low) & (found < bracket.high)))
        bracket.between.append(found[(found > bracket.low) & (found < bracket.high)])
        room -= at.size
        if room < 0:
            bracket.spots = None
        if bracket.spots is not None:
            bracket.spots.append((start + at, found))
    return True


def _sample(x: Array) -> Array:
    """Magnitudes of x at evenly spread places that follow no short period, ascending; NaN last."""
    step = max(SHARE, -(-x.size // SAMPLE))
    start = np.arange(0, max(x.size - step, 0) + 1, step)
    return np.sort(np.abs(x[start + (start // step * 7919) % min(step, x.size)]))


def _quantile(sample: Array, share: float) -> float:
    """The number that a share of an ascending sample lies below; 0 and ∞ beyond its ends."""
    return 0.0 if share <= 0 else math.inf if share >= 1 else float(sample[int(share * sample.size)])


def _magnitudes(x: Array) -> Iterator[tuple[int, Array]]:
    """Where each tile of a vector starts, and its magnitudes in memory of the kernels."""
    step = per_tile(x)
    for start in range(0, x.size, step):
        part = x[start : start + step]
        yield start, np.abs(part, out=scratch("magnitudes", part.size, x.dtype))
