"""Corrections of low rank, against singular values by hand, brute force over directions, and a weighted problem."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from sqtheory.alphabet.compensation.low_rank import LowRank, best_of_rank, tails
from sqtheory.alphabet.partition import Whole
from sqtheory.alphabet.procedures import PLAIN
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.scaling import LeastOfHistogram
from sqtheory.alphabet.scores import wanda
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import FixedArray

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


W = RNG.standard_normal((20, 16)) * np.linspace(1, 3, 16)
S, Q = nm(2, 4, score=wanda(np.diag(np.linspace(1, 2, 16)))), int_(3, per=Whole(), scaling=LeastOfHistogram())
S4 = nm(2, 4)
NORMS = FixedArray(np.linspace(1, 2, 16))
FIFTH = LowRank(NORMS, Fraction(1, 5))
"""Rank 3 of 16."""


def weighted(e: np.ndarray) -> np.ndarray:
    return e * NORMS.values


def test_both_orders_are_left_with_the_tail_of_their_weighted_error() -> None:
    keep = S.mask(W)
    images = {"sq": Q(np.where(keep, W, 0)), "qs": np.where(keep, Q(W), 0)}
    got = {"sq": FIFTH.sparse_quantized(W, S, Q), "qs": FIFTH.quantized_sparse(W, S, Q)}
    assert not np.array_equal(images["sq"], images["qs"])
    for order, image in images.items():
        added = got[order] - image
        assert np.linalg.matrix_rank(added, tol=1e-9) == 3
        rest = np.linalg.norm(weighted(W - got[order]))
        np.testing.assert_allclose(rest, tails(weighted(W - image))[3], rtol=1e-12)
    np.testing.assert_allclose(FIFTH.sparse(W, S) - S(W), best_of_rank(W - S(W), 3, NORMS.values), atol=1e-12)
    np.testing.assert_allclose(FIFTH.quantized(W, Q) - Q(W), best_of_rank(W - Q(W), 3, NORMS.values), atol=1e-12)


def test_the_mask_of_both_orders_is_that_of_the_dense_weight() -> None:
    """The mask of the quantized weight is another one here, and would be seen."""
    keep = S.mask(W)
    assert not np.array_equal(S.mask(Q(W)), keep)
    none = LowRank(NORMS, Fraction(0))
    np.testing.assert_array_equal(none.quantized_sparse(W, S, Q), np.where(keep, Q(W), 0))
    np.testing.assert_array_equal(none.sparse_quantized(W, S, Q), Q(S(W)))
    assert LowRank(None, Fraction(1)).sparse(W, S) == pytest.approx(W, abs=1e-12)


def test_published_code_compresses_what_the_correction_leaves_once_more() -> None:
    again, keep = replace(FIFTH, again=True), S.mask(W)
    for image, got in (
        (Q(np.where(keep, W, 0)), again.sparse_quantized(W, S, Q)),
        (np.where(keep, Q(W), 0), again.quantized_sparse(W, S, Q)),
    ):
        left, spectrum, right = np.linalg.svd(weighted(W - image))
        low = (left[:, :3] * spectrum[:3]) @ right[:3] / NORMS.values
        np.testing.assert_allclose(got, Q(np.where(keep, W - low, 0)) + low, atol=1e-12)
    assert again.quantized(W, Q) == pytest.approx(FIFTH.quantized(W, Q))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_results_have_the_dtype_of_the_weight_and_are_dense(dtype: type) -> None:
    out = FIFTH.sparse_quantized(W.astype(dtype), S, Q)
    assert out.dtype == dtype and not FIFTH.keeps_pattern and not FIFTH.on_grid and (out != 0).all()
    assert FIFTH == LowRank(FixedArray(NORMS.values.copy()), Fraction(1, 5)) and "1/5" in FIFTH.title
    with pytest.raises(ValueError, match=r"share of a full rank lies in \[0, 1\], got 2"):
        LowRank(None, Fraction(2))


def test_no_rank_brings_the_orders_further_apart_than_their_results_are() -> None:
    """low_rank_gap for every rank, and the share of the error that each rank takes."""
    rng = np.random.default_rng(2)
    for _ in range(50):
        w = rng.standard_normal((6, 8))
        first, second = (PLAIN.sparse_quantized(w, nm(2, 4), int_(3)), PLAIN.quantized_sparse(w, nm(2, 4), int_(3)))
        one, other, apart = tails(w - first), tails(w - second), np.linalg.norm(first - second)
        assert (np.abs(one - other) <= apart + 1e-12).all()
        for rests in (one, other):
            assert (rests**2 <= (1 - np.arange(7) / 6) * rests[0] ** 2 + 1e-12).all()


def test_a_correction_can_turn_round_which_order_loses_less() -> None:
    rng, turned = np.random.default_rng(3), 0
    for _ in range(300):
        w = rng.integers(-14, 15, (4, 4)) / 2
        plain = [np.linalg.norm(w - out) for out in (int_(3)(S4(w)), S4(int_(3)(w)))]
        rests = [tails(w - out)[1] for out in (int_(3)(S4(w)), S4(int_(3)(w)))]
        turned += plain[0] <= plain[1] and rests[0] > rests[1] * 1.01
    assert turned > 0
