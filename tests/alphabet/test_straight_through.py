"""SR-STE against finite differences of a penalty, and how much masks move under it."""

import numpy as np
import pytest

from sqtheory.alphabet.sparsifiers import nm
from sqtheory.alphabet.straight_through import srste_gradient

S = nm(2, 4)
W = np.random.default_rng(0).standard_normal((6, 8))


def penalty(w: np.ndarray, kept: np.ndarray, decay: float) -> float:
    """½ λ Σ over pruned entries of w²."""
    return decay / 2 * float((w[~kept] ** 2).sum())


def test_without_a_loss_it_is_the_gradient_of_the_penalty_of_pruned_entries() -> None:
    kept, step = S.mask(W), 1e-6
    found = srste_gradient(W, np.zeros_like(W), S, 0.3)
    for place in np.ndindex(W.shape):
        up, down = W.copy(), W.copy()
        up[place] += step
        down[place] -= step
        slope = (penalty(up, kept, 0.3) - penalty(down, kept, 0.3)) / (2 * step)
        assert abs(found[place] - slope) < 1e-8


def test_the_gradient_passes_the_mask_and_a_step_shrinks_what_is_pruned() -> None:
    g = np.random.default_rng(1).standard_normal(W.shape)
    kept = S.mask(W)
    found = srste_gradient(W, g, S)
    np.testing.assert_array_equal(found[kept], g[kept])
    np.testing.assert_allclose(found[~kept], g[~kept] + 2e-4 * W[~kept], rtol=1e-15)
    np.testing.assert_array_equal(srste_gradient(W, g, S, 0.0), g)
    stepped = W - 0.5 * srste_gradient(W, np.zeros_like(W), S, 1.0)
    np.testing.assert_array_equal(stepped, np.where(kept, W, W / 2))
    assert np.array_equal(S.mask(stepped), kept) and srste_gradient(W.astype(np.float32), g, S).dtype == np.float32
    with pytest.raises(ValueError, match="the shape of its weight"):
        srste_gradient(W, g[:1], S)


def trained(decay: float, steps: int = 200) -> list[np.ndarray]:
    """Masks of descent on ½‖A(m ⊙ w) − A t‖² with noise in every step."""
    rng = np.random.default_rng(5)
    target, w, masks = rng.standard_normal((1, 16)), rng.standard_normal((1, 16)), []
    for _ in range(steps):
        gradient = S(w) - target + 0.5 * rng.standard_normal((1, 16))
        w = w - 0.1 * srste_gradient(w, gradient, S, decay)
        masks.append(S.mask(w))
    return masks


def test_masks_move_less_under_more_decay() -> None:
    """On one noisy quadratic, the same noise: a measurement, no theorem."""
    moved = [np.diff(trained(decay), axis=0).sum() for decay in (0.0, 0.5, 2.0)]
    assert moved[0] > moved[1] > moved[2]
