"""Sorting networks sort, and say which of equal entries comes first."""

from itertools import product

import numpy as np
import pytest

from sqtheory.alphabet.sorting import SortingNetwork, bitonic, bose_nelson


@pytest.mark.parametrize("network", [bose_nelson(8), bose_nelson(8, swaps_equal=True), bitonic(8)])
def test_what_sorts_all_rows_of_zeros_and_ones_sorts_all(network: SortingNetwork) -> None:
    """The principle of zeros and ones: no other rows need be tried."""
    rows = np.array(list(product((0.0, 1.0), repeat=8)))
    order = network.ascending(rows)
    assert (np.sort(order, axis=1) == np.arange(8)).all()
    assert (np.diff(np.take_along_axis(rows, order, axis=1), axis=1) >= 0).all()


def test_they_compare_as_often_as_published() -> None:
    assert [len(bose_nelson(size).pairs) for size in (2, 3, 4, 5, 8, 16)] == [1, 3, 5, 9, 19, 65]
    assert [len(bitonic(size).pairs) for size in (2, 4, 8, 16)] == [1, 6, 24, 80]


def test_equal_entries_stay_or_are_swapped() -> None:
    ones = np.ones((1, 16))
    assert bose_nelson(16).ascending(ones)[0].tolist() == bitonic(16).ascending(ones)[0].tolist() == list(range(16))
    assert bose_nelson(16, swaps_equal=True).ascending(ones)[0, ::-1].tolist() != list(range(16))
    assert bose_nelson(2, swaps_equal=True).ascending(ones[:, :2])[0].tolist() == [1, 0]


def test_without_a_comparison_it_does_not_sort() -> None:
    rows = np.array(list(product((0.0, 1.0), repeat=8)))
    for dropped in range(19):
        pairs = bose_nelson(8).pairs
        order = SortingNetwork(pairs[:dropped] + pairs[dropped + 1 :]).ascending(rows)
        assert (np.diff(np.take_along_axis(rows, order, axis=1), axis=1) < 0).any()
