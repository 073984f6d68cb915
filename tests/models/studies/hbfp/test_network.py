"""Gradients against finite differences; the loss against its definition."""

import numpy as np
import pytest

from sqtheory.alphabet.quantizers import hbfp
from sqtheory.models.studies.hbfp.arithmetic import Arithmetic
from sqtheory.models.studies.hbfp.network import Perceptron, cross_entropy

WIDTHS = (5, 7, 6, 3)
RNG = np.random.default_rng(1)
X, CLASSES = RNG.standard_normal((9, 5)), RNG.integers(0, 3, 9)
DRAWN = Perceptron.drawn(WIDTHS, RNG, np.float64)
NETWORK = Perceptron(DRAWN.weights, tuple(RNG.standard_normal(len(b)) for b in DRAWN.biases))
"""With biases of 0 a sample whose inputs are all 0 would sit on the kink of max(·, 0)."""
EXACT = (Arithmetic(),) * 3
STEP = 2.0**-17
"""Near the cube root of eps: central differences err by the third derivative times h² and by eps/h."""


def loss(network: Perceptron) -> float:
    return cross_entropy(network.logits(X, EXACT), CLASSES)[0]


def test_gradients_are_the_slopes_of_the_loss() -> None:
    found, *gradients = NETWORK.gradients(X, CLASSES, EXACT)
    assert found == loss(NETWORK)
    for part, of_part in enumerate(gradients):
        for layer, gradient in enumerate(of_part):
            for place in np.ndindex(gradient.shape):
                ends = []
                for sign in (1, -1):
                    both = [[a.copy() for a in NETWORK.weights], [a.copy() for a in NETWORK.biases]]
                    both[part][layer][place] += sign * STEP
                    ends.append(loss(Perceptron(tuple(both[0]), tuple(both[1]))))
                slope = (ends[0] - ends[1]) / (2 * STEP)
                assert slope == pytest.approx(gradient[place], abs=1e-8), (part, layer, place)


def test_a_gradient_through_the_wrong_weight_would_be_seen() -> None:
    _, right, _ = NETWORK.gradients(X, CLASSES, EXACT)
    turned = Perceptron((NETWORK.weights[0], -NETWORK.weights[1], NETWORK.weights[2]), NETWORK.biases)
    _, wrong, _ = turned.gradients(X, CLASSES, EXACT)
    assert np.abs(right[0] - wrong[0]).max() > 1e-3


def test_the_loss_is_minus_the_mean_logarithm_of_the_softmax() -> None:
    logits = RNG.standard_normal((4, 3))
    classes = np.array([0, 2, 1, 1])
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    found, gradient = cross_entropy(logits, classes)
    assert found == pytest.approx(-np.mean(np.log(probabilities[np.arange(4), classes])), rel=1e-14)
    expected = (probabilities - np.eye(3)[classes]) / 4
    np.testing.assert_allclose(gradient, expected, atol=1e-15)
    assert np.isfinite(cross_entropy(1000 * logits, classes)[0])


def test_more_bits_bring_the_gradients_nearer() -> None:
    """‖g − g_m‖ falls about twofold with each bit of the mantissa."""
    _, exact, _ = NETWORK.gradients(X, CLASSES, EXACT)
    lost = []
    for bits in (4, 8, 12, 16):
        _, found, _ = NETWORK.gradients(X, CLASSES, (Arithmetic(hbfp(bits, block=4)),) * 3)
        lost.append(sum(float(np.sum((a - b) ** 2)) for a, b in zip(exact, found, strict=True)) ** 0.5)
    assert lost[0] > 4 * lost[1] > 16 * lost[2] > 64 * lost[3] > 0
