"""Whether a tensor has the pattern that a mask promises, judged by its zeros alone."""

import numpy as np
from numpy.typing import NDArray

from sqtheory.arrays import Array
from sqtheory.sparsifiers import BlockSparsifier, FixedMask, Sparsifier, TopSparsifier

SLAB = 1 << 19
"""Entries counted at once."""


def broken(s: Sparsifier, y: Array) -> str | None:
    """The first group of y with more entries that are not 0 than s may keep there, in words; None if there is none.

    For block masks units are counted instead of entries, for a fixed mask the entries that it prunes. A threshold
    promises no pattern.
    """
    if isinstance(s, BlockSparsifier):
        alive = int(np.count_nonzero(s.unit.reduce(y, _counts)))
        allowed = s.budget(s.unit.count(y.shape))
        return f"{alive} units are not 0, {s} keeps {allowed}" if alive > allowed else None
    if isinstance(s, FixedMask):
        stray = np.argwhere((y != 0) & ~s.mask(y))
        return f"entry {_place(stray[0])} is not 0, {s} prunes it" if stray.size else None
    return _crowded(s, y) if isinstance(s, TopSparsifier) else None


def _crowded(s: TopSparsifier, y: Array) -> str | None:
    """Slab by slab along the first axis where no group extends along it, so that counts need little memory."""
    y = np.atleast_1d(y)
    apart = y.ndim > 1 and s.groups.sides(y.shape)[0] == 1
    step = max(1, SLAB * y.shape[0] // max(y.size, 1)) if apart else max(1, len(y))
    for at in range(0, len(y), step):
        slab = y[at : at + step]
        counts = s.groups.reduce(slab, _counts)
        allowed = s.groups.reduce(slab, lambda rows: np.full(rows.shape[0], s.budget(rows.shape[1]), np.int32))
        crowded = np.argwhere(counts > allowed)
        if crowded.size:
            where = _place(crowded[0])
            group = (where[0] + at, *where[1:]) if apart else where
            return f"group {group} has {counts[where]} entries that are not 0, {s} keeps {allowed[where]}"
    return None


def _counts(rows: Array) -> NDArray[np.int32]:
    return np.asarray(np.add.reduce(rows != 0, axis=1, dtype=np.int32))


def _place(index: NDArray[np.intp]) -> tuple[int, ...]:
    return tuple(int(i) for i in index)
