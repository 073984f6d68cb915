"""Restored survivors and shifted rounding errors, against least squares on samples, row by row."""

import numpy as np
import pytest

from sqtheory.alphabet.compensation.halves import least_squares, restored, shifted
from sqtheory.alphabet.sparsifiers import nm, top

RNG = np.random.default_rng(0)
X = RNG.standard_normal((40, 8)) @ RNG.standard_normal((8, 8))
H = X.T @ X
W = RNG.standard_normal((6, 8))
KEEP = nm(2, 4).mask(W)
IMAGE = np.round(W)


def fitted(target: np.ndarray, free: np.ndarray) -> np.ndarray:
    """argmin ‖X (d − target)‖ over d supported on ``free``."""
    d = np.zeros(8)
    d[free] = np.linalg.lstsq(X[:, free], X @ target, rcond=None)[0]
    return d


def test_survivors_are_the_least_squares_fit_on_their_support() -> None:
    got = restored(W, KEEP, H)
    for row, w, kept in zip(got, W, KEEP, strict=True):
        np.testing.assert_allclose(row, fitted(w, kept), rtol=1e-9, atol=1e-9)
    assert not got[~KEEP].any()


def test_the_second_half_is_the_least_squares_answer_to_the_errors_of_the_first() -> None:
    got, first = shifted(W, IMAGE, KEEP, H, 4), np.arange(8) < 4
    for row, w, image, kept in zip(got, W, IMAGE, KEEP, strict=True):
        moved = fitted(np.where(kept & first, w - image, 0.0), kept & ~first)
        np.testing.assert_allclose(row, w + moved, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(got[:, :4], W[:, :4])
    np.testing.assert_array_equal(got[~KEEP], W[~KEEP])


@pytest.mark.parametrize("keep", [np.ones_like(KEEP), np.zeros_like(KEEP), top(1).mask(W)])
def test_where_nothing_can_move_nothing_does(keep: np.ndarray) -> None:
    full = keep.all(axis=1)
    np.testing.assert_array_equal(restored(W, keep, H)[full], W[full])
    np.testing.assert_array_equal(shifted(W, IMAGE, keep, H, 8), W)
    np.testing.assert_array_equal(shifted(W, IMAGE, keep, H, 0), W)
    assert not restored(W, np.zeros_like(KEEP), H).any()


def test_uncorrelated_inputs_have_nothing_to_make_up_for() -> None:
    diagonal = np.diag(np.diag(H))
    np.testing.assert_array_equal(restored(W, KEEP, diagonal), np.where(KEEP, W, 0))
    np.testing.assert_array_equal(shifted(W, IMAGE, KEEP, diagonal, 4), W)


def test_a_shift_of_the_wrong_sign_or_of_all_entries_would_be_seen() -> None:
    """What outputs lose by the rounded first half falls for every row, and rises with −d or with the pruned moved."""
    first = np.arange(8) < 4
    error = np.where(KEEP & first, W - IMAGE, 0.0)
    moved = shifted(W, IMAGE, KEEP, H, 4) - W

    def lost(d: np.ndarray) -> np.ndarray:
        return np.linalg.norm(X @ (d - error).T, axis=0)

    live = np.abs(error).any(axis=1) & (KEEP & ~first).any(axis=1)
    assert live.any() and (lost(moved) < lost(0 * moved))[live].all() and (lost(-moved) > lost(0 * moved))[live].all()
    assert not moved[~KEEP].any() and least_squares(H, error[0], ~first)[~KEEP[0] & ~first].any()
