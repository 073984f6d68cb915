from fractions import Fraction

import numpy as np
import pytest

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import Array
from sqtheory.orders.matrix_errors import as_matrix, frobenius, gram_norm, layer_error, second_moments, spectral

rng = np.random.default_rng(0)
X, W = rng.normal(size=(40, 8)) + 0.5, rng.normal(size=(5, 8))


def naive_square(x: Array, e: Array) -> Fraction:
    """‖X Eᵀ‖_F² in rationals."""
    rows = [[Fraction(v) for v in row] for row in x.tolist()]
    outputs = [[Fraction(v) for v in row] for row in e.tolist()]
    products = (sum(a * b for a, b in zip(r, o, strict=True)) for r in rows for o in outputs)
    return sum((v * v for v in products), Fraction(0))


def test_the_gram_norm_is_the_output_error_per_sample() -> None:
    """‖X Eᵀ‖_F² = n tr(E Σ_x Eᵀ), in rationals on the left."""
    e = W - (nm(2, 4) >> int_(4))(W)
    assert gram_norm(e, second_moments(X)) ** 2 * len(X) == pytest.approx(float(naive_square(X, e)), rel=1e-12)
    assert layer_error(X, W, X, W - e) ** 2 == pytest.approx(float(naive_square(X, e)), rel=1e-12)


def test_the_covariance_would_be_wrong() -> None:
    """Inputs with a mean: the centred moments miss what it loses."""
    e = np.ones((1, 8))
    centred = second_moments(X - X.mean(axis=0))
    assert gram_norm(e, centred) ** 2 * len(X) < float(naive_square(X, e)) / 2


def test_a_diagonal_stands_for_its_matrix() -> None:
    power = rng.random(8)
    assert gram_norm(W, power) == pytest.approx(gram_norm(W, np.diag(power)), rel=1e-14)
    assert gram_norm(W, np.ones(8)) == pytest.approx(frobenius(W), rel=1e-14)


def test_the_spectral_norm_is_reached_and_never_passed() -> None:
    directions = rng.normal(size=(1000, 8))
    stretched = np.linalg.norm(directions @ W.T, axis=1) / np.linalg.norm(directions, axis=1)
    top = np.linalg.svd(W)[2][0]
    assert stretched.max() <= spectral(W) == pytest.approx(float(np.linalg.norm(W @ top)), rel=1e-12)
    assert spectral(np.zeros((0, 3))) == 0 and spectral(np.diag([3.0, -4.0])) == 4


def test_both_operands_compressed() -> None:
    x_hat, w_hat = int_(4)(X), int_(4)(W)
    assert layer_error(X, W, x_hat, w_hat) == pytest.approx(float(np.linalg.norm(X @ W.T - x_hat @ w_hat.T)), rel=1e-12)


def test_leading_axes_are_samples() -> None:
    assert as_matrix(np.ones((2, 3, 4)), "X").shape == (6, 4)
    assert second_moments(X.reshape(4, 10, 8)) == pytest.approx(second_moments(X))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: as_matrix(np.ones(3), "X"), r"X must be a matrix, rows × inputs, got shape \(3,\)"),
        (lambda: as_matrix([[1.0, np.nan]], "W"), r"W has nan at \(0, 1\)"),
        (lambda: second_moments(np.zeros((0, 3))), "at least one"),
        (lambda: gram_norm(W, np.ones(7)), r"8 inputs have shape \(8, 8\) or \(8,\), got \(7,\)"),
        (lambda: gram_norm(W, -np.eye(8)), "is negative: Σ is not a matrix of second moments"),
        (lambda: layer_error(X, W[:, :4], X, W), "8 and 4 inputs"),
        (lambda: layer_error(X, W, X[:3], W), "must agree"),
    ],
)
def test_bad_input_is_named(call: object, message: str) -> None:
    assert callable(call)
    with pytest.raises(ValueError, match=message):
        call()
