"""Errors of matrices and of linear layers Y = X Wᵀ: X samples × inputs, W outputs × inputs, in float64."""

import math

import numpy as np

from sqtheory.arrays import Array, ArrayLike, as_real
from sqtheory.exceptions import first_at
from sqtheory.orders.errors import norm


def as_matrix(x: ArrayLike, what: str) -> Array:
    """A finite real matrix, float64, samples or outputs × inputs; leading axes are joined.

    Raises ValueError naming ``what`` for a scalar or a vector, and where an entry is NaN or infinite.
    """
    given = as_real(x)
    if given.ndim < 2:
        raise ValueError(f"{what} must be a matrix, rows × inputs, got shape {given.shape}")
    matrix = given.reshape(-1, given.shape[-1]).astype(np.float64)
    if not np.isfinite(matrix).all():
        first = first_at(~np.isfinite(matrix))
        raise ValueError(f"{what} has {matrix[first]} at {first}: errors of layers need finite numbers")
    return matrix


def same_inputs(a: Array, b: Array, what: str) -> None:
    """Raise ValueError unless both matrices have as many inputs (columns)."""
    if a.shape[-1] != b.shape[-1]:
        raise ValueError(f"{what} have {a.shape[-1]} and {b.shape[-1]} inputs: they must agree")


def second_moments(x: ArrayLike) -> Array:
    """Σ_x = XᵀX/n of n samples, inputs × inputs: second moments about 0, not the covariance (theorem ``gram_error``).

    Raises ValueError without samples.
    """
    samples = as_matrix(x, "X")
    if not len(samples):
        raise ValueError("X holds no samples: second moments need at least one")
    return np.asarray(samples.T @ samples / len(samples))


def frobenius(e: ArrayLike) -> float:
    """‖E‖_F = (Σ e_ij²)^{1/2}."""
    return norm(e, 2.0)


def spectral(e: ArrayLike) -> float:
    """‖E‖₂, the largest singular value of a matrix; 0 for an empty one."""
    matrix = as_matrix(e, "E")
    return float(np.linalg.norm(matrix, 2)) if matrix.size else 0.0


def gram_norm(e: ArrayLike, moments: ArrayLike) -> float:
    """(tr E Σ Eᵀ)^{1/2}: the root mean square over samples x of ‖E x‖₂, for second moments Σ = E xxᵀ.

    ``moments`` is Σ, inputs × inputs, or its diagonal. Raises ValueError where shapes differ or the trace is negative
    beyond rounding, which no second moments make it.
    """
    matrix, sigma = as_matrix(e, "E"), as_real(moments).astype(np.float64)
    inputs = matrix.shape[1]
    if sigma.shape not in ((inputs,), (inputs, inputs)):
        raise ValueError(
            f"second moments of {inputs} inputs have shape ({inputs}, {inputs}) or ({inputs},), got {sigma.shape}"
        )
    weighted = matrix * sigma if sigma.ndim == 1 else matrix @ sigma
    terms = weighted * matrix
    total = float(terms.sum())
    if total < -1e-9 * float(np.abs(terms).sum()):
        raise ValueError(f"tr(E Σ Eᵀ) = {total:.6g} is negative: Σ is not a matrix of second moments")
    return math.sqrt(max(total, 0.0))


def layer_error(x: ArrayLike, w: ArrayLike, x_hat: ArrayLike, w_hat: ArrayLike) -> float:
    """‖X Wᵀ − X̂ Ŵᵀ‖_F, what compressing activations and weights changes in the output of a linear layer."""
    one, two = as_matrix(x, "X"), as_matrix(w, "W")
    same_inputs(one, two, "X and W")
    a, b = as_matrix(x_hat, "X̂"), as_matrix(w_hat, "Ŵ")
    if a.shape != one.shape or b.shape != two.shape:
        raise ValueError(
            f"X and X̂ have shapes {one.shape} and {a.shape}, W and Ŵ {two.shape} and {b.shape}: must agree"
        )
    return frobenius((one - a) @ two.T + a @ (two - b).T)
