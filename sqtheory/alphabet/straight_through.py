"""Masks in training: gradients that pass a mask straight through."""

import numpy as np

from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array


def srste_gradient(w: Array, gradient: Array, s: Sparsifier, decay: float = 2e-4) -> Array:
    """g + λ (1 − m(w)) ⊙ w: the gradient at s(w) taken for that at w, and the pruned entries drawn to 0.

    With g = 0 it is the gradient of ½ λ ‖w − s(w)‖² where the mask does not change, so that a step of size γ with
    γ λ ≤ 1 keeps the survivors and shrinks the rest by 1 − γ λ. λ = 0 is the straight-through estimator. ``gradient``:
    of w's shape. `zhou2021nm`, Eq. 8; λ as published.
    """
    if gradient.shape != w.shape:
        raise ValueError(f"a gradient has the shape of its weight, got {gradient.shape} and {w.shape}")
    return np.asarray(gradient + decay * np.where(s.mask(w), 0.0, w), w.dtype)
