"""The order gap as the step tends to 0: the joint density of the two boundary order statistics on the diagonal."""

import numpy as np

from sqtheory.theory.expectations.densities import Density
from sqtheory.theory.expectations.finite_step import boundary_constant

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(400)
LEVELS, WEIGHTS = (_NODES + 1) / 2, _WEIGHTS / 2
"""Nodes and weights on [0, 1]."""


def kappa(density: Density, n: int, m: int, moment: int = 0) -> float:
    """∫ t^moment c F^{m−n−1} (1 − F)^{n−1} f² dt with c = m!/((n−1)! (m−n−1)!), for an n:m mask.

    With u = F(t): c ∫₀¹ u^{m−n−1} (1 − u)^{n−1} f(t(u)) t(u)^moment du. Raises ValueError unless 0 < n < m.
    """
    if not 0 < n < m:
        raise ValueError(f"an n:m mask that prunes and keeps needs 0 < n < m, got {n}:{m}")
    t = density.quantile(LEVELS)
    weights = WEIGHTS * LEVELS ** (m - n - 1) * (1 - LEVELS) ** (n - 1)
    return float(boundary_constant(n, m) * np.sum(weights * density.pdf(t) * t**moment))


def mask_change_law(density: Density, n: int, m: int, step: float) -> float:
    """P(both orders keep different entries) = (Δ/4) κ + o(Δ) of one group."""
    return step * kappa(density, n, m) / 4


def order_gap_law(density: Density, n: int, m: int, step: float, p: float = 1) -> float:
    """E‖ε_{s∘q}‖_p^p − E‖ε_{q∘s}‖_p^p of one group as Δ → 0: Δ²κ/12 for p = 1, (Δ²/6) ∫ t … dt for p = 2.

    Raises ValueError for other p.
    """
    if p not in (1, 2):
        raise ValueError(f"the order gap is computed for p = 1 and 2, got {p}")
    return step**2 * (kappa(density, n, m) / 12 if p == 1 else kappa(density, n, m, 1) / 6)
