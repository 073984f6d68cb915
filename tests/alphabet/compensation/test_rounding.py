"""The blocked sweep equals exact steps taken in turn; zeros are held, spared or, where nobody holds them, refilled."""

import numpy as np
import pytest

from sqtheory.alphabet.compensation.column_grid import ColumnGrid
from sqtheory.alphabet.compensation.rounding import ColumnOrder, Zeros, rounded
from sqtheory.alphabet.compensation.second_moments import inverse_factor, lost
from sqtheory.alphabet.compensation.sweep import swept
from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.partition import Rows, Tiles, Whole
from sqtheory.alphabet.quantizers import Quantizer, bcq, hbfp, int_, mxfp, nvfp4
from sqtheory.alphabet.rounding import stochastic
from sqtheory.alphabet.sparsifiers import nm, top
from tests.alphabet.compensation.twins import best_on_grid, in_turn, layer, rounding

W, H = layer(5, 12)
FORMATS = (int_(4), int_(3, block=4), int_(3, per=Whole()), hbfp(4, per=Tiles(2, 4)), mxfp(E2M1, block=8), nvfp4())
formats = pytest.mark.parametrize("q", FORMATS, ids=str)


@formats
def test_the_sweep_is_the_exact_steps_in_turn(q: Quantizer) -> None:
    expected = in_turn(W, H, rounding(q, W))
    for width in (1, 5, 128):
        np.testing.assert_allclose(rounded(W, H, ColumnGrid.of(q, W), width=width), expected, rtol=1e-9, atol=1e-12)


def test_a_broken_sweep_is_not_the_exact_steps() -> None:
    """Errors handed on with the wrong sign, by the factor of H itself, or not at all."""
    grid = ColumnGrid.of(int_(3), W)
    right, u = in_turn(W, H, rounding(int_(3), W)), inverse_factor(H)
    for broken in (2 * np.diag(np.diag(u)) - u, np.linalg.cholesky(H).T, np.eye(12)):
        assert not np.allclose(swept(W, broken, grid.image), right)
    np.testing.assert_allclose(swept(W, u, grid.image), right, rtol=1e-9, atol=1e-12)


def test_columns_in_order_of_their_power() -> None:
    order = np.argsort(-np.diag(H), kind="stable").tolist()
    assert order != sorted(order)
    expected = in_turn(W, H, rounding(int_(3, block=4), W), order)
    found = rounded(W, H, ColumnGrid.of(int_(3, block=4), W), order=ColumnOrder.power)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    with pytest.raises(ValueError, match="natural order"):
        rounded(W, H, ColumnGrid.of(int_(3), W), order=ColumnOrder.power, renew=True)


@formats
def test_uncorrelated_inputs_have_nothing_to_make_up_with(q: Quantizer) -> None:
    """Then the sweep is q, entry by entry, in both precisions."""
    for w in (W, W.astype(np.float32)):
        found = rounded(w, np.diag(np.diag(H)), ColumnGrid.of(q, w))
        assert np.array_equal(found.astype(w.dtype), q(w))


@formats
def test_every_image_is_on_the_grid(q: Quantizer) -> None:
    for w in (W, W.astype(np.float32)):
        found = rounded(w, H, ColumnGrid.of(q, w)).astype(w.dtype)
        assert np.array_equal(q.frozen(w)(found), found) and not np.array_equal(found, q(w))


def test_what_a_sweep_loses_is_the_sum_of_what_it_rounds_away() -> None:
    """tr(E H Eᵀ) = Σ D_j e_j², and at most ¼ Σ σ² D_j where nothing saturates."""
    grid, errors = ColumnGrid.of(int_(4), W), []

    def image(j: int, column: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        value = grid.image(j, column)
        errors.append(column - value)
        return value

    u = inverse_factor(H)
    out, d = swept(W, u, image), np.diag(u) ** -2.0
    assert lost(W - out, H) == pytest.approx(sum(d[j] * (e**2).sum() for j, e in enumerate(errors)), rel=1e-9)
    assert lost(W - out, H) < (grid.scales**2 / 4 * d).sum() or max(np.abs(e).max() for e in errors) > 0.5


def test_the_nearest_plane_is_no_nearest_point() -> None:
    """By trying all codes: never better, mostly better than rounding entry by entry, and sometimes the best."""
    best = swept_ = plain = 0.0
    for seed in range(40):
        w, h = layer(1, 3, seed)
        grid = ColumnGrid.of(int_(2, per=Rows()), w)
        levels = grid.scales[0][:, None] * int_(2).format.values[None, :]
        optimum = best_on_grid(w[0], h, levels, 3)
        assert lost(w - rounded(w, h, grid), h) >= optimum * (1 - 1e-9)
        best, swept_, plain = best + optimum, swept_ + lost(w - rounded(w, h, grid), h), plain + lost(w - int_(2)(w), h)
    assert best < swept_ < plain


@pytest.mark.parametrize("s", [nm(2, 4), top(0.5), top(0.3, per=Rows())], ids=str)
@formats
def test_zeros_of_a_mask_survive_or_are_lost(q: Quantizer, s: object) -> None:
    keep = s.mask(W)  # type: ignore[attr-defined]
    sparse = W * keep
    grid = ColumnGrid.of(q, W)
    for zeros in (Zeros.held, Zeros.spared):
        assert not rounded(sparse, H, grid, keep, zeros=zeros)[~keep].any()
        assert not rounded(sparse, H, grid, keep, zeros=zeros, order=ColumnOrder.power)[~keep].any()


@pytest.mark.parametrize("k", [3, 4, 8])
def test_without_a_mask_to_hold_zeros_are_refilled_if_inputs_are_correlated(k: int) -> None:
    """At any number of bits, for feedback is measured in steps: none of independent inputs, many of others."""
    rng = np.random.default_rng(1)
    w, x = rng.standard_normal((20, 24)), rng.standard_normal((200, 24)) @ (np.eye(24) + rng.standard_normal((24, 24)))
    keep = nm(2, 4).mask(w)
    for h, refilled in ((np.diag(rng.uniform(1, 9, 24)), False), (x.T @ x, True)):
        found = rounded(w * keep, h, ColumnGrid.of(int_(k), w), keep, zeros=Zeros.refilled)
        assert (np.mean(found[~keep] != 0) > 0.04) == refilled == found[~keep].any()


def test_a_grid_without_zero_refills_nothing_that_is_held() -> None:
    keep = nm(2, 4).mask(W)
    assert not rounded(W * keep, H, ColumnGrid.of(bcq(2), W * keep), keep)[~keep].any()


def test_zeros_that_are_held_are_exact_steps_to_zero() -> None:
    keep, q = nm(2, 4).mask(W), int_(3, block=4)
    plain = rounding(q, W)
    expected = in_turn(W * keep, H, lambda i, j, v: plain(i, j, v) if keep[i, j] else 0.0)
    np.testing.assert_allclose(rounded(W * keep, H, ColumnGrid.of(q, W), keep), expected, rtol=1e-9, atol=1e-12)


def test_feedback_that_is_spared_reaches_entries_that_stay_only() -> None:
    """Column by column by hand: errors are handed on to kept entries and to no others."""
    keep, grid, u = nm(2, 4).mask(W), ColumnGrid.of(int_(3), W), inverse_factor(H)
    expected = W * keep
    for j in range(12):
        value = np.where(keep[:, j], grid.image(j, expected[:, j]), 0.0)
        error = (expected[:, j] - value) / u[j, j]
        expected[:, j] = value
        expected[:, j + 1 :] -= error[:, None] * u[j, j + 1 :] * keep[:, j + 1 :]
    for width in (1, 5, 128):
        found = rounded(W * keep, H, grid, keep, zeros=Zeros.spared, width=width)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_scales_made_anew_are_those_of_what_blocks_hold_when_they_come() -> None:
    """By hand for two blocks: the second has the scale of what the first has left it."""
    q, u = int_(3, block=6), inverse_factor(H)
    first = ColumnGrid.of(q, W)
    rest = W.copy()
    for j in range(6):
        value = first.image(j, rest[:, j])
        rest[:, j:] -= np.outer((rest[:, j] - value) / u[j, j], u[j, j:])
        rest[:, j] = value
    expected = np.concatenate([rest[:, :6], in_turn(rest[:, 6:], H[6:, 6:], rounding(q, rest[:, 6:]))], axis=1)
    found = rounded(W, H, first, renew=True)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    assert not np.array_equal(found, rounded(W, H, first))


def test_scales_that_look_at_the_whole_tensor_are_made_once() -> None:
    grid = ColumnGrid.of(nvfp4(), W)
    assert list(grid.starts) == [0] and list(ColumnGrid.of(int_(3, block=5), W).starts) == [0, 5, 10]
    assert np.array_equal(rounded(W, H, grid, renew=True), rounded(W, H, grid))


def test_rounding_by_chance_draws_from_its_generator() -> None:
    once, again = (
        rounded(W, H, ColumnGrid.of(int_(3, rounding=stochastic(np.random.default_rng(5))), W)) for _ in range(2)
    )
    assert np.array_equal(once, again)
