"""A low rank and columns: against all choices of columns and random factors."""

from itertools import combinations

import numpy as np
import pytest

from sqtheory.methods import OrderVerdict, find
from sqtheory.methods.lost import split

RNG = np.random.default_rng(0)
W = RNG.standard_normal((6, 8)) * np.array([1, 1, 5, 1, 1, 1, 3, 1])


@pytest.mark.parametrize(("rank", "channels"), [(0, 3), (1, 2), (3, 1), (3, 0), (6, 2)])
def test_the_columns_are_the_best_of_all_for_this_low_rank(rank: int, channels: int) -> None:
    low, sparse = split(W, rank, channels)
    assert np.count_nonzero(sparse.any(axis=0)) <= channels and np.linalg.matrix_rank(low) == rank
    made = np.sum((W - low - sparse) ** 2)
    tried = [np.sum(np.delete(W - low, some, axis=1) ** 2) for some in map(list, combinations(range(8), channels))]
    assert made == pytest.approx(min(tried), rel=1e-10, abs=1e-24)
    spectrum = np.linalg.eigvalsh(W @ W.T)[::-1]
    assert made == pytest.approx(spectrum[rank:].sum() - np.sum(sparse**2), abs=1e-10)
    for _ in range(50):
        other = RNG.standard_normal((6, rank)) @ RNG.standard_normal((rank, 8))
        assert np.sum((W - other) ** 2) >= made + np.sum(sparse**2) - 1e-10


def test_both_parts_are_not_the_best_pair() -> None:
    """Columns taken out first leave less here than those taken out of the rest: a greedy split, as the title says."""
    w = np.array([[3.0, 0, 0], [0, 1, 1], [0, 1, -1]])
    low, sparse = split(w, 1, 1)
    assert np.sum((w - low - sparse) ** 2) == pytest.approx(2)
    spiked = np.array([[1.0, 1, 9], [1, 1, -9]])
    low, sparse = split(spiked, 1, 1)
    assert np.sum((spiked - low - sparse) ** 2) > 1.9
    rest = spiked * np.array([1, 1, 0])
    assert np.linalg.matrix_rank(rest) == 1


def test_columns_that_there_are_not_and_no_order() -> None:
    with pytest.raises(ValueError, match="a weight of 8 inputs has no 9 columns"):
        split(W, 1, 9)
    assert find("lost").verdict is OrderVerdict.none
