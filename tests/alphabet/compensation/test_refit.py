"""The refit is the least-squares optimum on a support: of that support no weight loses less."""

from itertools import combinations

import numpy as np
import pytest

from sqtheory.alphabet.compensation.refit import refitted
from sqtheory.alphabet.compensation.second_moments import lost
from sqtheory.alphabet.sparsifiers import nm, top
from tests.alphabet.compensation.twins import layer, unreachable

W, H = layer(7, 8)


def test_the_refit_is_what_least_squares_of_the_outputs_gives() -> None:
    """The oracle sees samples, not moments."""
    x = np.random.default_rng(1).standard_normal((30, 8))
    keep = nm(2, 4).mask(W)
    fitted = refitted(W, keep, x.T @ x)
    for row, kept, found in zip(W, keep, fitted, strict=True):
        expected = np.linalg.lstsq(x[:, kept], x @ row, rcond=None)[0]
        np.testing.assert_allclose(found[kept], expected, rtol=1e-8, atol=1e-10)
        assert not found[~kept].any()


def test_no_weight_of_the_support_loses_less_and_what_is_left_is_known() -> None:
    keep = top(0.4).mask(W)
    fitted = refitted(W, keep, H)
    least = lost(W - fitted, H)
    assert least == pytest.approx(unreachable(W, keep, H), rel=1e-9)
    assert least < lost(W - W * keep, H)
    rng = np.random.default_rng(2)
    for size in (1e-3, 1e-1, 1.0):
        assert lost(W - (fitted + size * rng.standard_normal(W.shape) * keep), H) > least


def test_the_best_support_of_a_row_is_found_by_trying_all() -> None:
    """Each support by its refit: what the formula of the loss says is what the refit loses."""
    row = W[:1]
    for chosen in combinations(range(8), 3):
        keep = np.isin(np.arange(8), chosen)[None]
        assert lost(row - refitted(row, keep, H), H) == pytest.approx(unreachable(row, keep, H), rel=1e-8)


def test_a_full_support_gives_the_weight_and_an_empty_one_nothing() -> None:
    np.testing.assert_allclose(refitted(W, np.ones(W.shape, bool), H), W, rtol=1e-9)
    assert not refitted(W, np.zeros(W.shape, bool), H).any()
    assert refitted(W[:0], np.ones((0, 8), bool), H).shape == (0, 8)


def test_many_rows_are_solved_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    keep = nm(1, 4).mask(W)
    whole = refitted(W, keep, H)
    monkeypatch.setattr("sqtheory.alphabet.compensation.refit.CHUNK", 1)
    np.testing.assert_allclose(refitted(W, keep, H), whole, rtol=1e-12)


def test_moments_that_say_nothing_on_a_support_are_refused() -> None:
    with pytest.raises(ValueError, match="singular on the support"):
        refitted(W[:, :2], np.ones((7, 2), bool), np.zeros((2, 2)))
