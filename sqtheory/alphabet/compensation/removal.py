"""Entries of many rows set one by one, each the cheapest of its row, all others making up for it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.compensation.column_grid import ColumnGrid
from sqtheory.arrays import Array, Mask

Counts = NDArray[np.intp]


class Move(ABC):
    """What an entry is set to, and what that costs: the cheapest of a row goes first."""

    @abstractmethod
    def targets(self, values: Array, rows: Counts) -> Array:
        """What every entry would be set to; ``rows`` says which rows of the matrix these are."""

    def costs(self, values: Array, targets: Array, variances: Array, rows: Counts) -> Array:
        """(w − v)²/[H⁻¹]_pp of every entry, for the remaining inverse."""
        return np.asarray((values - targets) ** 2 / variances)


@final
@dataclass(frozen=True, eq=False)
class ToZero(Move):
    """To 0. With a grid an entry costs what it loses more than if it were rounded: it will be, unless it is pruned."""

    grid: ColumnGrid | None = None

    def targets(self, values: Array, rows: Counts) -> Array:
        return np.zeros(values.shape)

    def costs(self, values: Array, targets: Array, variances: Array, rows: Counts) -> Array:
        if self.grid is None:
            return super().costs(values, targets, variances, rows)
        rounding = values - self.grid.at(values, self.grid.scales[rows])
        return np.asarray((values**2 - rounding**2) / variances)


@final
@dataclass(frozen=True, eq=False)
class ToGrid(Move):
    """To the grid; what is further from it than half of its largest step goes first, the furthest of all.

    `frantar2022obc`, §5, "outliers".
    """

    grid: ColumnGrid

    def targets(self, values: Array, rows: Counts) -> Array:
        return self.grid.at(values, self.grid.scales[rows])

    def costs(self, values: Array, targets: Array, variances: Array, rows: Counts) -> Array:
        usual = super().costs(values, targets, variances, rows)
        error = np.abs(values - targets)
        half = self.grid.largest_step / 2 * self.grid.scales[rows]
        return np.where(error > half * (1 + 1e-6), -error, usual)


class Removal:
    """Rows of a matrix of which entries are set one by one, under one H; the rest of each row answers each time.

    The inverse of H without the entries that are set is H⁻¹ − Σ_k v_k v_kᵀ, a pivoted Cholesky factorization of each
    row's own: of it the diagonal is kept, and a row is made when it is asked for.
    """

    def __init__(self, w: Array, inverse: Array, rows: Counts) -> None:
        self.values = w[rows].astype(np.float64)
        self.rows = rows
        self.open = np.ones(self.values.shape, np.bool_)
        self.cost = np.zeros(len(rows))
        """What all moves have lost, row by row."""
        self._inverse = inverse
        self._variances = np.tile(np.diag(inverse), (len(rows), 1))
        self._factors = np.zeros((len(rows), 0, w.shape[1]))
        self._taken = np.zeros(len(rows), np.intp)

    def move(self, move: Move, allowed: Mask, active: Mask) -> tuple[Counts, Array]:
        """Set the cheapest allowed open entry of every active row, and say which, and what it costs by ``Move.costs``.

        An active row has one.
        """
        targets = move.targets(self.values, self.rows)
        with np.errstate(divide="ignore", invalid="ignore"):
            costs = move.costs(self.values, targets, self._variances, self.rows)
        costs = np.where(allowed & self.open, costs, np.inf)
        places = np.argmin(costs, axis=1)
        at = np.arange(len(places)), places
        self.set(places, targets[at], active)
        return places, costs[at]

    def set(self, places: Counts, values: Array, active: Mask) -> None:
        """Set one entry of every active row."""
        at = np.arange(len(places)), places
        taken = self._reserve()
        factors = self._factors[:, :taken]
        own = np.matmul(factors[at[0], :, places][:, None, :], factors)[:, 0]
        direction = np.where(self.open & active[:, None], self._inverse[places] - own, 0.0)
        variance = np.where(active, direction[at], 1.0)
        error = np.where(active, self.values[at] - values, 0.0)
        self.values -= (error / variance)[:, None] * direction
        self.values[at] = np.where(active, values, self.values[at])
        self.cost += error**2 / variance
        factor = direction / np.sqrt(variance)[:, None]
        self._factors[active, self._taken[active]] = factor[active]
        self._variances -= factor**2
        self.open[at] &= ~active
        self._taken += active

    def _reserve(self) -> int:
        """The most factors that a row has, with room for one more."""
        rows, room, inputs = self._factors.shape
        taken = int(self._taken.max(initial=0))
        if taken == room:
            more = np.zeros((rows, min(2 * room + 16, inputs), inputs))
            more[:, :room] = self._factors
            self._factors = more
        return taken
