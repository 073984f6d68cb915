"""How many entries to keep, and the k of largest score in every row, exact under ties, without a full sort."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from math import sqrt
from numbers import Integral
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sqtheory.arrays import PIECE, Array, Mask
from sqtheory.exceptions import real

Amount: TypeAlias = int | Fraction
"""A number of entries, or a share in (0, 1] of them."""
Key: TypeAlias = Callable[[NDArray[np.intp]], Array]
"""The keys of entries by their indices."""
LONG = 1 << 20
"""From this length on a sample of one row tells where its cut lies."""
SAMPLE = 1 << 15
"""About so many scores of a long row are sorted first."""
NETWORK_LIMIT = 16
"""Rows up to this long are ranked by comparing all pairs; longer ones by partitioning."""


def top(scores: Array, k: int, key: Array | None = None, *, low_index: bool = True) -> Mask:
    """The mask of the k largest of every row of ``scores`` (rows, m) in the order (score, key, index).

    Exactly k entries of every row are True for 0 ≤ k ≤ m. Among equal scores the larger ``key`` wins;
    among equal keys the lower index, or the higher if ``low_index`` is False.
    """
    m = scores.shape[1]
    if k <= 0 or k >= m:
        return np.full(scores.shape, k >= m)
    if not low_index:
        flipped = None if key is None else key[:, ::-1]
        return top(scores[:, ::-1], k, flipped)[:, ::-1]
    return _by_pairs(scores, k, key) if m <= NETWORK_LIMIT else _by_cut(scores, k, key)


def _by_pairs(scores: Array, k: int, key: Array | None) -> Mask:
    """Rank every entry by the number of entries that beat it: m(m−1)/2 comparisons of whole columns."""
    columns = np.ascontiguousarray(scores.T)
    keys = None if key is None else np.ascontiguousarray(key.T)
    m, n = columns.shape
    losses = np.zeros((m, n), np.uint8)
    for i in range(m):
        for j in range(i + 1, m):
            if keys is None:
                beats = columns[i] >= columns[j]
            else:
                beats = (columns[i] > columns[j]) | ((columns[i] == columns[j]) & (keys[i] >= keys[j]))
            losses[j] += beats
            losses[i] += ~beats
    return np.ascontiguousarray((losses < k).T)


def _by_cut(scores: Array, k: int, key: Array | None) -> Mask:
    """Find the k-th largest score of every row by partitioning; sort only the entries that tie with it."""
    m = scores.shape[1]
    if len(scores) == 1 and m >= LONG:
        return top_of(lambda part: scores[0, part], m, k, None if key is None else lambda at: key[0, at])[None]
    cut = np.partition(scores, m - k, axis=1)[:, m - k, None]
    kept = scores > cut
    tied = scores == cut
    wanted = k - np.count_nonzero(kept, axis=1)
    simple = wanted == np.count_nonzero(tied, axis=1)
    kept[simple] |= tied[simple]
    for row in np.flatnonzero(~simple):
        candidates: NDArray[np.intp] = np.flatnonzero(tied[row])
        if key is not None:
            candidates = candidates[np.argsort(-key[row, candidates], kind="stable")]
        kept[row, candidates[: wanted[row]]] = True
    return kept


def top_of(pieces: Callable[[slice], Array], size: int, k: int, key: Key | None) -> Mask:
    """``top`` for one row of so many finite scores that are made piece by piece, 0 < k < size; low indices win."""
    cut = kth_largest(pieces, size, k)
    kept, places = np.empty(size, np.bool_), []
    for part in _parts(size):
        scores = pieces(part)
        np.greater(scores, cut, out=kept[part])
        places.append(part.start + np.flatnonzero(scores == cut))
    candidates, wanted = np.concatenate(places), k - int(np.count_nonzero(kept))
    if key is not None and wanted < candidates.size:
        candidates = candidates[np.argsort(-key(candidates), kind="stable")]
    kept[candidates[:wanted]] = True
    return kept


def kth_largest(pieces: Callable[[slice], Array], size: int, k: int) -> float:
    """The k-th largest of so many finite numbers that are made piece by piece, 1 ≤ k ≤ size.

    A sample says between which numbers it should lie; those there are partitioned, and if it does not, more.
    """
    step = max(1, size // SAMPLE)
    sample = np.sort(np.concatenate([pieces(part)[::step].copy() for part in _parts(size)]))
    share, deviations = 1 - k / size, 4.0
    while True:
        spread = (deviations * sqrt(share * (1 - share) / sample.size) + 2 / sample.size) * sample.size
        low, high = int(share * sample.size - spread), int(share * sample.size + spread)
        least = sample[low] if low >= 0 else -np.inf
        most = sample[high] if high < sample.size else np.inf
        beyond, between = 0, []
        for part in _parts(size):
            values = pieces(part)
            beyond += int(np.count_nonzero(values > most))
            between.append(values[(values >= least) & (values <= most)])
        inside = np.concatenate(between)
        place = inside.size - (k - beyond)
        if 0 <= place < inside.size:
            return float(np.partition(inside, place)[place])
        deviations *= 8


def _parts(size: int) -> Iterator[slice]:
    return (slice(at, min(at + PIECE, size)) for at in range(0, size, PIECE))


def tied_at_cut(scores: Array, k: int) -> Mask:
    """For every row: whether the k-th and the (k+1)-th largest scores are equal, so that a tie rule decides."""
    m = scores.shape[1]
    if k <= 0 or k >= m:
        return np.zeros(scores.shape[0], bool)
    if len(scores) == 1 and m >= LONG:
        cut = kth_largest(lambda part: scores[0, part], m, k)
        return np.array([np.count_nonzero(scores >= cut) > k])
    ordered = np.partition(scores, (m - k - 1, m - k), axis=1)
    return np.asarray(ordered[:, m - k - 1] == ordered[:, m - k])


def best_between(benefit: Array, key: Array, one: Mask, other: Mask) -> Mask:
    """In every row as many as one mask keeps, as the other, or between: those of largest benefit, then key, then index.

    More than the fewer of both are kept only of entries with a positive benefit.
    """
    counts = np.sort([np.count_nonzero(mask, axis=1) for mask in (one, other)], axis=0)
    bounds, which = np.unique(counts, axis=1, return_inverse=True)
    kept = np.zeros(benefit.shape, np.bool_)
    for i, (least, most) in enumerate(bounds.T.tolist()):
        rows = which.reshape(-1) == i
        some, more = (top(benefit[rows], k, key[rows]) for k in (least, most))
        kept[rows] = some | (more & (benefit[rows] > 0))
    return kept


def as_fraction(value: float | Fraction) -> Fraction:
    """The decimal a number is written as, exactly: 0.1 is 1/10. Raises ValueError or TypeError for no finite number."""
    if isinstance(value, Fraction):
        return value
    if not np.isfinite(real(value, "a share of entries to keep")):
        raise ValueError(f"a fraction to keep lies in (0, 1], got {value}")
    return Fraction(str(value))


def checked_amount(keep: Amount) -> Amount:
    """A number of at least 1 (any integer type) as an int, or a share in (0, 1]; TypeError or ValueError otherwise."""
    if isinstance(keep, Fraction):
        if not 0 < keep <= 1:
            raise ValueError(f"a fraction to keep lies in (0, 1], got {keep}")
        return keep
    if isinstance(keep, bool) or not isinstance(keep, Integral):
        raise TypeError(f"a number of entries to keep is an integer, a share of them a Fraction, got {keep!r}")
    if keep < 1:
        raise ValueError(f"a group must keep at least one entry, got {keep}")
    return int(keep)


def spell_amount(keep: Amount) -> str:
    """A number as itself, a share as a decimal if it has a short one, else as ``1/3``."""
    if isinstance(keep, int):
        return str(keep)
    decimal = repr(float(keep))
    return decimal if Fraction(decimal) == keep else str(keep)
