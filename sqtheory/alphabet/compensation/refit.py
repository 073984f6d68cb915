"""Least squares on a support: what the entries that stay must be for a layer to lose least."""

import numpy as np

from sqtheory.arrays import Array, Mask

CHUNK = 1 << 19
"""So many entries of matrices are solved for at once."""


def refitted(w: Array, keep: Mask, h: Array) -> Array:
    """argmin tr((W − V) H (W − V)ᵀ) over V with V_ij = 0 off the support: V_S = (W H)_S H_SS⁻¹ in every row, float64.

    w and ``keep`` (rows, inputs), H (inputs, inputs) positive definite. Raises ValueError where it is singular on the
    support of a row.
    """
    target, out = w.astype(np.float64) @ h, np.zeros(w.shape)
    counts = np.count_nonzero(keep, axis=1)
    for count in np.unique(counts[counts > 0]).tolist():
        alike = np.flatnonzero(counts == count)
        step = max(1, CHUNK // count**2)
        for rows in (alike[at : at + step, None] for at in range(0, len(alike), step)):
            support = np.nonzero(keep[rows[:, 0]])[1].reshape(-1, count)
            system = h[support[:, :, None], support[:, None, :]]
            try:
                out[rows, support] = np.linalg.solve(system, target[rows, support][:, :, None])[:, :, 0]
            except np.linalg.LinAlgError:
                raise ValueError("second moments are singular on the support of a row: damp them") from None
    return out
