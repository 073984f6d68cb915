"""Whether a tensor has the pattern that a mask promises, or that its source kept, judged by its zeros alone."""

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.kernels import WORDS, fullest_run
from sqtheory.alphabet.partition import Blocks
from sqtheory.alphabet.sparsifiers import Sparsifier, nm
from sqtheory.arrays import Array, Mask
from sqtheory.compress.layout import CHUNK
from sqtheory.exceptions import first_at
from sqtheory.orders.pair import Pair

GROUPS = (4, 2, 8, 16)
"""The sizes m of groups in which a source may keep n of every m, n at most half; a short last group is not one."""


def promised(pair: Pair) -> Sparsifier:
    """The mask whose zeros are in every result: that of the pair, or the one that prunes nothing.

    A low-rank term or a wrapper makes no zeros, and the weight of the layer is what is written.
    """
    return pair.s if pair.procedure.keeps_pattern else nm(1, 1)


def broken(s: Sparsifier, y: Array) -> str | None:
    """The first group of y with more entries that are not 0 than s may keep there, in words; None if there is none.

    For block masks units are counted instead of entries, for a fixed mask the entries that it prunes. A threshold
    promises no pattern.
    """
    if s.units is not None:
        alive = int(np.count_nonzero(s.units.reduce(y, _counts)))
        allowed = s.budget(s.units.count(y.shape))
        return f"{alive} units are not 0, {s} keeps {allowed}" if alive > allowed else None
    if s.score is None:
        return _stray(s, y, s.mask(y))
    return _crowded(s, y) if s.fixed_budget else None


def lost(s: Sparsifier, x: Array, y: Array, *, first: bool) -> str | None:
    """Which pattern y lacks, in words: that of the mask, or an n:m that its source x keeps along some axis.

    ``first``: the mask came first, so that what a threshold prunes in x must be 0 in y.
    """
    fault = broken(s, y)
    if fault is None and first and s.cut is not None:
        fault = _stray(s, y, s.mask(x))
    if fault is not None:
        return f"the pattern of the mask is lost: {fault}"
    if not x.ndim or not _revives(x, y):  # without a zero that is lost no group has fewer
        return None
    for axis in (-1, *range(x.ndim - 1)):
        for m in GROUPS:
            whole = tuple(slice(x.shape[a] // m * m if a == axis % x.ndim else None) for a in range(x.ndim))
            n = _fullest(Blocks(m, axis), x[whole])
            if 0 < n <= m // 2 and (fault := broken(nm(n, m, axis=axis), y[whole])) is not None:
                return f"the source keeps {n}:{m} along axis {axis % x.ndim}, the result does not: {fault}"
    return None


def _fullest(groups: Blocks, x: Array) -> int:
    """The most entries of a group that are not 0."""
    return max((int(groups.reduce(x[cut], _counts).max(initial=0)) for cut in groups.slabs(x.shape)), default=0)


def _revives(x: Array, y: Array) -> bool:
    """Some entry is 0 in x and not in y."""
    a, b = x.reshape(-1), y.reshape(-1)
    cuts = (slice(at, at + CHUNK) for at in range(0, a.size, CHUNK))
    return any(bool(np.any(b[cut][zero])) for cut in cuts if np.any(zero := a[cut] == 0))


def _stray(s: Sparsifier, y: Array, kept: Mask) -> str | None:
    stray = (y != 0) & ~kept
    return f"entry {first_at(stray)} is not 0, {s} prunes it" if stray.any() else None


def _crowded(s: Sparsifier, y: Array) -> str | None:
    y = np.atleast_1d(y)
    m = s.groups.last_run(y.shape)
    if m in WORDS and y.shape[-1] % m == 0 and y.flags.c_contiguous and fullest_run(y, m) <= s.budget(m):
        return None
    for cut in s.groups.slabs(y.shape):
        counts = s.groups.reduce(y[cut], _counts)
        allowed = s.groups.reduce(y[cut], lambda rows: np.full(rows.shape[0], s.budget(rows.shape[1]), np.int32))
        crowded = counts > allowed
        if crowded.any():
            first, *rest = where = first_at(crowded)
            found = f"{counts[where]} entries that are not 0, {s} keeps {allowed[where]}"
            return f"group {(first + cut.start, *rest)} has {found}"
    return None


def _counts(rows: Array) -> NDArray[np.int32]:
    if rows.shape[1] >= CHUNK // 64:
        return np.array(
            [sum(np.count_nonzero(row[at : at + CHUNK] != 0) for at in range(0, row.size, CHUNK)) for row in rows],
            np.int32,
        )
    return np.asarray(np.add.reduce(rows != 0, axis=1, dtype=np.int32))
