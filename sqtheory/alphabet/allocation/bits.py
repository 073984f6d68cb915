"""Bits of layers whose error halves with every bit: reverse water-filling."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.arrays import Array


@final
@dataclass(frozen=True)
class WaterLevel:
    """b_l = max(0, ½ log₂(σ_l²/θ)) with Σ n_l b_l = b̄ Σ n_l: real bits, and log₂ θ, the level of every error left."""

    bits: tuple[float, ...]
    level: float
    gain: float
    """Σ n_l σ_l² 4^{−b̄} over Σ n_l σ_l² 4^{−b_l}: what equal bits lose more; the arithmetic over the geometric mean of
    the σ_l² where every layer has bits; ∞ beyond float64."""


def water_filled(variances: Sequence[float], sizes: Sequence[int], mean_bits: float) -> WaterLevel:
    """The bits b ≥ 0 of mean b̄ per entry that make Σ n_l σ_l² 4^{−b_l} least, `cover2006elements`, Theorem 10.3.3.

    ``variances``: σ_l², finite and ≥ 0; layers of variance 0 have no bits. Raises ValueError for other numbers, for
    negative bits, and where no layer has variance while bits are to be spent.
    """
    power, count = np.asarray(variances, np.float64), np.asarray(sizes, np.float64)
    if power.ndim != 1 or power.shape != count.shape or not np.isfinite(power).all() or (power < 0).any():
        raise ValueError(f"needed a finite variance of at least 0 for every layer, got {list(variances)}")
    if (count < 1).any() or not 0 <= mean_bits < np.inf:
        raise ValueError(f"needed sizes of at least 1 and bits of at least 0, got {list(sizes)}, {mean_bits}")
    budget = mean_bits * count.sum()
    if not power.any():
        if budget > 0:
            raise ValueError("no layer has variance, and bits were to be spent")
        return WaterLevel((0.0,) * power.size, -np.inf, 1.0)
    level = _level(power, count, budget)
    height = np.log2(power, out=np.full(power.shape, -np.inf), where=power > 0)
    bits = np.maximum(0.0, (height - level) / 2)
    with np.errstate(over="ignore"):
        gain = float(
            (count * np.exp2(height - 2 * mean_bits - level)).sum() / (count * np.exp2(height - 2 * bits - level)).sum()
        )
    return WaterLevel(tuple(bits.tolist()), level, gain)


def _level(power: Array, count: Array, budget: float) -> float:
    """log₂ θ: of the layers of largest variance so many are under water that the next one is not, the first always."""
    order = np.argsort(-power[power > 0], kind="stable")
    height, size = np.log2(power[power > 0][order]), count[power > 0][order]
    levels = (np.cumsum(size * height) - 2 * budget) / np.cumsum(size)
    wet = height >= levels
    wet[0] = True
    return float(levels[np.flatnonzero(wet)[-1]])
