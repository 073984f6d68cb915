"""Rounding errors of the first half of the survivors are made up for by the second half, in closed form."""

import numpy as np

from sqtheory.arrays import Array, Mask


def least_squares(moments: Array, w: Array, free: Mask) -> Array:
    """What to add to the ``free`` entries of one row so that what the others lost, w there, changes outputs least.

    moments: XᵀX, symmetric and positive definite; w: (inputs,), read where not ``free``. The minimiser d of
    ‖X (d − w)‖₂ over d supported on ``free``: H_FF⁻¹ H_FL w_L. float64 of shape (inputs,), 0 where not ``free``.
    """
    moved = np.zeros(w.shape)
    if free.any() and not free.all():
        lost = np.flatnonzero(~free)
        rows = moments[free]
        moved[free] = np.linalg.solve(rows[:, free], rows[:, lost] @ w[lost])
    return moved


def restored(w: Array, keep: Mask, moments: Array) -> Array:
    """w_I + H_II⁻¹ H_IZ w_Z of every row, I its kept entries and Z the others: 0 on Z (`guo2025obr`, official code).

    w: (rows, inputs); keep: the same shape; moments: as for ``least_squares``; float64. It is the least-squares fit on
    the support I.
    """
    rows = w.astype(np.float64)
    return np.stack(
        [np.where(kept, row + least_squares(moments, row, kept), 0.0) for row, kept in zip(rows, keep, strict=True)]
    )


def shifted(w: Array, image: Array, keep: Mask, moments: Array, split: int) -> Array:
    """w with the rounding errors of its kept entries before input ``split`` moved to the kept ones after it.

    w_2 + H_22⁻¹ H_21 (w_1 − image_1) of every row, w_1 the kept entries of inputs 0 … split − 1, which stay as they
    are; w, image, keep: (rows, inputs); float64 (`guo2025obr`, official code).
    """
    rows, first = w.astype(np.float64), np.arange(w.shape[1]) < split
    out = rows.copy()
    for row, error, kept in zip(out, rows - image, keep, strict=True):
        taking = kept & ~first
        row += least_squares(moments, np.where(kept & first, error, 0.0), taking)
    return out
