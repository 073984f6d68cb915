"""SparseGPT's pass against its textbook: masks by slabs or groups, survivors rounded in the same pass."""

import numpy as np
import pytest

from sqtheory.alphabet.compensation.column_grid import ColumnGrid
from sqtheory.alphabet.compensation.pruning import SlabMasks, pruned
from sqtheory.alphabet.compensation.rounding import rounded
from sqtheory.alphabet.compensation.second_moments import inverse_factor, lost
from sqtheory.alphabet.partition import Heads, Rows, Tiles, Whole
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import Sparsifier, blockwise, fixed, nm, threshold, top
from sqtheory.arrays import Array, Mask
from tests.alphabet.compensation.twins import in_turn, layer, rounding

W, H = layer(6, 16)
MASKS = (
    *(nm(2, 4), nm(1, 2, axis=0), top(0.5), top(40), top(0.5, per=Rows()), top(0.5, per=Tiles(2, 4))),
    *(top(0.5, per=Heads(4, 1)), blockwise(0.5, per=Tiles(2, 2)), threshold(0.8), fixed(np.arange(16) % 3 > 0)),
)


def published(w: Array, h: Array, share: float, columns: int, n: int = 0, m: int = 0) -> Array:
    """From the description of the published loop: one entry at a time, inclusive thresholds; n of m pruned if m."""
    out, u = w.astype(np.float64).copy(), inverse_factor(h)
    d = np.diag(u)
    for at in range(0, w.shape[1], columns):
        slab = slice(at, at + columns)
        scores = (out[:, slab] / d[slab]) ** 2
        dead = scores <= np.sort(scores, axis=None)[int(scores.size * share)] if not m else np.zeros(scores.shape, bool)
        for j in range(at, min(at + columns, w.shape[1])):
            if m and j % m == 0:
                order = np.argsort((out[:, j : j + m] / d[j : j + m]) ** 2, axis=1, kind="stable")[:, :n]
                np.put_along_axis(dead[:, j - at : j - at + m], order, True, axis=1)
            value = np.where(dead[:, j - at], 0.0, out[:, j])
            out[:, j:] -= np.outer((out[:, j] - value) / u[j, j], u[j, j:])
            out[:, j] = value
    return out


def test_slabs_that_prune_one_too_many_are_those_of_the_published_loop() -> None:
    found, keep = pruned(W, H, SlabMasks(top(0.5), columns=8, inclusive=True))
    np.testing.assert_allclose(found, published(W, H, 0.5, 8), rtol=1e-9, atol=1e-12)
    exact, kept = pruned(W, H, SlabMasks(top(0.5), columns=8))
    assert keep.sum() == W.size // 2 - 2 and kept.sum() == W.size // 2
    assert (exact != 0).sum() == W.size // 2


def test_groups_are_those_of_the_published_loop_inclusive_or_not() -> None:
    expected = published(W, H, 0.5, 16, 2, 4)
    for inclusive in (False, True):
        np.testing.assert_allclose(pruned(W, H, SlabMasks(nm(2, 4), inclusive=inclusive))[0], expected, rtol=1e-9)
    np.testing.assert_allclose(pruned(W, H, SlabMasks(nm(2, 4)), width=3)[0], expected, rtol=1e-9)


def test_ties_with_the_threshold_are_all_pruned_if_it_is_inclusive() -> None:
    w = np.ones((2, 4))
    assert pruned(w, np.eye(4), SlabMasks(top(0.5)))[1].sum() == 4
    assert not pruned(w, np.eye(4), SlabMasks(top(0.5), inclusive=True))[1].any()


@pytest.mark.parametrize("s", MASKS, ids=str)
def test_the_mask_is_the_budget_of_s_and_its_zeros_are_those_of_the_result(s: Sparsifier) -> None:
    masks = SlabMasks(s, columns=8)
    for grid in (None, ColumnGrid.of(int_(4), W)):
        found, keep = pruned(W, H, masks, grid)
        assert not found[~keep].any() and np.isfinite(found).all()
        if s.fixed_budget:
            counts = s.groups.reduce(keep, lambda rows: np.asarray(rows.sum(axis=1)))
            sizes = s.groups.reduce(np.ones(W.shape, bool), lambda rows: np.asarray(rows.sum(axis=1)))
            assert (counts == [[s.budget(int(n)) for n in row] for row in sizes]).all()


@pytest.mark.parametrize("s", MASKS, ids=str)
def test_uncorrelated_inputs_of_one_power_leave_the_mask_of_magnitudes(s: Sparsifier) -> None:
    found, keep = pruned(W, np.eye(16), SlabMasks(s, columns=16))
    assert np.array_equal(keep, s.mask(W)) and np.array_equal(found, s(W))


@pytest.mark.parametrize("s", [nm(2, 4), top(0.5), fixed(np.arange(16) % 3 > 0)], ids=str)
def test_at_one_mask_and_frozen_scales_one_pass_is_two(s: Sparsifier) -> None:
    """Prune with feedback and then round with it, zeros held: all errors add up to those of the joint pass."""
    q = int_(4, block=8)
    grid = ColumnGrid.of(q, W)
    sparse, keep = pruned(W, H, SlabMasks(s, columns=8))
    joint, again = pruned(W, H, SlabMasks(fixed(keep)), grid)
    assert np.array_equal(again, keep)
    np.testing.assert_allclose(rounded(sparse, H, grid, keep), joint, rtol=1e-9, atol=1e-12)
    plain = rounding(q, W)
    by_hand = in_turn(W, H, lambda i, j, v: plain(i, j, v) if keep[i, j] else 0.0)
    np.testing.assert_allclose(joint, by_hand, rtol=1e-9, atol=1e-12)


def test_the_mask_of_the_joint_pass_sees_what_rounding_has_left() -> None:
    """So joint and sequential may choose otherwise, and neither always loses less."""
    better = set()
    for seed in range(30):
        w, h = layer(3, 8, seed)
        q = int_(3)
        grid = ColumnGrid.of(q, w)
        joint = lost(w - pruned(w, h, SlabMasks(nm(2, 4)), grid)[0], h)
        sparse, keep = pruned(w, h, SlabMasks(nm(2, 4)))
        better.add(np.sign(joint - lost(w - rounded(sparse, h, grid, keep), h)))
    assert {-1.0, 1.0} <= better


def test_a_count_for_the_whole_matrix_is_not_shared_out_by_slabs() -> None:
    assert SlabMasks(top(40), columns=8).width(W.shape) == 16
    assert SlabMasks(top(0.5), columns=8).width(W.shape) == 8
    assert SlabMasks(nm(2, 4), columns=8).width(W.shape) == 4
    assert SlabMasks(blockwise(0.5, per=Tiles(2, 3)), columns=8).width(W.shape) == 6


@pytest.mark.parametrize(
    "s",
    [
        *(top(0.3, per=Rows()), top(0.05, per=Rows()), top(1, per=Rows()), top(5, per=Rows())),
        *(top(0.3), top(0.01), top(1), top(40), nm(3, 16), nm(9, 16), top(0.5)),
    ],
    ids=str,
)
def test_slabs_together_keep_the_budget_of_every_group(s: Sparsifier) -> None:
    """A share that is no whole number of a slab is rounded up once, not in every slab; ties or not."""
    for w in (W, np.round(W), np.zeros_like(W)):
        _, keep = pruned(w, H, SlabMasks(s, columns=5))
        counts = s.groups.reduce(keep.astype(float), lambda rows: rows.sum(axis=1))
        assert (counts == s.budget(keep.size // counts.size)).all()


def test_groups_as_wide_as_the_matrix_are_no_slabs() -> None:
    """n:m of all 16 inputs is refused by slabs of 8."""
    assert SlabMasks(nm(4, 16), columns=8).width(W.shape) == 16


def test_a_mask_that_is_given_is_taken_as_it_is() -> None:
    mask: Mask = np.random.default_rng(4).random(W.shape) < 0.5
    assert np.array_equal(pruned(W, H, SlabMasks(fixed(mask)))[1], mask)
    assert Whole().count(W.shape) == 1
