"""Entries of many rows set one by one, each the cheapest of its row, all others making up for it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.compensation.column_grid import ColumnGrid
from sqtheory.arrays import Array, Mask

Counts = NDArray[np.intp]
FEW = 16
"""So few entries of a row are not worth packing together."""


class Move(ABC):
    """What entries are set to, and what that costs: the cheapest of a row goes first."""

    @abstractmethod
    def targets(self, values: Array, scales: Array) -> Array:
        """What every entry would be set to at its scale."""

    def costs(self, values: Array, targets: Array, variances: Array, scales: Array) -> Array:
        """(w − v)²/[H⁻¹]_pp of every entry, for the remaining inverse."""
        return np.asarray((values - targets) ** 2 / variances)


@final
@dataclass(frozen=True, eq=False)
class ToZero(Move):
    """To 0. With a grid an entry costs what it loses more than if it were rounded: it will be, unless it is pruned."""

    grid: ColumnGrid | None = None

    def targets(self, values: Array, scales: Array) -> Array:
        return np.zeros(values.shape)

    def costs(self, values: Array, targets: Array, variances: Array, scales: Array) -> Array:
        if self.grid is None:
            return super().costs(values, targets, variances, scales)
        rounding = values - self.grid.at(values, scales)
        return np.asarray((values**2 - rounding**2) / variances)


@final
@dataclass(frozen=True, eq=False)
class ToGrid(Move):
    """To the grid; what is further from it than half of its largest step goes first, the furthest of all.

    `frantar2022obc`, §5, "outliers".
    """

    grid: ColumnGrid

    def targets(self, values: Array, scales: Array) -> Array:
        return self.grid.at(values, scales)

    def costs(self, values: Array, targets: Array, variances: Array, scales: Array) -> Array:
        usual = super().costs(values, targets, variances, scales)
        error = np.abs(values - targets)
        half = self.grid.largest_step / 2 * scales
        return np.where(error > half * (1 + 1e-6), -error, usual)


@final
class Removal:
    """Rows of a matrix of which entries are set one by one, under one H; the rest of each row answers each time.

    The inverse of H without the entries that are set is H⁻¹ − Σ_k v_k v_kᵀ, a pivoted Cholesky factorization of each
    row's own: of it the diagonal is kept, and a row is made when it is asked for. Open entries are packed together as
    they become fewer. ``scales``: those of the rows, where a move asks for them.
    """

    def __init__(self, w: Array, inverse: Array, scales: Array | None = None) -> None:
        self.cost = np.zeros(len(w))
        """What all moves have lost, row by row."""
        self._done = w.astype(np.float64)
        self._inverse = inverse
        self._places = np.tile(np.arange(w.shape[1]), (len(w), 1))
        self._values = self._done.copy()
        self._scales = np.ones(w.shape, np.float64) if scales is None else scales
        self._open = np.ones(w.shape, np.bool_)
        self._variances = np.tile(np.diag(inverse), (len(w), 1))
        self._factors = np.zeros((len(w), 0, w.shape[1]))
        self._taken = np.zeros(len(w), np.intp)

    @property
    def values(self) -> Array:
        """What the rows hold now."""
        self._put()
        return self._done.copy()

    @property
    def open(self) -> Mask:
        """Entries that are not set."""
        found = np.zeros(self._done.shape, np.bool_)
        np.put_along_axis(found, self._places, self._open, axis=1)
        return found

    def move(self, move: Move, allowed: Mask, active: Mask) -> tuple[Counts, Array]:
        """Set the cheapest allowed open entry of every active row: which, and what it costs by ``Move.costs``.

        An active row has one; of equals the last goes, so that low indices stay.
        """
        targets = move.targets(self._values, self._scales)
        with np.errstate(divide="ignore", invalid="ignore"):
            costs = move.costs(self._values, targets, self._variances, self._scales)
        costs = np.where(np.take_along_axis(allowed, self._places, axis=1) & self._open, costs, np.inf)
        packed = costs.shape[1] - 1 - np.argmin(costs[:, ::-1], axis=1)
        at = np.arange(len(packed)), packed
        places, cost, values = self._places[at], costs[at], targets[at]
        self._set(packed, values, active)
        return places, cost

    def set(self, places: Counts, values: Array, active: Mask) -> None:
        """Set one open entry of every active row."""
        self._set(np.argmax(self._places == places[:, None], axis=1), values, active)

    def _set(self, packed: Counts, values: Array, active: Mask) -> None:
        at = np.arange(len(packed)), packed
        taken = self._reserve()
        factors = self._factors[:, :taken]
        less = np.matmul(factors[at[0], :, packed][:, None, :], factors)[:, 0]
        row = self._inverse[self._places[at][:, None], self._places] - less
        direction = np.where(self._open & active[:, None], row, 0.0)
        variance = np.where(active, direction[at], 1.0)
        error = np.where(active, self._values[at] - values, 0.0)
        self._values -= (error / variance)[:, None] * direction
        self._values[at] = np.where(active, values, self._values[at])
        self.cost += error**2 / variance
        factor = direction / np.sqrt(variance)[:, None]
        self._factors[active, self._taken[active]] = factor[active]
        self._variances -= factor**2
        self._open[at] &= ~active
        self._taken += active
        self._pack()

    def _reserve(self) -> int:
        """The most factors that a row has, with room for one more."""
        rows, room, width = self._factors.shape
        taken = int(self._taken.max(initial=0))
        if taken == room:
            more = np.zeros((rows, min(2 * room + FEW, self._done.shape[1]), width))
            more[:, :room] = self._factors
            self._factors = more
        return taken

    def _pack(self) -> None:
        _, width = self._values.shape
        most = int(self._open.sum(axis=1).max(initial=0))
        if width < FEW or most > 0.8 * width:
            return
        self._put()
        first = np.argsort(~self._open, axis=1, kind="stable")[:, :most]
        for name in ("_values", "_scales", "_open", "_variances", "_places"):
            setattr(self, name, np.take_along_axis(getattr(self, name), first, axis=1))
        self._factors = np.take_along_axis(self._factors, first[:, None, :], axis=2)

    def _put(self) -> None:
        np.put_along_axis(self._done, self._places, self._values, axis=1)
