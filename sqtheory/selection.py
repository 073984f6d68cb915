"""The k entries of largest score in every row, exact under ties, without a full sort."""

import numpy as np
from numpy.typing import NDArray

from sqtheory.arrays import Array, Mask

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


def tied_at_cut(scores: Array, k: int) -> Mask:
    """For every row: whether the k-th and the (k+1)-th largest scores are equal, so that a tie rule decides."""
    m = scores.shape[1]
    if k <= 0 or k >= m:
        return np.zeros(scores.shape[0], bool)
    ordered = np.partition(scores, (m - k - 1, m - k), axis=1)
    return np.asarray(ordered[:, m - k - 1] == ordered[:, m - k])
