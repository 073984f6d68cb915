"""The rate at which columns are coded to a distortion, its gradient, and the step that makes them sparse."""

import numpy as np

from sqtheory.arrays import Array


def coding_rate(z: Array, distortion: float) -> float:
    """R(Z) = ½ log det(I + d/(n ε²) Z Zᵀ) in nats; z: (d, n), float64. ValueError for ε ≤ 0.

    `yu2023crate`; the official code takes columns of norm 1, and what it calls eps is ε².
    """
    return float(np.linalg.slogdet(_system(z, distortion))[1] / 2)


def rate_gradient(z: Array, distortion: float) -> Array:
    """∇R = α (I + α Z Zᵀ)⁻¹ Z with α = d/(n ε²): (d, n)."""
    return np.asarray(_weight(z, distortion) * np.linalg.solve(_system(z, distortion), z))


def rate_of_levels(levels: int) -> float:
    """½ log(1 + 12 L²): no column of d entries of at most L steps has a larger R/d at the distortion of their rounding.

    ε² = d Δ²/12 for a step Δ, so that α = 12/(n Δ²): det(I + α Z Zᵀ) is at most the product of its diagonal
    (Hadamard), and no entry of that is more than 1 + 12 L².
    """
    return float(np.log1p(12 * levels**2) / 2)


def sparse_step(z: Array, dictionary: Array, size: float, strength: float) -> Array:
    """max(z + η Dᵀ(z − D z) − ηλ, 0): a proximal gradient step from codes z for the target z itself.

    The loss ½‖y − D u‖² + λ Σ u over u ≥ 0, y = z, does not grow by it if η ≤ 1/‖D‖². z: (d, n); D: (d, d).
    """
    return np.maximum(z + size * (dictionary.T @ (z - dictionary @ z)) - size * strength, 0)


def _weight(z: Array, distortion: float) -> float:
    if not distortion > 0:
        raise ValueError(f"a distortion is positive, got {distortion}")
    return float(z.shape[0] / (z.shape[1] * distortion**2))


def _system(z: Array, distortion: float) -> Array:
    return np.asarray(np.eye(len(z)) + _weight(z, distortion) * (z @ z.T))
