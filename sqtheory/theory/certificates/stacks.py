"""Bounds on the error of every sample through the depth of a network (theorem ``propagation``).

``e`` is always one number for each sample: a bound on ‖y − ŷ‖₂, y of the dense network, ŷ of the compressed one. Each
function takes the bound through one part of the network, given the input y of that part in the dense network.
"""

import math
from collections.abc import Sequence

import numpy as np

from sqtheory.arrays import Array, ArrayLike, as_real, plain_array
from sqtheory.orders.matrix_errors import as_matrix, same_inputs, spectral
from sqtheory.theory.lipschitz import chord, constant


def through_linear(e: Array, y: ArrayLike, w: ArrayLike, w_hat: ArrayLike) -> Array:
    """‖Ŵ‖₂ e + ‖(W − Ŵ) y‖₂ for every sample y; biases of both networks are equal and drop out."""
    samples, weight, compressed = as_matrix(y, "y"), as_matrix(w, "W"), as_matrix(w_hat, "Ŵ")
    same_inputs(samples, weight, "y and W")
    return np.asarray(spectral(compressed) * _per_sample(e, samples) + _lengths(samples @ (weight - compressed).T))


def through_activation(e: Array, name: str) -> Array:
    """L e for an activation of this name in ``LIPSCHITZ``. Raises ValueError where it has no constant."""
    return np.asarray(constant(name) * e)


def through_norm(e: Array, y: ArrayLike, gain: ArrayLike, epsilon: float, *, centred: bool) -> Array:
    """max|γ| √n chord(e/(‖y‖² + nε)^{1/2}): LayerNorm (``centred``: y less its mean) or RMSNorm at y.

    (y, √(nε)) of unit length is what they compute, in n + 1 dimensions; no bound on ŷ but its distance is needed.
    """
    samples = as_matrix(y, "y")
    if centred:
        samples = samples - samples.mean(axis=1, keepdims=True)
    count = samples.shape[1]
    length = np.sqrt((samples**2).sum(axis=1) + count * epsilon)
    ratio = np.divide(_per_sample(e, samples), length, out=np.full(len(samples), np.inf), where=length > 0)
    return np.asarray(float(np.abs(as_real(gain)).max()) * math.sqrt(count) * chord(ratio))


def through_attention(
    e_q: Array, e_k: Array, e_v: Array, q: ArrayLike, k: ArrayLike, v: ArrayLike, *, mask: ArrayLike | None = None
) -> Array:
    """A bound for every token after softmax(q kᵀ/√d) v of one head of one sequence, tokens × d each.

    Scores move by at most (‖q‖ e_k + e_q ‖k‖ + e_q e_k)/√d each, softmax by half of that in length and never by more
    than √2, and v̂ is averaged: ‖v‖₂ min(½ ‖δ‖, √2) + max e_v. ``mask`` is true where a token attends (causal masks).
    """
    query, key, value = as_matrix(q, "q"), as_matrix(k, "k"), as_matrix(v, "v")
    a, b, c = (_per_sample(e, y) for e, y in ((e_q, query), (e_k, key), (e_v, value)))
    scores = np.outer(_lengths(query), b) + np.outer(a, _lengths(key)) + np.outer(a, b)
    seen = (
        np.ones(scores.shape, bool) if mask is None else np.broadcast_to(plain_array(mask).astype(bool), scores.shape)
    )
    moved = constant("softmax") * _lengths(np.where(seen, scores, 0.0)) / math.sqrt(query.shape[1])
    averaged = np.where(seen, c, 0.0).max(axis=1)
    return np.asarray(spectral(value) * np.minimum(moved, math.sqrt(2)) + averaged)


def through_product(e_a: Array, e_b: Array, a: ArrayLike, b: ArrayLike) -> Array:
    """‖a‖_∞ e_b + ‖b‖_∞ e_a + e_a e_b for the entrywise product a ⊙ b of every sample (gated units)."""
    one, two = as_matrix(a, "a"), as_matrix(b, "b")
    first, second = _per_sample(e_a, one), _per_sample(e_b, two)
    return np.asarray(np.abs(one).max(axis=1) * second + np.abs(two).max(axis=1) * first + first * second)


def through_residual(e: Array, branch: Array) -> Array:
    """The error of y + f(y): both add."""
    return np.asarray(e + branch)


def through_layers(
    e: Array, inputs: Sequence[ArrayLike], weights: Sequence[tuple[ArrayLike, ArrayLike]], activation: str
) -> list[Array]:
    """The bounds after each layer y ← φ(W y) of a chain, from the dense input of every layer and its (W, Ŵ)."""
    found = []
    for y, (w, w_hat) in zip(inputs, weights, strict=True):
        e = through_activation(through_linear(e, y, w, w_hat), activation)
        found.append(e)
    return found


def _lengths(rows: Array) -> Array:
    return np.asarray(np.linalg.norm(rows, axis=1))


def _per_sample(e: Array, samples: Array) -> Array:
    bounds = as_real(e).astype(np.float64)
    if bounds.shape != (len(samples),) or not (bounds >= 0).all():
        raise ValueError(f"e needs a bound of at least 0 for each of {len(samples)} samples, got shape {bounds.shape}")
    return bounds
