"""The scale at which a vector is best rounded: of all powers of two, or of all positive numbers."""

from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.alphabet.formats import Format
from sqtheory.alphabet.norms import units
from sqtheory.alphabet.scaling import AbsMax, Numbers, Scaling
from sqtheory.arrays import Array, FixedArray
from sqtheory.orders.errors import powers

CELLS = 1 << 21
"""Numbers in working memory, about."""
LARGEST = float(np.finfo(np.float64).max)


@final
@dataclass(frozen=True)
class LevelGrid:
    """Γ ∪ {0}, ascending: of Γ = −Γ the half that is not negative, for magnitudes. Errors are p-th powers, p < ∞."""

    levels: FixedArray
    p: float

    @classmethod
    def of(cls, fmt: Format, p: float) -> "LevelGrid":
        """The grid of a format. Raises ValueError for p = ∞."""
        if p == np.inf:
            raise ValueError("the best scale is known for p < ∞, got inf")
        values = np.append(fmt.values, 0.0)
        return cls(FixedArray(np.unique(np.abs(values) if fmt.odd else values)), p)

    @property
    def folded(self) -> bool:
        """The levels are those of magnitudes."""
        return bool(self.levels.values[0] == 0)

    @property
    def nonzero(self) -> Array:
        """The levels without 0."""
        return np.asarray(self.levels.values[self.levels.values != 0])

    @property
    def cuts(self) -> Array:
        """The midpoints of neighbouring levels."""
        levels = self.levels.values
        return np.asarray((levels[1:] + levels[:-1]) / 2)

    def codes(self, x: Array, sigma: Array) -> Array:
        """The level nearest to x/σ."""
        return np.asarray(self.levels.values[np.searchsorted(self.cuts, x / sigma)])

    def lost(self, x: Array, image: Array) -> Array:
        """Σ |x − y|^p over the last axis."""
        return np.asarray(powers(np.abs(x - image), self.p).sum(axis=-1))


def searched(scaling: Scaling) -> Numbers | None:
    """Of which numbers the best one is known: all real ones for ``absmax``, all powers of two, or None."""
    if isinstance(scaling, AbsMax):
        return Numbers.real
    return Numbers.dyadic if scaling.values is Numbers.dyadic else None


def fit(x: Array, grid: LevelGrid, scaling: Scaling) -> tuple[Array, Array]:
    """The best scale σ > 0 of every row x (n, K), float64, as (n,), and its nearest image σc, saturating, as (n, K).

    Entries that are 0 have no say. Raises ValueError unless the scales are all real numbers (``absmax``), with p ≤ 1
    or p = 2, or all powers of two.
    """
    numbers = searched(scaling)
    if numbers is None:
        raise ValueError(f"the optimum is over all real scales or all powers of two, got scaling={scaling}")
    unit = units(np.abs(x).max(axis=1, initial=0.0), grid.p)[:, None]
    own = np.abs(x / unit) if grid.folded else x / unit
    sigma = (best_real if numbers is Numbers.real else best_power_of_two)(own, grid)[:, None]
    with np.errstate(over="ignore"):
        image = np.clip(sigma * grid.codes(own, sigma) * unit, -LARGEST, LARGEST)
        return (sigma * unit)[:, 0], np.copysign(image, x) if grid.folded else image


def best_power_of_two(x: Array, grid: LevelGrid) -> Array:
    """The power of two σ at which rounding loses least, for every row x (n, K).

    At first every image is 0; downward the search ends where the entries beyond σ max |Γ| alone, were they rounded to
    it and all others without error, would lose as much as the best scale so far: no image is larger.
    """
    size, levels = np.abs(x), np.abs(grid.nonzero)
    sigma = np.ldexp(1.0, np.frexp(size.max(axis=1, initial=0.0) / levels.min())[1] + 1)
    least, found = np.full(len(x), np.inf), sigma
    while True:
        lost = grid.lost(x, sigma[:, None] * grid.codes(x, sigma[:, None]))
        found, least = np.where(lost < least, sigma, found), np.minimum(lost, least)
        sigma = sigma / 2
        if np.all(grid.lost(size, np.minimum(size, sigma[:, None] * levels.max())) >= least):
            return np.asarray(found)


def best_real(x: Array, grid: LevelGrid) -> Array:
    """The σ > 0 at which rounding loses least, for every row x (n, K), if p ≤ 1 or p = 2.

    For one vector of codes c and p ≤ 1 the error is concave in σ between its kinks x_i/c_i, one of which is best, so
    some x_i/level is; for p = 2 it is a parabola, least at Σ xc/Σ c², and c changes only where x_i/σ passes a cut.
    Raises ValueError for other p.
    """
    if not (grid.p <= 1 or grid.p == 2):
        raise ValueError(f"the best real scale is known for p ≤ 1 and p = 2, got {grid.p:g}")
    candidates = _kinks if grid.p <= 1 else _tops
    rows = max(1, CELLS // max(1, x.shape[1] ** 2 * grid.levels.values.size))
    found: list[Array] = [np.zeros(0)]
    for part in (x[i : i + rows] for i in range(0, len(x), rows)):
        sigma = candidates(part, grid)
        points = sigma[:, :, None]
        lost = grid.lost(part[:, None], points * grid.codes(part[:, None], points))
        found.append(np.take_along_axis(sigma, np.argmin(lost, axis=1)[:, None], axis=1)[:, 0])
    return np.concatenate(found)


def _kinks(x: Array, grid: LevelGrid) -> Array:
    return _positive(x[:, :, None] / grid.nonzero)


def _tops(x: Array, grid: LevelGrid) -> Array:
    """The least points of all parabolas, and the scale by the maximum, which so loses to no rounding of float64."""
    ends = np.sort(_positive(x[:, :, None] / grid.cuts), axis=1)
    between = np.concatenate([ends[:, :1] / 2, (ends[:, 1:] + ends[:, :-1]) / 2, 2 * ends[:, -1:]], axis=1)
    codes = grid.codes(x[:, None], between[:, :, None])
    products, squares = (x[:, None] * codes).sum(axis=-1), (codes * codes).sum(axis=-1)
    tops = np.divide(products, squares, out=between, where=squares > 0)
    return np.concatenate([tops, _positive(np.abs(x).max(axis=1)[:, None, None] / grid.levels.values[-1:])], axis=1)


def _positive(sigma: Array) -> Array:
    """Scales (n, K, l) of every row as (n, t), those that are not positive replaced by the largest of the row, or 1."""
    flat = sigma.reshape(len(sigma), sigma.shape[1] * sigma.shape[2])
    largest = flat.max(axis=1, keepdims=True, initial=0.0)
    return np.where(flat > 0, flat, np.where(largest > 0, largest, 1.0))
