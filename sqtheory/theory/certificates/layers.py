"""Certified bounds on the output error of one linear layer Y = X Wᵀ (theorems ``linear_layer``, ``gram_error``)."""

import math
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from sqtheory.arrays import ArrayLike
from sqtheory.orders.errors import relative_error
from sqtheory.orders.matrix_errors import as_matrix, frobenius, gram_norm, layer_error, spectral


@final
@dataclass(frozen=True)
class LayerCertificate:
    """‖X Wᵀ − X̂ Ŵᵀ‖_F of one layer and what bounds it: certified up to the rounding of float64."""

    measured: float
    """‖X Wᵀ − X̂ Ŵᵀ‖_F."""
    relative: float
    """The same over ‖X Wᵀ‖_F."""
    activations: float
    """‖(X − X̂) Wᵀ‖_F."""
    weights: float
    """‖X̂ (W − Ŵ)ᵀ‖_F."""
    bound: float
    """‖X − X̂‖_F ‖W‖₂ + min(‖X̂‖₂ ‖W − Ŵ‖_F, ‖X̂‖_F ‖W − Ŵ‖₂): norms of operands and errors alone."""
    interaction_bound: float
    """‖X − X̂‖_F ‖W‖₂ + ‖X‖₂ ‖W − Ŵ‖_F + ‖X − X̂‖_F ‖W − Ŵ‖₂: knows X̂ only by its error."""

    @property
    def tightness(self) -> float:
        """Measured over bound, in [0, 1]; 1 for an exact layer."""
        return self.measured / self.bound if self.bound else 1.0

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, ready for JSON."""
        return {
            "measured": self.measured,
            "relative": self.relative if math.isfinite(self.relative) else str(self.relative),
            "activations": self.activations,
            "weights": self.weights,
            "bound": self.bound,
            "interaction_bound": self.interaction_bound,
            "tightness": self.tightness,
        }


def certify_layer(x: ArrayLike, w: ArrayLike, w_hat: ArrayLike, x_hat: ArrayLike | None = None) -> LayerCertificate:
    """The certificate of a layer from activations X (samples × inputs), weights W and Ŵ (outputs × inputs).

    ``x_hat`` is X̂ = q(X) where activations are quantized too. Raises ValueError where shapes do not fit.
    """
    samples, weight, compressed = as_matrix(x, "X"), as_matrix(w, "W"), as_matrix(w_hat, "Ŵ")
    image = samples if x_hat is None else as_matrix(x_hat, "X̂")
    measured = layer_error(samples, weight, image, compressed)
    lost, change = samples - image, weight - compressed
    x_error, w_error, w_stretch = frobenius(lost), frobenius(change), spectral(change)
    stretch = spectral(samples)
    image_stretch = stretch if x_hat is None else spectral(image)
    activations = x_error * spectral(weight)
    output = samples @ weight.T
    return LayerCertificate(
        measured,
        relative_error(output - lost @ weight.T - image @ change.T, output),
        frobenius(lost @ weight.T),
        frobenius(image @ change.T),
        activations + min(image_stretch * w_error, frobenius(image) * w_stretch),
        activations + stretch * w_error + x_error * w_stretch,
    )


def certify_moments(w: ArrayLike, w_hat: ArrayLike, moments: ArrayLike) -> tuple[float, float]:
    """(E‖(W − Ŵ)x‖₂²)^{1/2}, exact, and its bound λ_max(Σ_x)^{1/2} ‖W − Ŵ‖_F, from second moments Σ_x = E xxᵀ alone."""
    change = as_matrix(w, "W") - as_matrix(w_hat, "Ŵ")
    sigma = as_matrix(moments, "Σ_x")
    exact = gram_norm(change, sigma)
    return exact, math.sqrt(max(float(np.linalg.eigvalsh(sigma)[-1]), 0.0)) * frobenius(change)
