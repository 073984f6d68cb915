"""Corrections of low rank, against singular values by hand, brute force over directions, and a weighted problem."""

import numpy as np
import pytest

from sqtheory.alphabet.compensation.low_rank import best_of_rank, tails

RNG = np.random.default_rng(0)
E = RNG.standard_normal((7, 5))
WEIGHTS = np.array([1.0, 4.0, 0.5, 2.0, 3.0])


def lost(e: np.ndarray, correction: np.ndarray, weights: np.ndarray | float = 1.0) -> float:
    return float(np.linalg.norm((e - correction) * weights))


def test_the_tail_of_a_diagonal_error_is_read_from_it() -> None:
    assert tails(np.diag([3.0, 0, 4])).tolist() == [5, 3, 0, 0]
    assert tails(np.zeros((2, 3))).tolist() == [0, 0, 0]
    stacked = tails(np.stack([E, 2 * E]))
    np.testing.assert_allclose(stacked[1], 2 * stacked[0], rtol=1e-14)
    assert stacked.shape == (2, 6)


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
def test_what_remains_of_the_best_correction_is_the_tail(scale: float) -> None:
    """Rounding: a few ε of the whole error, in a power of the error's size."""
    e = E * scale
    for rank, tail in enumerate(tails(e)):
        best = best_of_rank(e, rank)
        assert np.linalg.matrix_rank(best / scale) <= rank
        assert abs(lost(E, best / scale) - tail / scale) < 1e-13 * np.linalg.norm(E)


def test_no_direction_on_a_fine_grid_does_better_than_the_first_singular_one() -> None:
    """Rank 1 in two columns: for every direction of the right factor the left one by least squares."""
    e = E[:, :2]
    angles = np.linspace(0, np.pi, 20_001)
    directions = np.stack([np.cos(angles), np.sin(angles)])
    least = np.sqrt(((e**2).sum() - ((e @ directions) ** 2).sum(axis=0)).min())
    assert lost(e, best_of_rank(e, 1)) <= least + 1e-12
    assert least - lost(e, best_of_rank(e, 1)) < 1e-6 * least


def test_weights_of_the_inputs_change_the_best_correction_to_that_of_the_weighted_error() -> None:
    for rank in range(1, 5):
        weighted, plain = best_of_rank(E, rank, WEIGHTS), best_of_rank(E, rank)
        assert lost(E, weighted, WEIGHTS) < lost(E, plain, WEIGHTS) * 0.999
        np.testing.assert_allclose(lost(E, weighted, WEIGHTS), tails(E * WEIGHTS)[rank], rtol=1e-12)
    np.testing.assert_array_equal(best_of_rank(E, 2, np.ones(5)), best_of_rank(E, 2))


def test_an_input_of_weight_zero_is_left_alone() -> None:
    weights = np.array([1.0, 0.0, 2.0, 1.0, 1.0])
    best = best_of_rank(E, 2, weights)
    assert np.isfinite(best).all() and not best[:, 1].any()
    np.testing.assert_allclose(lost(E, best, weights), tails(E * weights)[2], rtol=1e-12)


def test_bad_ranks_and_weights_are_refused() -> None:
    with pytest.raises(ValueError, match="a rank is not negative, got -1"):
        best_of_rank(E, -1)
    for weights in (np.ones(4), -np.ones(5), np.full(5, np.inf)):
        with pytest.raises(ValueError, match="a finite weight ≥ 0 for each of its columns"):
            best_of_rank(E, 1, weights)
