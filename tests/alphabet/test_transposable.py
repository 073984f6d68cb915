"""Transposable masks against all patterns of a tile, and the greedy one against half of the best."""

from functools import cache
from itertools import combinations

import numpy as np
import pytest

from sqtheory.alphabet.rationals import NotRational, rationals
from sqtheory.alphabet.scores import wanda
from sqtheory.alphabet.sparsifiers import Sparsifier, nm, transposable
from sqtheory.alphabet.sparsifiers.transposable import patterns
from sqtheory.exceptions import Indivisible
from tests.nightly import thin

W = np.random.default_rng(0).standard_normal((8, 12))


@cache
def all_patterns(n: int, m: int, full: bool) -> tuple[np.ndarray, ...]:
    """Every set of places of a tile with at most n, or n, in each row and column."""
    found = []
    for count in range(n * m if full else n * m - 1, n * m + 1):
        for places in combinations(range(m * m), count):
            tile = np.isin(np.arange(m * m), places).reshape(m, m)
            if tile.sum(axis=0).max() <= n and tile.sum(axis=1).max() <= n:
                found.append(tile)
    return tuple(found)


@pytest.mark.parametrize(
    ("n", "m", "count", "short"),
    [(1, 2, 2, 0), (1, 3, 6, 0), (2, 3, 6, 9), (1, 4, 24, 0), (2, 4, 90, 96), (2, 2, 1, 0)],
)
def test_all_patterns_are_there(n: int, m: int, count: int, short: int) -> None:
    """2:4 short: one of 16 entries alone in its row and column, and one of 6 patterns of the others."""
    found = patterns(n, m).reshape(-1, m, m)
    sums = found.sum(axis=(1, 2))
    assert len(found) == len(np.unique(found, axis=0)) and set(sums) <= {n * m, n * m - 1}
    assert (sums == n * m).sum() == count and (sums < n * m).sum() == short
    assert found.sum(axis=1).max() == found.sum(axis=2).max() == n


def test_a_short_pattern_can_keep_more_than_any_full_one() -> None:
    """Nine large entries of which six are kept, and a tenth alone; a full pattern must give one up."""
    w = np.array([[2.0, 2, 1, 0], [1, 2, 2, 0], [2, 1, 2, 0], [0, 0, 0, 2]])
    free, full = (transposable(2, 4, full=f)(w) for f in (False, True))
    assert free.sum() == 14 and full.sum() == 12
    assert transposable(2, 4, greedy=True)(w).sum() == 14


@thin(2)
@pytest.mark.parametrize(("n", "m", "p"), [(1, 2, 2.0), (2, 4, 2.0), (2, 4, 1.0), (1, 4, 0.5), (2, 3, 2.0)])
@pytest.mark.parametrize("full", [False, True])
def test_no_pattern_of_a_tile_keeps_more_and_the_transpose_is_as_good(n: int, m: int, p: float, full: bool) -> None:
    w = np.random.default_rng(m).standard_normal((2 * m, 2 * m))
    s = transposable(n, m, norm=p, full=full)
    kept = s.mask(w)
    for i in range(0, 2 * m, m):
        for j in range(0, 2 * m, m):
            tile, mine = np.abs(w[i : i + m, j : j + m]) ** p, kept[i : i + m, j : j + m]
            assert np.isclose(tile[mine].sum(), max(tile[one].sum() for one in all_patterns(n, m, full)), rtol=1e-12)
            assert mine.sum(axis=0).max() <= n and mine.sum(axis=1).max() <= n
            assert not full or mine.sum() == n * m
    assert np.array_equal(s.mask(w.T).T, kept)


def test_it_loses_no_less_than_a_mask_of_one_axis_and_is_one_of_either() -> None:
    lost, free = (float(((W - s(W)) ** 2).sum()) for s in (transposable(2, 4), nm(2, 4)))
    assert free < lost < 1.5 * free
    s = transposable(2, 4, full=True)
    assert np.array_equal(nm(2, 4).mask(s(W)), s.mask(W)) and np.array_equal(nm(2, 4).mask(s(W).T), s.mask(W).T)


@pytest.mark.parametrize("seed", range(8))
def test_greedy_keeps_half_of_the_best_sum_or_more(seed: int) -> None:
    w = np.random.default_rng(seed).lognormal(size=(32, 32))
    exact, greedy = (np.where(transposable(2, 4, norm=1, greedy=g).mask(w), w, 0) for g in (False, True))
    sums = [x.reshape(8, 4, 8, 4).sum(axis=(1, 3)) for x in (exact, greedy)]
    assert (2 * sums[1] >= sums[0]).all() and (sums[1] <= sums[0] * (1 + 1e-12)).all() and (sums[1] < sums[0]).any()
    assert all((kept.reshape(8, 4, 32).sum(axis=1) <= 2).all() for kept in (exact > 0, greedy > 0, (greedy > 0).T))


def test_half_is_attained_by_the_greedy_one() -> None:
    """Two ones against a first one in their row and column, with 0 left over."""
    tile = np.array([[1.0, 1.0], [1.0, 0.0]])
    assert transposable(1, 2, greedy=True)(tile).sum() == 1 and transposable(1, 2)(tile).sum() == 2


def test_ties_take_the_first_pattern_and_powers_of_two_change_nothing() -> None:
    assert transposable(2, 4).mask(np.ones((4, 4))).astype(int).tolist() == [
        [1, 1, 0, 0],
        [1, 1, 0, 0],
        [0, 0, 1, 1],
        [0, 0, 1, 1],
    ]
    kept = transposable(2, 4).mask(W)
    for shift in (-1000, 900):
        assert np.array_equal(transposable(2, 4).mask(W * 2.0**shift), kept)
    assert not transposable(2, 4)(np.zeros((4, 4))).any()


def test_a_score_ranks_and_stacks_of_matrices_are_taken_one_by_one() -> None:
    weighted = transposable(2, 4, score=wanda(np.arange(1.0, 13)[None, :]))
    assert np.array_equal(weighted.mask(W), transposable(2, 4).mask(W * np.arange(1.0, 13)))
    assert np.array_equal(transposable(2, 4).mask(np.stack([W, -W])), np.stack([transposable(2, 4).mask(W)] * 2))


def test_tiles_that_do_not_fit_are_refused() -> None:
    with pytest.raises(Indivisible, match="axis 0 of length 6 is not a whole number of tiles of 4"):
        transposable(2, 4).mask(np.ones((6, 8)))
    with pytest.raises(ValueError, match="two or more axes"):
        transposable(2, 4).mask(np.ones(8))
    with pytest.raises(ValueError, match="all patterns are tried up to tiles of 4×4, got m = 8"):
        transposable(4, 8)
    assert transposable(4, 8, greedy=True).mask(np.ones((8, 8))).sum() == 32


@pytest.mark.parametrize(
    "s", [transposable(2, 4), transposable(2, 4, full=True), transposable(2, 4, greedy=True)], ids=str
)
def test_rational_masks_are_those_of_floats(s: Sparsifier) -> None:
    """On integers whose sums are exact, ties among them."""
    rng = np.random.default_rng(3)
    for _ in range(5):
        x = rng.integers(-3, 4, (8, 8)) / 2
        assert np.array_equal(s.exact_mask(np.abs(rationals(x))), s.mask(x))


def test_rational_masks_of_odd_norms_are_not_known() -> None:
    with pytest.raises(NotRational):
        transposable(2, 4, norm=1.5).exact_mask(rationals(np.ones((4, 4))))
