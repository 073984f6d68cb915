"""Selection in one pass: entries stay that are no less than the exponentially weighted mean of those before them."""

import numpy as np

from sqtheory.arrays import Array, Mask


def running_means(scores: Array, decay: float) -> Array:
    """m_0 = s_0 and m_i = β m_{i−1} + (1 − β) s_i along the last axis; float64, of the scores' shape.

    A weighted mean of s_0 … s_i of weights β^i, (1 − β) β^{i−1}, …, 1 − β. Raises ValueError unless 0 ≤ β < 1.
    """
    if not 0 <= decay < 1:
        raise ValueError(f"a decay lies in [0, 1), got {decay}")
    means = scores.astype(np.float64)
    for at in range(1, means.shape[-1]):
        means[..., at] = decay * means[..., at - 1] + (1 - decay) * means[..., at]
    return means


def above_running_mean(scores: Array, decay: float, factor: float = 1.0) -> Mask:
    """Which entries have s_i ≥ c m_{i−1}, the first always; ``factor``: c ≥ 0, that says how many stay.

    For c = 1 as many have s_i ≥ m_i, whatever β > 0. Raises ValueError for c < 0 and as ``running_means``.
    """
    if factor < 0:
        raise ValueError(f"a factor of a threshold is at least 0, got {factor}")
    means = running_means(scores, decay)
    kept = np.ones(scores.shape, np.bool_)
    kept[..., 1:] = scores[..., 1:] >= factor * means[..., :-1]
    return kept


def regret(scores: Array, kept: Mask) -> float:
    """Σ of the k largest scores of a row less Σ of the k kept ones, over all rows: ≥ 0, and 0 of an exact top-k."""
    ranked = -np.sort(-scores.astype(np.float64), axis=-1)
    first = np.arange(scores.shape[-1]) < kept.sum(axis=-1, keepdims=True)
    return float((ranked * first).sum() - (scores * kept).sum())
