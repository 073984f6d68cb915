"""Thresholds for activations: what they lose of the output of a layer, and of which share of entries they are."""

from collections.abc import Sequence

import numpy as np

from sqtheory.alphabet.norms import column_norms
from sqtheory.arrays import Array


def tail_errors(x: Array, weight: Array, threshold: float) -> Array:
    """‖W z‖₂/‖W x‖₂ of every row x, z its entries with |x_j|·‖W_:j‖₂ ≤ τ; float64 (rows,).

    Raises ValueError for a row whose output is 0.
    """
    w, rows = weight.astype(np.float64), x.astype(np.float64)
    tail = np.where(np.abs(rows) * column_norms(w) <= threshold, rows, 0.0)
    return np.asarray(np.linalg.norm(tail @ w.T, axis=1) / _outputs(rows, w))


def _outputs(rows: Array, w: Array) -> Array:
    whole = np.linalg.norm(rows @ w.T, axis=1)
    if not whole.all():
        raise ValueError(f"row {int(np.flatnonzero(whole == 0)[0])} has an output of 0, of which no share can be lost")
    return np.asarray(whole)


def cett(x: Array, weight: Array, threshold: float) -> float:
    """The mean of ``tail_errors``, cumulative errors of tail truncation (`luo2025sparsing`, src/model_utils.py).

    Not monotone in τ: outputs of two entries can cancel.
    """
    return float(tail_errors(x, weight, threshold).mean())


def cett_bound(x: Array, weight: Array, threshold: float) -> float:
    """The mean of Σ |x_j|·‖W_:j‖₂/‖W x‖₂ over the entries that τ prunes: at least ``cett``, and monotone in τ.

    Raises ValueError for a row whose output is 0.
    """
    w, rows = weight.astype(np.float64), x.astype(np.float64)
    scores = np.abs(rows) * column_norms(w)
    shares = np.where(scores <= threshold, scores, 0.0).sum(axis=1)
    return float((shares / _outputs(rows, w)).mean())


def safe_threshold(x: Array, weight: Array, target: float) -> float:
    """The largest score up to which ``cett_bound`` is at most the target, 0 where none is: CETT is at most that too."""
    scores = np.unique(np.abs(x.astype(np.float64)) * column_norms(weight.astype(np.float64)))
    low, high = 0, scores.size
    while low < high:
        middle = (low + high) // 2
        if cett_bound(x, weight, float(scores[middle])) <= target:
            low = middle + 1
        else:
            high = middle
    return float(scores[low - 1]) if low else 0.0


def ranked(scores: Array, share: float) -> float:
    """The ⌊n q⌋-th smallest of n scores. Raises ValueError where that is none of them."""
    if not 1 <= (rank := int(scores.size * share)) <= scores.size:
        raise ValueError(f"a share of {share} of {scores.size} scores has no rank")
    return float(np.partition(scores.ravel(), rank - 1)[rank - 1])


def averaged_quantile(sequences: Sequence[Array], share: float) -> float:
    """The mean over sequences of the quantile of each (`he2024chess`, CHESS/notebooks/thresholds.py).

    No quantile of all scores together, and of short sequences ranks are rounded down one by one.
    """
    return float(np.mean([ranked(one, share) for one in sequences]))
