"""Entries removed and rounded one by one: equal to exact steps, within reach of the best, quotas kept."""

import numpy as np
import pytest

from sqtheory.alphabet.compensation.column_grid import ColumnGrid
from sqtheory.alphabet.compensation.greedy import removed, rounded_greedily
from sqtheory.alphabet.compensation.refit import refitted
from sqtheory.alphabet.compensation.removal import Removal, ToGrid
from sqtheory.alphabet.compensation.second_moments import lost
from sqtheory.alphabet.partition import Rows, Tiles
from sqtheory.alphabet.quantizers import int_, nf4
from sqtheory.alphabet.sparsifiers import Sparsifier, blockwise, fixed, nm, threshold, top
from tests.alphabet.compensation.twins import best_on_grid, cheapest, layer

W, H = layer(6, 8)


@pytest.mark.parametrize(("s", "quota", "group"), [(nm(2, 4), 2, 4), (top(0.5, per=Rows()), 4, 8), (nm(1, 2), 1, 2)])
def test_pruning_is_the_exact_steps_the_cheapest_first(s: Sparsifier, quota: int, group: int) -> None:
    expected, kept, losses = cheapest(W, H, quota, group)
    found, keep = removed(W, H, s)
    assert np.array_equal(keep, kept)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-10)
    assert lost(W - found, H) == pytest.approx(sum(losses), rel=1e-8)


def test_what_is_left_is_the_refit_on_its_support() -> None:
    found, keep = removed(W, H, nm(2, 4))
    np.testing.assert_allclose(found, refitted(W, keep, H), rtol=1e-8, atol=1e-10)


def test_rows_of_a_whole_matrix_lose_as_many_as_their_losses_say() -> None:
    """Each row down to nothing by exact steps; the smallest losses of all of them say how many each row loses."""
    _, _, losses = cheapest(W, H, 8, 8)
    chosen = np.argsort(np.reshape(losses, (6, 8)), axis=None, kind="stable")[:24] // 8
    found, keep = removed(W, H, top(0.5))
    assert np.array_equal((~keep).sum(axis=1), np.bincount(chosen, minlength=6)) and len(set(chosen)) > 1
    assert len({*(~keep).sum(axis=1).tolist()}) > 1
    np.testing.assert_allclose(found, refitted(W, keep, H), rtol=1e-8, atol=1e-10)


def test_a_given_mask_is_removed_whatever_it_costs() -> None:
    mask = np.random.default_rng(1).random(W.shape) < 0.6
    found, keep = removed(W, H, fixed(mask))
    assert np.array_equal(keep, mask)
    np.testing.assert_allclose(found, refitted(W, mask, H), rtol=1e-8, atol=1e-10)


def test_the_inverse_of_what_is_left_is_kept_up() -> None:
    row = Removal(W, np.linalg.inv(H))
    for places in ([0, 1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 0]):
        row.set(np.array(places), np.zeros(6), np.ones(6, bool))
    for i in range(6):
        left = np.flatnonzero(row.open[i])
        inverse = np.linalg.inv(H[np.ix_(left, left)])
        np.testing.assert_allclose(row._variances[i, left], np.diag(inverse), rtol=1e-8)


@pytest.mark.parametrize("fmt", [int_(3), nf4(block=8)], ids=str)
def test_rounding_is_greedy_on_the_grid_and_keeps_zeros(fmt: object) -> None:
    q = fmt
    grid = ColumnGrid.of(q, W)  # type: ignore[arg-type]
    keep = nm(2, 4).mask(W)
    found = rounded_greedily(W * keep, H, grid, keep)
    assert not found[~keep].any()
    assert np.array_equal(q.frozen(W)(found) * keep, found)  # type: ignore[attr-defined]
    dense = rounded_greedily(W, H, grid)
    assert lost(W - dense, H) < lost(W - q(W), H)  # type: ignore[operator]


def test_without_correlation_greedy_rounding_is_the_grid_of_each_entry() -> None:
    q = int_(3, block=4)
    assert np.array_equal(rounded_greedily(W, np.eye(8), ColumnGrid.of(q, W)), q(W))
    found, keep = removed(W, np.eye(8), nm(2, 4), rounding=ColumnGrid.of(q, W))
    assert np.array_equal(keep, nm(2, 4).mask(W)) and np.array_equal(found, q(W) * keep)


def test_one_pass_is_pruning_and_then_rounding_at_the_same_scales() -> None:
    grid = ColumnGrid.of(int_(3), W)
    sparse, keep = removed(W, H, nm(2, 4))
    found, again = removed(W, H, nm(2, 4), rounding=grid)
    assert np.array_equal(keep, again)
    np.testing.assert_allclose(rounded_greedily(sparse, H, grid, keep), found, rtol=1e-8, atol=1e-10)


def test_against_every_support_and_every_code() -> None:
    """Rows of four, two kept at three levels each: never better than the best, often the best, mostly near it."""
    ratios = []
    for seed in range(25):
        w, h = layer(1, 4, seed)
        grid = ColumnGrid.of(int_(2, per=Rows()), w)
        levels = grid.scales[0][:, None] * int_(2).format.values[None, :]
        optimum = best_on_grid(w[0], h, levels, 2)
        for pruning in (None, grid):
            found, keep = removed(w, h, nm(2, 4), pruning, grid)
            ratios.append(lost(w - found, h) / optimum)
            assert keep.sum() == 2
    assert min(ratios) >= 1 - 1e-9 and np.median(ratios) < 1.2 and sum(r < 1 + 1e-9 for r in ratios) >= 10


def test_what_rounds_to_zero_anyway_is_pruned_first_by_a_joint_cost() -> None:
    """At step 1 the weights 0.4 and 0.6 lose little or nothing more by being pruned, whatever their inputs weigh."""
    w, h = np.array([[7.0, 0.4, 1.4, 0.6]]), np.diag([1.0, 30.0, 1.0, 1.0])
    grid = ColumnGrid.of(int_(4, per=Rows()), w)
    assert removed(w, h, nm(2, 4))[1].tolist() == [[True, True, False, False]]
    assert removed(w, h, nm(2, 4), grid)[1].tolist() == [[True, False, True, False]]


def test_an_entry_beyond_the_grid_is_rounded_first() -> None:
    """10 on a grid that ends at 3 goes before 1 and 3, which cost nothing."""
    w, h = np.array([[10.0, 1.0, 3.0]]), layer(1, 3)[1]
    grid = ColumnGrid(int_(3), np.full((1, 3), 1.0))
    row = Removal(w, np.linalg.inv(h), grid.scales)
    places, _ = row.move(ToGrid(grid), row.open, np.ones(1, bool))
    assert places.tolist() == [0] and row.values[0, 0] == 3.0


def test_many_rows_are_worked_on_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = removed(W, H, top(0.4))
    monkeypatch.setattr("sqtheory.alphabet.compensation.greedy.ROOM", 1)
    parts = removed(W, H, top(0.4))
    assert np.array_equal(whole[1], parts[1])
    np.testing.assert_allclose(whole[0], parts[0], rtol=1e-12)


@pytest.mark.parametrize("s", [threshold(1.0), blockwise(0.5, per=Tiles(2, 2)), nm(1, 2, axis=0)], ids=str)
def test_masks_that_are_no_budget_of_a_row_are_refused(s: Sparsifier) -> None:
    with pytest.raises(ValueError, match="row by row"):
        removed(W, H, s)
