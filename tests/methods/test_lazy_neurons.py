"""Lazy neurons: expected gradients against finite differences of expected losses and a Monte Carlo network."""

import numpy as np
import pytest
from scipy.special import logsumexp, softmax

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.scaling import HalfRange
from sqtheory.alphabet.sparsifiers import top
from sqtheory.arrays import Array
from sqtheory.methods.lazy_neuron import expected_gradient

RNG = np.random.default_rng(8)
Y = np.array([0.0, 1, 0])


def expected_loss(a: Array) -> float:
    """E of the cross-entropy over all 512 sign matrices, one after the other."""
    total = 0.0
    for code in range(512):
        v = np.array([1.0 if code >> at & 1 else -1.0 for at in range(9)]).reshape(3, 3)
        total += float(logsumexp(v @ a) - Y @ (v @ a))
    return total / 512


def test_it_is_the_slope_of_the_expected_loss_and_nowhere_negative() -> None:
    for _ in range(3):
        a = np.maximum(RNG.standard_normal(3), 0)
        made = expected_gradient(a, lambda z: softmax(z) - Y, 3)
        steps = np.eye(3) * 1e-4
        slopes = [(expected_loss(a + e) - expected_loss(a - e)) / 2e-4 for e in steps]
        np.testing.assert_allclose(made, slopes, atol=1e-7)
        assert (made[a > 0] > 0).all() and np.abs(made[a == 0]).max(initial=0) < 1e-12


def test_it_is_positive_for_other_convex_losses_and_not_for_a_concave_one() -> None:
    a = np.array([0.5, 1.5])
    for slope in (lambda z: np.maximum(z, 0), lambda z: z**3):
        assert (expected_gradient(a, slope, 2) > 0).all()
    np.testing.assert_array_equal(expected_gradient(a, np.sign, 2), [0, 2])  # of |z| a smaller part decides no sign
    assert (expected_gradient(a, lambda z: -z, 2) < 0).all()
    with pytest.raises(ValueError, match=r"more than 2\^16 signs"):
        expected_gradient(np.ones(9), np.sign, 2)


def test_a_drawn_network_starts_half_active_and_pushes_active_neurons_down() -> None:
    """Two layers of normal weights: within six deviations half the neurons are 0, and the mean gradient is m a σ²."""
    n, m, draws = 32, 8, 400
    hidden = np.maximum(RNG.standard_normal((n, 16)) @ RNG.standard_normal(16), 0)
    y, total = RNG.standard_normal(m), np.zeros(n)
    for _ in range(draws):
        v = RNG.standard_normal((m, n)) / np.sqrt(n)
        total += v.T @ (v @ hidden - y)
    spread = np.sqrt((hidden @ hidden / n + y @ y) * 4 / (n * draws))
    np.testing.assert_allclose(total / draws, m / n * hidden, atol=6 * spread * np.sqrt(m))
    assert abs((RNG.standard_normal((2000, 16)) @ RNG.standard_normal(16) > 0).mean() - 0.5) < 6 * 0.5 / np.sqrt(2000)


def test_of_activations_of_one_sign_the_half_range_loses_half_and_the_symmetric_grid_half_a_step() -> None:
    a = np.maximum(RNG.standard_normal((50, 16)), 0)
    s, largest = top(0.25).by_rows(), a.max(axis=1)
    half, whole = (q(s(a)) for q in (int_(4, block=16, scaling=HalfRange()), int_(4, block=16)))
    np.testing.assert_allclose(half.max(axis=1), 7 / 15 * largest, rtol=1e-12)
    assert (np.abs(whole - s(a)).max(axis=1) <= largest / 14 * (1 + 1e-12)).all()
