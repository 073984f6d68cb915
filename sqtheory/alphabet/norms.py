"""The exponent p of a norm: its range, its spelling, the units that keep p-th powers in range; norms of columns."""

import numpy as np

from sqtheory.arrays import Array
from sqtheory.exceptions import real

STEEP = 500
"""Above this p the p-th powers of half and of twice the largest magnitude leave the range of float64."""
SAFE = 400
"""Powers of two within ±SAFE leave room for sums of powers and for much smaller entries."""


def check_norm(p: float) -> float:
    """p as a float; raises ValueError unless it lies in (0, ∞], TypeError where it is no number."""
    number = real(p, "the p of a norm")
    if not number > 0:
        raise ValueError(f"a p-norm needs p in (0, inf], got {p}")
    return number


def spell_norm(p: float) -> str:
    """p as it is written: ``1``, ``2``, ``1.5``, ``inf``."""
    return f"{p:g}" if float(f"{p:g}") == p else repr(float(p))


def unit_of(size: Array, p: float = 2.0) -> float:
    """The power of two just above the largest magnitude, 1 for a zero tensor: dividing by it is exact.

    For p > ``STEEP`` the largest magnitude itself, whose p-th power cannot underflow.
    """
    return float(units(np.asarray(np.max(size, initial=0.0)), p))


def units(largest: Array, p: float) -> Array:
    """``unit_of`` for tensors of these largest magnitudes, float64."""
    exponent = np.minimum(np.frexp(largest)[1], 1023)
    unit = largest if STEEP < p < np.inf else np.ldexp(1.0, exponent)
    return np.where((largest > 0) & np.isfinite(largest), unit, 1.0)


def power_units(largest: Array, p: float) -> Array:
    """``units`` where the p-th power of a tensor's largest magnitude is beyond 2^±400, else 1."""
    if p == np.inf:
        return np.ones(np.shape(largest))
    return np.where(np.abs(np.frexp(largest)[1]) * p < SAFE, 1.0, units(largest, p))


def column_norms(matrix: Array) -> Array:
    """‖P_{:, j}‖₂ of every column in float64, in a power of two near its largest entry: no square leaves the range."""
    p = matrix.astype(np.float64)
    _, unit = np.frexp(np.abs(p).max(axis=0, initial=0))
    return np.asarray(np.ldexp(np.linalg.norm(np.ldexp(p, -unit), axis=0), unit))
