"""What the error of a linear layer stays within, but for a chance δ (theorem ``dot_concentration``)."""

import math
from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.alphabet.cells import cells
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array, ArrayLike, as_real
from sqtheory.orders.matrix_errors import as_matrix, same_inputs


@final
@dataclass(frozen=True, eq=False)
class ProbableBound:
    """Each entry of X Wᵀ − Q(X) Q(s(W))ᵀ is within ``deviation`` of ``bias`` with probability 1 − δ at least.

    Guaranteed for unbiased stochastic rounding without saturation, entry by entry. Rounding to nearest is no chance
    event: there it is a model of independent errors, whose ``coverage`` has to be measured.
    """

    bias: Array
    """X ε_s(W)ᵀ, what pruning costs: samples × outputs."""
    deviation: Array
    """√(½ ln(2/δ) Σ R_i²), samples × outputs."""
    worst: Array
    """Σ R_i, which no outcome passes."""
    delta: float

    def coverage(self, errors: ArrayLike) -> float:
        """The share of entries of X Wᵀ − X̂ Ŵᵀ (any number of draws, first axis) that are within the deviation."""
        distance = np.abs(as_real(errors).astype(np.float64) - self.bias)
        return float(np.mean(distance <= self.deviation * (1 + 1e-12)))


def concentration(
    x: ArrayLike,
    w: ArrayLike,
    q: Quantizer,
    s: Sparsifier | None = None,
    *,
    activations: Quantizer | None = None,
    delta: float = 0.05,
) -> ProbableBound:
    """The bound for weights W pruned by s, then rounded by q, and activations X rounded by ``activations`` or exact.

    R_i = |x_i| d_i for cells of width d_i around s(w)_i; with rounded activations max|Q(x_i)| d_i + max|Q(w_i)| d′_i.
    Raises ValueError unless 0 < δ < 1.
    """
    if not 0 < delta < 1:
        raise ValueError(f"delta is the chance of leaving the bound, between 0 and 1, got {delta}")
    samples, weight = as_matrix(x, "X"), as_matrix(w, "W")
    same_inputs(samples, weight, "X and W")
    sparse = weight if s is None else s(weight)
    below, above = cells(q, sparse)
    w_width, w_size = above - below, np.maximum(np.abs(below), np.abs(above))
    if activations is None:
        x_width, x_size = np.zeros_like(samples), np.abs(samples)
    else:
        low, high = cells(activations, samples)
        x_width, x_size = high - low, np.maximum(np.abs(low), np.abs(high))
    squares = x_size**2 @ (w_width**2).T + 2 * (x_size * x_width) @ (w_size * w_width).T + x_width**2 @ (w_size**2).T
    return ProbableBound(
        samples @ (weight - sparse).T,
        np.sqrt(math.log(2 / delta) / 2 * squares),
        x_size @ w_width.T + x_width @ w_size.T,
        delta,
    )
