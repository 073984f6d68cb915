"""Where rows of scores are cut, so that exactly k of each stay, and the masks that follow, tile after tile."""

from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.kernels.brackets import Place, Scores
from sqtheory.alphabet.kernels.scratch import scratch
from sqtheory.arrays import Mask

Ties: TypeAlias = NDArray[np.int64]
"""How many entries of every row equal its cut, or which of them in the order of indices."""
EVERY = -1
"""Below every key: all ties stay."""


@final
@dataclass(frozen=True, eq=False)
class Cuts:
    """For every row the score above which all entries stay, and which of those that equal it do.

    Those with a key above ``key``, and of those with this key (of all without keys) the ones from ``first`` up to
    before ``last``, counted in the order of indices.
    """

    score: Scores
    key: Scores | None
    first: Ties
    last: Ties
    tied: Mask
    """Rows in which more entries equal the cut than stay."""

    @classmethod
    def at(cls, found: Place, key: Place | None, k: int, low_index: bool) -> "Cuts":
        """Of one row; ``key``: the place among the keys of the entries that equal the cut, where these decide."""
        last = k - found.above
        ties, wanted = (found.ties, last) if key is None else (key.ties, last - key.above)
        first = 0 if low_index else ties - wanted
        keys = None if key is None else np.array([key.score])
        ends = np.array([first]), np.array([first + wanted])
        return cls(np.array([found.score]), keys, ends[0], ends[1], np.array([found.ties > last]))

    @classmethod
    def of_rows(cls, scores: Scores, k: int, keys: Scores | None, low_index: bool, dull: float | None) -> "Cuts":
        """Of scores (rows, n) by partitioning, 0 < k < n; a row that is cut at the score ``dull`` needs no keys."""
        held = scratch("partitioned", scores.size, scores.dtype).reshape(scores.shape)
        held[...] = scores
        place = scores.shape[1] - k
        held.partition(place, axis=1)
        cut = held[:, place].copy()
        above = _count(held[:, place + 1 :] > cut[:, None])
        ties = k - above + _count(held[:, :place] == cut[:, None])
        wanted, tied = k - above, ties > k - above
        key = None
        if keys is not None:
            unclear = np.flatnonzero(tied & (cut != dull) if dull is not None else tied)
            least_kept = np.full(len(scores), EVERY, keys.dtype)
            key = least_kept if unclear.size else None
            for row in unclear:
                its = np.sort(keys[row, np.flatnonzero(scores[row] == cut[row])])[::-1]
                least = its[wanted[row] - 1]
                least_kept[row], wanted[row] = least, wanted[row] - np.count_nonzero(its > least)
                ties[row] = np.count_nonzero(its == least)
        first = np.zeros_like(wanted) if low_index else ties - wanted
        return cls(cut, key, first, first + wanted, tied)

    def mark(self, scores: Scores, keys: Scores | None, seen: Ties, out: Mask) -> Mask:
        """The entries of a tile (rows, n) that stay; ``seen``: how many ties of every row came before, brought up."""
        cut = self.score[:, None]
        kept = np.greater(scores, cut, out=out)
        ties = np.equal(scores, cut, out=scratch("ties", scores.size, np.bool_).reshape(scores.shape))
        if self.key is not None and keys is not None:
            key = self.key[:, None]
            np.logical_or(kept, ties & (keys > key), out=kept)
            np.logical_and(ties, keys == key, out=ties)
        count = _count(ties)
        first, last = (np.clip(end - seen, 0, count) for end in (self.first, self.last))
        seen += count
        if not np.all(last - first == count):
            if not np.any(last > first):
                return kept
            rank = np.cumsum(ties, axis=1, dtype=np.int32, out=scratch("rank", ties.size, np.int32).reshape(ties.shape))
            ties &= rank <= last[:, None]
            if np.any(first):
                ties &= rank > first[:, None]
        return np.asarray(np.logical_or(kept, ties, out=kept))


def _count(marks: NDArray[Any]) -> Ties:
    return np.asarray(np.count_nonzero(marks, axis=1), np.int64)
