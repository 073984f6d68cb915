"""The order gap of an unstructured mask: the cut sits at a quantile, and all that counts is where in its cell."""

import numpy as np

from sqtheory.alphabet.formats import Format
from sqtheory.theory.expectations.densities import Density
from sqtheory.theory.expectations.finite_step import check, gain
from sqtheory.theory.expectations.quadrature import cells


def order_gap_topk(density: Density, fmt: Format, scale: float, keep: float, p: float = 1) -> float:
    """lim (E‖ε_{s∘q}‖_p^p − E‖ε_{q∘s}‖_p^p)/N as N → ∞ when a share of N independent entries is kept.

    With τ the quantile F(τ) = 1 − keep in the cell [a, b): S→Q keeps the part of the cell above τ, Q→S a blind
    choice of equal size, so the limit is ∫_τ^b g f dt − (F(b) − F(τ))/(F(b) − F(a)) ∫_a^b g f dt, 0 in the cell of 0.
    Raises ValueError for p other than 1, 2, unless 0 < keep < 1, for a grid not symmetric about 0 with 0 in it.
    """
    check(1, 2, p, fmt)
    if not 0 < keep < 1:
        raise ValueError(f"a share that is kept lies between 0 and 1, got {keep}")
    law = cells(density, fmt, scale, breaks=(1 - keep,))
    return float(law.covariance(gain(law.t, law.image, p), (law.u > 1 - keep).astype(np.float64)).sum())


def locally_constant_gap(f: float, v: float, step: float, theta: float, p: float = 1) -> float:
    """The same for a density f constant over the cell [v − Δ/2, v + Δ/2] of which the share θ lies above the cut.

    v f Δ² θ(1 − θ) for p = 2; for p = 1 it is f Δ² θ/4 where θ ≤ 1/2 and f Δ² (1 − θ)(θ − 1/4) above.
    Raises ValueError for other p.
    """
    if p not in (1, 2):
        raise ValueError(f"the order gap is computed for p = 1 and 2, got {p}")
    if p == 2:
        return v * f * step**2 * theta * (1 - theta)
    return f * step**2 * (theta / 4 if theta <= 0.5 else (1 - theta) * (theta - 0.25))
