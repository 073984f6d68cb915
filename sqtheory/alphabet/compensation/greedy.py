"""Optimal brain compression: rows pruned and rounded entry by entry, the cheapest first."""

from collections.abc import Iterator

import numpy as np

from sqtheory.alphabet.compensation.column_grid import ColumnGrid
from sqtheory.alphabet.compensation.removal import Counts, Removal, ToGrid, ToZero
from sqtheory.alphabet.compensation.second_moments import inverse
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array, Mask

ROOM = 1 << 21
"""So many entries of factors are held at once."""


def removed(
    w: Array, h: Array, s: Sparsifier, pruning: ColumnGrid | None = None, rounding: ColumnGrid | None = None
) -> tuple[Array, Mask]:
    """W pruned in the groups of s entry by entry, all survivors of a row answering, then rounded so: result and mask.

    Each time the entry of least w_p²/[H⁻¹]_pp of every row goes that its group may still lose; with a grid for
    ``pruning`` that of least (w_p² − (w_p − Q(w_p))²)/[H⁻¹]_pp. Then, with one for ``rounding``, the entries that stay
    are rounded one by one. The score and the tie rule of s are not asked. Groups lie in rows, or are the whole matrix,
    whose budget is shared out by the losses of removing every row down to nothing (`frantar2022obc`, §4, global step).
    Raises ValueError for other groups, and for masks that have no budget and are not fixed.
    """
    inverted = inverse(h)
    out, keep = np.empty(w.shape), np.ones(w.shape, np.bool_)
    move, quotas, groups = ToZero(pruning), *_quotas(w, inverted, s, ToZero(pruning))
    for rows in chunks(w):
        row, left = Removal(w[rows], inverted, scales_of(pruning or rounding, rows)), quotas[rows].copy()
        for _ in range(int(left.sum(axis=1).max(initial=0))):
            active = np.asarray(left.any(axis=1))
            places, _ = row.move(move, np.take_along_axis(left, groups[rows], axis=1) > 0, active)
            at = np.arange(len(rows)), groups[rows, places]
            left[at] -= active
        keep[rows] = row.open
        out[rows] = row.values if rounding is None else finished(row, rounding)
    return out, keep


def rounded_greedily(w: Array, h: Array, grid: ColumnGrid, keep: Mask | None = None) -> Array:
    """W rounded entry by entry, the cheapest of every row first, the rest of it answering; off ``keep`` it becomes 0.

    Entries off ``keep`` are set first, what they hold made up for by those that stay (`frantar2022obc`, §5, OBQ).
    """
    inverted, out = inverse(h), np.empty(w.shape)
    for rows in chunks(w):
        row = Removal(w[rows], inverted, scales_of(grid, rows))
        if keep is not None:
            without(row, keep[rows])
        out[rows] = finished(row, grid)
    return out


def scales_of(grid: ColumnGrid | None, rows: Counts) -> Array | None:
    """Those of some rows, if there is a grid."""
    return None if grid is None else grid.scales[rows]


def without(row: Removal, keep: Mask) -> None:
    """Set every entry off ``keep`` to 0, in the order in which they lie."""
    order = np.argsort(keep, axis=1, kind="stable")
    counts = (~keep).sum(axis=1)
    for k in range(int(counts.max(initial=0))):
        row.set(order[:, k], np.zeros(len(order)), k < counts)


def finished(row: Removal, grid: ColumnGrid) -> Array:
    """All entries that are open, rounded."""
    rounding, open_ = ToGrid(grid), row.open
    counts = open_.sum(axis=1)
    for k in range(int(counts.max(initial=0))):
        row.move(rounding, open_, np.asarray(k < counts))
    return row.values


def chunks(w: Array) -> Iterator[Counts]:
    """Rows that are worked on together."""
    step = max(1, ROOM // max(1, w.shape[1] ** 2))
    return (np.arange(at, min(at + step, len(w))) for at in range(0, len(w), step))


def _quotas(w: Array, inverted: Array, s: Sparsifier, move: ToZero) -> tuple[Counts, Counts]:
    """How many entries each row may lose of each of its groups (rows, groups), and the group of every entry."""
    shape = rows, inputs = w.shape
    if s.score is None:
        fixed = s.mask(w)
        return np.stack([(~fixed).sum(axis=1), np.zeros(rows, np.intp)], axis=1), fixed.astype(np.intp)
    side = s.groups.sides(shape)
    if not s.fixed_budget or not (side[0] == 1 or (side[0] >= rows and side[1] >= inputs)):
        raise ValueError(
            f"entries are removed row by row, each group of a row with a budget of its own: not so for {s}"
        )
    s.check(shape)
    if side[0] == 1:
        sizes = np.diff([*range(0, inputs, side[1]), inputs])
        lost = np.array([size - s.budget(int(size)) for size in sizes], np.intp)
        return np.tile(lost, (rows, 1)), np.tile(np.arange(inputs) // side[1], (rows, 1))
    losses = np.concatenate(
        [_losses(Removal(w[part], inverted, scales_of(move.grid, part)), move) for part in chunks(w)]
    )
    order = np.argsort(losses, axis=None, kind="stable")[: w.size - s.budget(w.size)]
    return np.bincount(order // inputs, minlength=rows)[:, None], np.zeros(shape, np.intp)


def _losses(row: Removal, move: ToZero) -> Array:
    """What each next entry costs as every row is pruned down to nothing, (rows, inputs)."""
    open_ = row.open
    every = np.ones(len(open_), np.bool_)
    return np.stack([row.move(move, open_, every)[1] for _ in range(open_.shape[1])], axis=1)
