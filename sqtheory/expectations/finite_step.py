"""The order gap of one n:m group at any step, exact for independent entries, a fixed scale and random ties."""

import numpy as np
from scipy import stats

from sqtheory.arrays import Array
from sqtheory.formats import Format
from sqtheory.order_gap.densities import Density

NODES, WEIGHTS = np.polynomial.legendre.leggauss(24)
INNER, INNER_WEIGHTS = (NODES + 1) / 2, WEIGHTS / 2


def cells(fmt: Format, scale: float) -> tuple[Array, Array, Array]:
    """Lower ends, upper ends (∞ for the last) and images of the cells of |x| under nearest rounding at a fixed scale.

    Raises ValueError unless the grid is symmetric and has 0.
    """
    if not (fmt.odd and fmt.has_zero):
        raise ValueError(f"{fmt} is not a grid symmetric about 0 with 0 in it")
    levels = scale * fmt.values[fmt.values >= 0]
    middle = (levels[1:] + levels[:-1]) / 2
    return np.concatenate([[0.0], middle]), np.concatenate([middle, [np.inf]]), levels


def gain(t: Array, v: Array, p: int) -> Array:
    """t^p − |t − v|^p for p = 1, 2: what keeping a magnitude t with image v saves."""
    return np.asarray(2 * np.minimum(t, v) - v if p == 1 else v * (2 * t - v))


def expected_order_gap(density: Density, fmt: Format, scale: float, n: int, m: int, p: int = 1) -> float:
    """E‖ε_{s∘q}‖_p^p − E‖ε_{q∘s}‖_p^p of one group of m independent entries of which n are kept.

    Let J entries lie above a cell and C in it, J < n < J + C: S→Q keeps the r = n − J largest of them, Q→S any r,
    ties being broken independently of x. With g the gain, the gap is
    Σ_cells Σ_{J,C} P(J, C) (E[Σ of the r largest g] − r E g), where the expectation of the r largest of C
    is C ∫₀¹ g(t(u)) P(Bin(C − 1, 1 − u) < r) du over the quantiles t(u) in the cell.
    Raises ValueError for p other than 1, 2, or unless 0 < n < m.
    """
    if p not in (1, 2) or not 0 < n < m:
        raise ValueError(f"needed p = 1 or 2 and 0 < n < m, got p = {p}, {n}:{m}")
    low, high, image = cells(fmt, scale)
    below, upto = density.cdf(low), np.where(np.isinf(high), 1.0, density.cdf(np.where(np.isinf(high), 0, high)))
    share = np.maximum(upto - below, 0.0)
    t = density.quantile(np.clip(below[:, None] + share[:, None] * INNER, 0, 1 - 1e-15))
    saved = gain(t, image[:, None], p)
    mean = saved @ INNER_WEIGHTS
    total = np.zeros(low.size)
    for above in range(n):
        for inside in range(n - above + 1, m - above + 1):
            r = n - above
            rank = stats.binom.cdf(r - 1, inside - 1, 1 - INNER)
            largest = inside * (saved * rank) @ INNER_WEIGHTS
            chance = _multinomial(m, above, inside, 1 - upto, share)
            total += chance * (largest - r * mean)
    return float(total.sum())


def _multinomial(m: int, above: int, inside: int, p_above: Array, p_inside: Array) -> Array:
    """P(J = above, C = inside) for every cell."""
    first = stats.binom.pmf(above, m, np.clip(p_above, 0, 1))
    left = np.clip(1 - p_above, np.finfo(np.float64).tiny, 1)
    second = stats.binom.pmf(inside, m - above, np.clip(p_inside / left, 0, 1))
    return np.asarray(first * second)
