"""The order gap of a group of independent entries at any step, exact for a fixed scale and ties broken blindly."""

import math

import numpy as np
from scipy.special import betainc, betaln, xlog1py, xlogy

from sqtheory.alphabet.formats import Format
from sqtheory.arrays import Array
from sqtheory.theory.expectations.densities import Density
from sqtheory.theory.expectations.exchangeable import log_binomial
from sqtheory.theory.expectations.quadrature import Cells, cells

AROUND = (-8, -4, -2, -1, 0, 1, 2, 4, 8)
"""Standard deviations around the cut at which pieces of a quadrature end: there the chance of being kept turns."""


def check(n: int, m: int, p: float, fmt: Format) -> None:
    """Raise ValueError unless 0 < n < m, p = 1 or 2, and the grid is symmetric about 0 and has 0."""
    if not 0 < n < m:
        raise ValueError(f"an n:m mask that prunes and keeps needs 0 < n < m, got {n}:{m}")
    if p not in (1, 2):
        raise ValueError(f"the order gap is computed for p = 1 and 2, got {p}")
    if not (fmt.odd and fmt.has_zero):
        raise ValueError(f"{fmt} is not a grid symmetric about 0 with 0 in it")


def gain(t: Array, v: Array, p: float) -> Array:
    """t^p − |t − v|^p for p = 1, 2 and v ≥ 0: what keeping a magnitude t with image v saves."""
    return np.asarray(2 * np.minimum(t, v) - v if p == 1 else v * (2 * t - v))


def kept_chance(u: Array, n: int, m: int) -> Array:
    """P(an entry of rank F(t) = u is among the n largest of m independent ones) = I_u(m − n, n), the incomplete beta.

    0 for n = 0.
    """
    return np.asarray(betainc(m - n, n, u)) if n else np.zeros_like(u)


def around_the_cut(n: int, m: int) -> tuple[float, ...]:
    """Where ``kept_chance`` turns: levels u around (m − n)/m."""
    share = (m - n) / m
    return tuple(share + k * math.sqrt(share * (1 - share) / m) for k in AROUND)


def expected_order_gap(density: Density, fmt: Format, scale: float, n: int, m: int, p: float = 1) -> float:
    """E‖ε_{s∘q}‖_p^p − E‖ε_{q∘s}‖_p^p of one group of m independent entries of which n are kept.

    m Σ_cells P(cell) Cov(g(t), π(F(t)) | cell) with the gain g and the chance π of being kept: both orders keep
    entries of a cell equally often, but sparsifying first prefers the larger ones.
    Raises ValueError for p other than 1, 2, unless 0 < n < m, for a grid that is not symmetric about 0 with 0 in it.
    """
    check(n, m, p, fmt)
    return independent_gap(cells(density, fmt, scale, breaks=around_the_cut(n, m)), n, m, p)


def independent_gap(law: Cells, n: int, m: int, p: float) -> float:
    """m Σ_cells P(cell) Cov(g, π | cell)."""
    return float(m * law.covariance(gain(law.t, law.image, p), kept_chance(law.u, n, m)).sum())


def gap_with_maximum(law: Cells, largest: float, image: float, n: int, m: int, p: float) -> float:
    """The same for a group of the block maximum, of magnitude ``largest``, and m − 1 independent smaller entries.

    ``law`` is that of the smaller ones. The maximum takes one of the n places; in its own cell, of probability P,
    quantizing first keeps it with chance E min(1, n/(1 + Bin(m − 1, P))).
    """
    saved, chance = gain(law.t, law.image, p), kept_chance(law.u, n - 1, m - 1)
    below = law.image < image
    beside = (~below).astype(np.float64)
    others = float((m - 1) * law.covariance(saved, chance)[np.unique(law.cell[below])].sum())
    share = law.mean(beside)
    drawn = law.mean(beside * saved * (chance - _kept_of(n, m - 2, share, 2))) if share else 0.0
    top = gain(np.asarray(largest), np.asarray(image), p)
    return others + (m - 1) * drawn + float(top) * (1 - _kept_of(n, m - 1, share, 1))


def _kept_of(n: int, draws: int, share: float, already: int) -> float:
    """E min(1, n/(already + Bin(draws, share))), 0 for draws < 0."""
    if draws < 0:
        return 0.0
    k = np.arange(draws + 1, dtype=np.float64)
    chance = np.exp(log_binomial(draws, k) + xlogy(k, share) + xlog1py(draws - k, -min(share, 1.0)))
    return float(chance @ np.minimum(1, n / (already + k)))


def expected_mask_change(density: Density, fmt: Format, scale: float, n: int, m: int) -> float:
    """P(both orders keep different entries) of one group of m independent entries, ties broken blindly.

    Σ_cells Σ_{J < n < J + C} P(J, C)(1 − 1/C(C, n − J)) for the multinomial numbers J above a cell and C inside it.
    Raises ValueError as ``expected_order_gap``.
    """
    check(n, m, 1, fmt)
    law = cells(density, fmt, scale)
    inside = law.per_cell(np.ones(law.t.size))
    above = np.clip(np.cumsum(inside[::-1])[::-1] - inside, 0, 1)
    below = np.clip(1 - above - inside, 0, 1)
    total: Array = np.zeros(inside.size)
    for j in range(n):
        for c in range(n - j + 1, m - j + 1):
            ways = log_binomial(m, j) + log_binomial(m - j, c)
            chance = np.exp(ways + xlogy(j, above) + xlogy(c, inside) + xlogy(m - j - c, below))
            total += chance * (1 - np.exp(-log_binomial(c, n - j)))
    return float(total.sum())


def boundary_constant(n: int, m: int) -> float:
    """m!/((n − 1)! (m − n − 1)!): the constant of the joint density of two boundary entries on the diagonal."""
    return float(m * np.exp(-betaln(n, m - n)))
