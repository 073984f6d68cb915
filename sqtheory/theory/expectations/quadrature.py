"""Integrals over the cells of a grid, by Gauss–Legendre rules on pieces where the integrands are smooth."""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.formats import Format
from sqtheory.arrays import Array
from sqtheory.theory.expectations.densities import Density

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
NODES, WEIGHTS = (_NODES + 1) / 2, _WEIGHTS / 2
"""Nodes and weights of a rule on [0, 1]."""
GRADE = 4
"""The last piece of an unbounded law is integrated in y with 1 − u = S y^4, in which heavy tails are smooth."""
THINNEST = 1e-13
"""A piece of the tail of less chance is not told apart from its neighbour."""


@final
@dataclass(frozen=True, eq=False)
class Cells:
    """A law at the nodes of a quadrature over the cells of a grid: vectors of one length, one entry a node."""

    t: Array
    """Magnitudes."""
    u: Array
    """F(t)."""
    weight: Array
    """What each node counts for: together 1."""
    cell: NDArray[np.intp]
    """The number of the cell of t, counted from the cell next to 0."""
    image: Array
    """|q(t)|."""

    def mean(self, values: Array) -> float:
        """E of a function of t given at the nodes."""
        return float(self.weight @ values)

    def per_cell(self, values: Array) -> Array:
        """∫ of a function over every cell that holds a node."""
        return np.asarray(np.bincount(self.cell, self.weight * values), np.float64)

    def covariance(self, a: Array, b: Array) -> Array:
        """P(cell) Cov(a, b | cell) for every cell, 0 where the law has no mass."""
        share = self.per_cell(np.ones(self.t.size))
        mean_b = np.divide(self.per_cell(b), share, out=np.zeros_like(share), where=share > 0)
        return self.per_cell(a * (b - mean_b[self.cell]))


def levels_of(fmt: Format, scale: float) -> tuple[Array, Array]:
    """Images of magnitudes under nearest rounding at a fixed scale, and the boundaries between their cells.

    Raises ValueError unless the grid is symmetric about 0.
    """
    if not fmt.odd:
        raise ValueError(f"the laws are for grids symmetric about 0, which {fmt} is not")
    levels = scale * fmt.values[fmt.values >= 0]
    return levels, (levels[1:] + levels[:-1]) / 2


def cells(
    density: Density, fmt: Format, scale: float, largest: float = np.inf, breaks: tuple[float, ...] = ()
) -> Cells:
    """The law of |x| given |x| ≤ ``largest`` over the cells of a grid at a fixed scale.

    Pieces end where the image or a gain has a kink: at cell boundaries and at levels, and where the conditional F is
    one of ``breaks``. Raises ValueError unless the grid is symmetric about 0 and the scale positive.
    """
    if not scale > 0:
        raise ValueError(f"a grid needs a positive scale, got {scale}")
    levels, middle = levels_of(fmt, scale)
    inside = np.unique(np.concatenate([middle, levels[levels > 0]]))
    inside = inside[inside < largest]
    total = 1.0 if largest == np.inf else float(density.cdf(np.asarray(largest)))
    if total == 0:
        raise ValueError(f"the law has no magnitude below {largest:g}")
    ends = np.concatenate([[0.0], density.cdf(inside) / total, np.asarray(breaks, np.float64)])
    u, weight, beyond = rule(ends, graded=largest == np.inf)
    tail = beyond < 0.1
    t: Array = np.empty(u.shape)
    t[~tail] = density.quantile(u[~tail] * total)
    t[tail] = density.upper_quantile(1 - total + beyond[tail] * total)
    t = np.minimum(t, largest)
    cell = np.searchsorted(middle, t).astype(np.intp)
    return Cells(t, u, weight, cell, levels[cell])


def rule(ends: Array, *, graded: bool) -> tuple[Array, Array, Array]:
    """Nodes u, weights, and 1 − u of a rule over the pieces of [0, 1] that end at ``ends``; the last may be graded."""
    ends = np.unique(np.clip(ends, 0, 1))
    ends = np.append(ends[ends < 1 - THINNEST], 1.0)
    width = np.diff(ends)
    u, weight = ends[:-1, None] + width[:, None] * NODES, width[:, None] * WEIGHTS
    beyond = 1 - u
    if graded:
        y = 1 - NODES
        beyond[-1], weight[-1] = width[-1] * y**GRADE, width[-1] * GRADE * y ** (GRADE - 1) * WEIGHTS
        u[-1] = 1 - beyond[-1]
    return u.reshape(-1), weight.reshape(-1), beyond.reshape(-1)
