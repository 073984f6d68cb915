"""The PQ index of sparsity, and how many entries it says must be kept."""

import math

import numpy as np

from sqtheory.arrays import Array
from sqtheory.exceptions import real

NOISE = 1e-12
"""Share of a number of entries that the rounding of float64 may add to it."""


def check_exponents(p: float, q: float) -> tuple[float, float]:
    """Both as floats. Raises ValueError unless 0 < p < q < ∞."""
    low, high = real(p, "the exponent p"), real(q, "the exponent q")
    if not 0 < low < high < math.inf:
        raise ValueError(f"a PQ index needs 0 < p < q < ∞, got p = {low:g}, q = {high:g}")
    return low, high


def pq_index(rows: Array, p: float, q: float) -> Array:
    """I = 1 − d^{1/q − 1/p} ‖x‖_p/‖x‖_q of every row of d finite entries, in [0, 1 − d^{1/q − 1/p}]; 0 of zeros.

    0 where all magnitudes are equal, largest where one entry is not 0; the same for c·x, for the entries in another
    order and for the row repeated; smaller after a larger magnitude gives to a smaller one. `diao2023pqi`, Def. 1.
    """
    p, q = check_exponents(p, q)
    log_p, log_q = (_log_mean(rows, r) / r for r in (p, q))
    with np.errstate(invalid="ignore"):
        return np.where(np.isfinite(log_q), -np.expm1(np.minimum(log_p - log_q, 0.0)), 0.0)


def retained(rows: Array, p: float, q: float, eta: float = 0.0) -> Array:
    """r = d (1 + η)^{−q/(q−p)} (1 − I)^{pq/(q−p)} = ((Σ|x|^p)^q/(Σ|x|^q)^p)^{1/(q−p)} (1 + η)^{−q/(q−p)} of every row.

    No fewer entries are left where the p-th powers of the others sum to at most η times theirs (theorem
    ``index_retention``). `diao2023pqi`, Theorem 2; d for a row of zeros.
    """
    p, q = check_exponents(p, q)
    if not 0 <= real(eta, "η") < math.inf:
        raise ValueError(f"η is a finite number of at least 0, got {eta}")
    log_p, log_q = _log_mean(rows, p), _log_mean(rows, q)
    with np.errstate(invalid="ignore"):
        share = np.exp((q * log_p - p * log_q - q * math.log1p(eta)) / (q - p))
    return np.where(np.isfinite(log_q), rows.shape[1] * share, float(rows.shape[1]))


def _log_mean(rows: Array, r: float) -> Array:
    """log of the mean of |x|^r in a unit of the row, a power of two near its largest entry; −∞ of zeros."""
    size = np.abs(rows).astype(np.float64)
    _, unit = np.frexp(size.max(axis=1, keepdims=True, initial=0.0))
    with np.errstate(divide="ignore"):
        return np.asarray(np.log((np.ldexp(size, -unit) ** r).mean(axis=1)))
