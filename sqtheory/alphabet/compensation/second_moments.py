"""Second moments H of a layer's inputs: the norm tr(E H Eᵀ) of an error E of its weight, and factors of H⁻¹."""

import numpy as np

from sqtheory.arrays import Array, ArrayLike, as_real
from sqtheory.exceptions import NonFinite, first_at, real

SHARE = 0.01
"""What published code adds to the diagonal, as a share of its mean (`frantar2023gptq`, §3.3, step 3)."""


def checked(moments: ArrayLike) -> Array:
    """The moments in float64, their two halves averaged.

    Raises ValueError unless they are square and symmetric with a diagonal that is not negative, NonFinite for NaN or ∞.
    """
    h = as_real(moments).astype(np.float64)
    if h.ndim != 2 or h.shape[0] != h.shape[1]:
        raise ValueError(f"second moments XᵀX have the shape (inputs, inputs), got {h.shape}")
    if not np.isfinite(h).all():
        where = first_at(~np.isfinite(h))
        raise NonFinite(f"second moments XᵀX hold {h[where]} at {where}")
    if h.size and np.abs(h - h.T).max() > 1e-5 * np.abs(h).max():
        raise ValueError("second moments XᵀX are not symmetric")
    if (np.diag(h) < 0).any():
        raise ValueError("second moments XᵀX have a negative diagonal: they are no squares")
    return np.asarray((h + h.T) / 2)


def damped(moments: ArrayLike, share: float = SHARE) -> Array:
    """H = XᵀX + λ I for λ = ``share`` times the mean of the diagonal, float64; the identity where XᵀX = 0.

    Raises as ``checked`` does, and ValueError for a share below 0.
    """
    if not real(share, "a share of the diagonal") >= 0:
        raise ValueError(f"a share of the diagonal is not negative, got {share}")
    h = checked(moments)
    mean = float(np.diag(h).mean()) if h.size else 0.0
    return h + share * mean * np.eye(len(h)) if mean > 0 else np.eye(len(h))


def inverse_factor(h: Array) -> Array:
    """The upper triangular U with H⁻¹ = UᵀU: row j says where the error of input j goes, U_jk/U_jj to k ≥ j.

    Raises ValueError unless H is positive definite.
    """
    try:
        lower = np.linalg.cholesky(h[::-1, ::-1])
    except np.linalg.LinAlgError:
        raise ValueError("second moments are not positive definite: damp them by a larger share") from None
    return np.asarray(np.triu(np.linalg.inv(lower[::-1, ::-1])))


def inverse(h: Array) -> Array:
    """H⁻¹. Raises ValueError unless H is positive definite."""
    u = inverse_factor(h)
    return np.asarray(u.T @ u)


def lost(error: Array, h: Array) -> float:
    """tr(E H Eᵀ) = ‖X Eᵀ‖_F² for H = XᵀX."""
    e = error.astype(np.float64)
    return float(np.einsum("oi,ij,oj->", e, h, e, optimize=True))
