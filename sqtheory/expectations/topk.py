"""The order gap of an unstructured mask: the boundary sits at a quantile, and all that counts is where in its cell."""

import numpy as np

from sqtheory.formats import Format
from sqtheory.order_gap.densities import Density
from sqtheory.order_gap.finite_step import INNER, INNER_WEIGHTS, cells, gain


def order_gap_topk(density: Density, fmt: Format, scale: float, keep: float, p: int = 1) -> float:
    """lim (E‖ε_{s∘q}‖_p^p − E‖ε_{q∘s}‖_p^p)/N as N → ∞ when a share of N independent entries is kept.

    With τ the quantile F(τ) = 1 − keep in the cell [a, b): S→Q keeps the part of the cell above τ, Q→S a random
    part of equal size, so the limit is ∫_τ^b g f dt − (F(b) − F(τ))/(F(b) − F(a)) ∫_a^b g f dt, 0 in the cell of 0.
    Raises ValueError for p other than 1, 2, or unless 0 < keep < 1.
    """
    if p not in (1, 2) or not 0 < keep < 1:
        raise ValueError(f"needed p = 1 or 2 and a share between 0 and 1, got p = {p}, {keep}")
    low, high, image = cells(fmt, scale)
    threshold = float(density.quantile(np.array(1 - keep)))
    cell = int(np.searchsorted(low, threshold, side="right")) - 1
    start = float(density.cdf(low[cell]))
    end = 1.0 if np.isinf(high[cell]) else float(density.cdf(high[cell]))

    def saved(first: float) -> float:
        """∫ g f dt from the quantile ``first`` to the end of the cell."""
        t = density.quantile(np.clip(first + (end - first) * INNER, 0, 1 - 1e-15))
        return float((end - first) * (gain(t, image[cell], p) @ INNER_WEIGHTS))

    kept = (end - (1 - keep)) / (end - start)
    return saved(1 - keep) - kept * saved(start)
