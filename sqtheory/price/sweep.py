"""The scale at which a vector of magnitudes is best rounded: of all powers of two, or of all real numbers."""

from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.arrays import Array, FixedArray
from sqtheory.errors import powers
from sqtheory.formats import Format

CELLS = 1 << 21
"""Numbers in working memory, about."""


@final
@dataclass(frozen=True)
class Grid:
    """0 and the positive levels of Γ = −Γ, ascending, with errors in the p-th power, p = 1 or 2."""

    levels: FixedArray
    p: int

    @classmethod
    def of(cls, fmt: Format, p: float) -> "Grid":
        """The grid of a format. Raises ValueError for other p, or a grid that is not symmetric."""
        if p not in (1, 2):
            raise ValueError(f"the optimum is known for p = 1 and 2, got {p:g}")
        if not fmt.odd:
            raise ValueError(f"the optimum needs a grid symmetric about 0, got {fmt}")
        return cls(FixedArray(np.unique(np.abs(np.append(fmt.values, 0.0)))), int(p))

    @property
    def cuts(self) -> Array:
        """The midpoints of neighbouring levels."""
        levels = self.levels.values
        return np.asarray((levels[1:] + levels[:-1]) / 2)

    def codes(self, x: Array, sigma: Array) -> Array:
        """The level nearest to x/σ."""
        return np.asarray(self.levels.values[np.searchsorted(self.cuts, x / sigma)])

    def saved(self, x: Array, image: Array) -> Array:
        """Σ x^p − |x − y|^p over the last axis: what rounding saves over pruning."""
        return np.asarray((powers(x, self.p) - powers(np.abs(x - image), self.p)).sum(axis=-1))


def best_power_of_two(x: Array, grid: Grid) -> Array:
    """The power of two σ at which rounding saves most, for every row of magnitudes x (n, K).

    At first every image is 0; downward the search ends where not even images of σ max Γ in every entry could save
    more than the best scale so far: no image is larger.
    """
    levels = grid.levels.values
    sigma = np.ldexp(1.0, np.frexp(x.max(axis=1, initial=0.0) / levels[1])[1] + 1)
    most, found = np.full(len(x), -np.inf), sigma
    while True:
        saved = grid.saved(x, sigma[:, None] * grid.codes(x, sigma[:, None]))
        found, most = np.where(saved > most, sigma, found), np.maximum(saved, most)
        sigma = sigma / 2
        if np.all(grid.saved(x, np.minimum(x, sigma[:, None] * levels[-1])) <= most):
            return np.asarray(found)


def best_real(x: Array, grid: Grid) -> Array:
    """The σ > 0 at which rounding saves most, for every row of magnitudes x (n, K).

    Of one vector of codes c the error is convex in σ: for p = 1 with kinks at x_i/c_i, one of which is best, so some
    x_i/level is; for p = 2 a parabola with its top at Σ xc/Σ c², and codes change only where x_i/σ passes a cut.
    """
    rows = max(1, CELLS // max(1, x.shape[1] ** 2 * grid.levels.values.size))
    parts = [x[i : i + rows] for i in range(0, len(x), rows)] or [x]
    return np.concatenate([(_kinks if grid.p == 1 else _parabolas)(part, grid) for part in parts])


def _kinks(x: Array, grid: Grid) -> Array:
    sigma = _positive(x[:, :, None] / grid.levels.values[1:])
    points = sigma[:, :, None]
    return _largest(grid.saved(x[:, None], points * grid.codes(x[:, None], points)), sigma)


def _parabolas(x: Array, grid: Grid) -> Array:
    ends = np.sort(_positive(x[:, :, None] / grid.cuts), axis=1)
    between = np.concatenate([ends[:, :1] / 2, (ends[:, 1:] + ends[:, :-1]) / 2, 2 * ends[:, -1:]], axis=1)
    codes = grid.codes(x[:, None], between[:, :, None])
    products, squares = (x[:, None] * codes).sum(axis=-1), (codes * codes).sum(axis=-1)
    tops = np.divide(products, squares, out=between, where=squares > 0)
    return _largest(products * tops, tops)


def _positive(sigma: Array) -> Array:
    """Scales (n, K, l) of every row as (n, t), those that are 0 replaced by the largest of the row, or by 1."""
    flat = sigma.reshape(len(sigma), sigma.shape[1] * sigma.shape[2])
    largest = flat.max(axis=1, keepdims=True, initial=0.0)
    return np.where(flat > 0, flat, np.where(largest > 0, largest, 1.0))


def _largest(saved: Array, sigma: Array) -> Array:
    return np.asarray(np.take_along_axis(sigma, np.argmax(saved, axis=1)[:, None], axis=1)[:, 0])
