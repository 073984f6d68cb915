"""The r largest singular directions of an error, stored beside the compressed weight and added to it."""

import numpy as np

from sqtheory.arrays import Array


def tails(e: Array) -> Array:
    """√Σ_{i>r} σ_i² for r = 0, 1, …, n: the Frobenius distance of e to the matrices of rank at most r.

    e: (…, rows, inputs), finite; n = min(rows, inputs); (…, n + 1) float64, by `eckart1936approximation`.
    """
    spectrum = np.linalg.svd(e.astype(np.float64), compute_uv=False)
    largest = np.where(spectrum[..., :1] > 0, spectrum[..., :1], 1.0)
    squares = (spectrum / largest)[..., ::-1] ** 2
    left = np.sqrt(np.cumsum(squares, axis=-1)[..., ::-1]) * largest
    return np.concatenate([left, np.zeros((*left.shape[:-1], 1))], axis=-1)


def best_of_rank(e: Array, rank: int, weights: Array | None = None) -> Array:
    """argmin ‖(e − L) diag(weights)‖_F over L of rank at most ``rank``: the first terms of the singular decomposition.

    e: (rows, inputs), finite; weights: (inputs,), none negative, 1 unless given; float64. Columns of weight 0 count for
    nothing and stay 0 in L. Raises ValueError for a negative rank and for weights of another shape or sign.
    """
    if rank < 0:
        raise ValueError(f"a rank is not negative, got {rank}")
    error = e.astype(np.float64)
    scale = np.ones(error.shape[1]) if weights is None else weights.astype(np.float64)
    if scale.shape != error.shape[1:] or not (np.isfinite(scale) & (scale >= 0)).all():
        raise ValueError(f"an error of shape {error.shape} needs a finite weight ≥ 0 for each of its columns")
    left, spectrum, right = np.linalg.svd(error * scale, full_matrices=False)
    best = (left[:, :rank] * spectrum[:rank]) @ right[:rank]
    return np.asarray(np.divide(best, scale, out=np.zeros_like(best), where=scale > 0))
