"""The k largest of one long run without sorting it: a bracket from a sample, one pass to count, one to mark."""

import math
from collections.abc import Iterator

import numpy as np

from sqtheory.arrays import Array, Mask
from sqtheory.kernels.scratch import per_tile, scratch

SAMPLE = 1 << 15
"""At most so many entries are sorted to find where the cut lies."""
SHARE = 64
"""At most one entry in so many is sampled."""
DEVIATIONS = 4.0
"""Half the width of the bracket around the cut, in standard deviations of a quantile of the sample."""


def largest_of_run(x: Array, out: Mask, k: int, key: Array | None, low_index: bool) -> bool:
    """Mark in ``out`` the k entries of largest magnitude of a vector, 0 < k ≤ its length.

    Among equal magnitudes the larger key wins, then the lower index, or the higher. False if x holds NaN or
    infinity, where ``out`` is spoiled.
    """
    cut = kth_magnitude(x, k)
    if cut is None:
        return False
    kept = 0
    for start, sizes in _magnitudes(x):
        kept += int(np.count_nonzero(np.greater_equal(sizes, cut, out=out[start : start + sizes.size])))
    if kept > k:
        _drop_ties(x, out, cut, kept - k, key, low_index)
    return True


def kth_magnitude(x: Array, k: int) -> float | None:
    """The k-th largest |x_i| of a vector, 0 < k ≤ its length; None if an entry is NaN or infinite."""
    sample, deviations, above = _sample(x), DEVIATIONS, 1 - k / x.size
    while True:
        spread = deviations * math.sqrt(above * (1 - above) / sample.size) + 1 / sample.size
        low, high = _quantile(sample, above - spread), _quantile(sample, above + spread)
        beyond, at_high, at_low, inside = 0, 0, 0, [sample[:0]]
        for _, sizes in _magnitudes(x):
            if not np.maximum.reduce(sizes) < np.inf:
                return None
            over = np.greater(sizes, high, out=scratch("over", sizes.size, np.bool_))
            from_low = np.greater_equal(sizes, low, out=scratch("from_low", sizes.size, np.bool_))
            beyond += int(np.count_nonzero(over))
            found = sizes[np.flatnonzero(np.not_equal(over, from_low, out=from_low))]
            at_high += int(np.count_nonzero(found == high))
            at_low += int(np.count_nonzero(found == low))
            inside.append(found[(found > low) & (found < high)])
        between, wanted = np.concatenate(inside), k - beyond
        if 0 < wanted <= at_high:
            return high
        if at_high < wanted <= at_high + between.size:
            place = at_high + between.size - wanted
            return float(np.partition(between, place)[place])
        if at_high + between.size < wanted <= at_high + between.size + at_low:
            return low
        deviations *= 8  # the bracket missed the cut


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


def _drop_ties(x: Array, out: Mask, cut: float, surplus: int, key: Array | None, low_index: bool) -> None:
    """Unmark the last ``surplus`` of the entries of this magnitude in the order of key and index."""
    ties = [start + np.flatnonzero(sizes == cut) for start, sizes in _magnitudes(x)]
    tied = np.concatenate(ties if low_index else [t[::-1] for t in reversed(ties)])
    if key is not None:
        tied = tied[np.argsort(-key[tied], kind="stable")]
    out[tied[tied.size - surplus :]] = False
