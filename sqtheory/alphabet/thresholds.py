"""What a threshold for activations loses of the output of their layer, as CETT measures it."""

import numpy as np

from sqtheory.alphabet.norms import column_norms
from sqtheory.arrays import Array


def tail_errors(x: Array, weight: Array, threshold: float) -> Array:
    """‖W z‖₂/‖W x‖₂ of every row x, z its entries with |x_j|·‖W_:j‖₂ ≤ τ; float64 (rows,).

    Raises ValueError for a row whose output is 0.
    """
    w, rows = weight.astype(np.float64), x.astype(np.float64)
    tail = np.where(np.abs(rows) * column_norms(w) <= threshold, rows, 0.0)
    whole = np.linalg.norm(rows @ w.T, axis=1)
    if not whole.all():
        raise ValueError(f"row {int(np.flatnonzero(whole == 0)[0])} has an output of 0, of which no share can be lost")
    return np.asarray(np.linalg.norm(tail @ w.T, axis=1) / whole)


def cett(x: Array, weight: Array, threshold: float) -> float:
    """The mean of ``tail_errors``, cumulative errors of tail truncation (`luo2025sparsing`, src/model_utils.py).

    Not monotone in τ: outputs of two entries can cancel.
    """
    return float(tail_errors(x, weight, threshold).mean())
