"""Restored survivors and shifted rounding errors, against least squares on samples, row by row and column by column."""

from fractions import Fraction

import numpy as np
import pytest

from sqtheory.alphabet.compensation.halves import HalfByHalf, shifted
from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.procedures import PLAIN
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import FixedArray

RNG = np.random.default_rng(0)
X = RNG.standard_normal((40, 8)) @ RNG.standard_normal((8, 8))
H = X.T @ X
W = RNG.standard_normal((6, 8))
S, Q = nm(2, 4), int_(4, per=Rows())
KEEP = S.mask(W)
IMAGE = np.round(W)
FIRST = np.arange(8) < 4
EXACT = HalfByHalf(FixedArray(H), damping=0.0)


def fitted(target: np.ndarray, free: np.ndarray, x: np.ndarray = X) -> np.ndarray:
    """argmin ‖X (d − target)‖ over d supported on ``free``."""
    d = np.zeros(8)
    d[free] = np.linalg.lstsq(x[:, free], x @ target, rcond=None)[0]
    return d


def lost(w: np.ndarray) -> float:
    return float(np.linalg.norm(X @ (w - W).T))


def test_the_second_half_is_the_least_squares_answer_to_the_errors_of_the_first() -> None:
    got = shifted(W, IMAGE, KEEP, H, 4)
    for row, w, image, kept in zip(got, W, IMAGE, KEEP, strict=True):
        moved = fitted(np.where(kept & FIRST, w - image, 0.0), kept & ~FIRST)
        np.testing.assert_allclose(row, w + moved, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(got[:, :4], W[:, :4])
    np.testing.assert_array_equal(got[~KEEP], W[~KEEP])


@pytest.mark.parametrize("split", [0, 8])
def test_where_nothing_can_move_nothing_does(split: int) -> None:
    np.testing.assert_array_equal(shifted(W, IMAGE, KEEP, H, split), W)
    np.testing.assert_array_equal(shifted(W, IMAGE, np.zeros_like(KEEP), H, 4), W)
    assert np.abs(shifted(W, IMAGE, KEEP, np.diag(np.diag(H)), 4) - W).max() == 0


def test_a_shift_of_the_wrong_sign_or_onto_pruned_entries_would_be_seen() -> None:
    error = np.where(KEEP & FIRST, W - IMAGE, 0.0)
    moved = shifted(W, IMAGE, KEEP, H, 4) - W
    first = [np.linalg.norm(X @ (d - error).T, axis=0) for d in (moved, 0 * moved, -moved)]
    live = np.abs(error).any(axis=1)
    assert live.any() and (first[0] < first[1])[live].all() and (first[1] < first[2])[live].all()
    assert not moved[~KEEP].any()


@pytest.mark.parametrize("feedback", [False, True])
def test_the_whole_pass_row_by_row_from_the_definitions(feedback: bool) -> None:
    """Restore, round, shift, round; with feedback each later column is answered by least squares on those after it."""
    frozen = Q.frozen(W)

    def image(row: np.ndarray, i: int, kept: np.ndarray) -> np.ndarray:
        return np.where(kept, frozen(np.where(np.arange(6)[:, None] == i, row, 0.0))[i], 0.0)

    want = []
    for i, (w, kept) in enumerate(zip(W, KEEP, strict=True)):
        row = fitted(w, kept)
        row = row + fitted(np.where(FIRST, row - image(row, i, kept), 0.0), kept & ~FIRST)
        out = image(row, i, kept)
        for j in range(4, 8) if feedback else ():
            out[j] = image(row, i, kept)[j]
            error = np.where(np.arange(8) == j, row - out, 0.0)
            row = row + fitted(error, np.arange(8) > j)
        want.append(out)
    got = HalfByHalf(FixedArray(H), feedback=feedback, damping=0.0).sparse_quantized(W, S, Q)
    np.testing.assert_allclose(got, want, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("feedback", [False, True])
def test_every_result_is_on_the_grid_of_the_dense_weight_and_keeps_its_pattern(feedback: bool, dtype: type) -> None:
    w, procedure = W.astype(dtype), HalfByHalf(FixedArray(H), feedback=feedback)
    for out in (procedure.sparse_quantized(w, S, Q), procedure.quantized_sparse(w, S, Q)):
        codes = out / Q.scales(w)
        assert out.dtype == dtype and np.abs(codes - np.round(codes)).max() < 1e-5 and np.abs(codes).max() < 7.5
        assert ((out.reshape(6, 2, 4) != 0).sum(axis=2) <= 2).all()
    assert not procedure.sparse_quantized(w, S, Q)[~KEEP].any()
    assert not procedure.sparse(w, S)[~KEEP].any() and procedure.quantized(w, Q).dtype == dtype


def test_moving_errors_helps_on_correlated_inputs_and_is_nothing_on_uncorrelated_ones() -> None:
    many = np.random.default_rng(1)
    gains = []
    for _ in range(20):
        x = many.standard_normal((60, 16)) @ many.standard_normal((16, 16))
        w, h = many.standard_normal((8, 16)), FixedArray(x.T @ x)
        moved, plain = HalfByHalf(h).sparse_quantized(w, S, Q), S.mask(w) * Q.frozen(w)(w)
        gains.append(np.linalg.norm(x @ (moved - w).T) / np.linalg.norm(x @ (plain - w).T))
    assert np.mean(gains) < 0.9
    alone = HalfByHalf(FixedArray(np.diag(np.diag(H))))
    np.testing.assert_array_equal(alone.sparse_quantized(W, S, Q), np.where(KEEP, Q(W), 0))
    np.testing.assert_array_equal(alone.quantized(W, Q), PLAIN.quantized(W, Q))


def test_survivors_restored_alone_are_the_least_squares_fit() -> None:
    np.testing.assert_allclose(EXACT.sparse(W, S), [fitted(w, kept) for w, kept in zip(W, KEEP, strict=True)])
    assert lost(EXACT.sparse(W, S)) < lost(S(W))


def test_moments_of_another_layer_are_refused() -> None:
    with pytest.raises(ValueError, match=r"moments of 8 inputs do not fit a weight of shape \(6, 4\)"):
        EXACT.sparse(W[:, :4], S)
    assert (
        HalfByHalf(FixedArray(H), Fraction(1, 4)) != EXACT
        and "fed back" in HalfByHalf(FixedArray(H), feedback=True).title
    )
