"""Levels of binary codes, and the nearest of them, against all codes of an entry."""

from itertools import product

import numpy as np
import pytest

from sqtheory.alphabet.binary.code import BinaryCode, nearest_code


@pytest.mark.parametrize("bits", [1, 2, 3])
def test_no_code_of_an_entry_is_nearer(bits: int) -> None:
    rng = np.random.default_rng(bits)
    rows, scales = rng.standard_normal((20, 7)), np.abs(rng.standard_normal((20, bits)))
    found = nearest_code(rows, scales, np.ones(rows.shape, bool))
    for x, a, y in zip(rows, scales, found.values, strict=True):
        sums = np.array([np.dot(a, signs) for signs in product((-1, 1), repeat=bits)])
        np.testing.assert_allclose(np.abs(x - y), np.abs(x[:, None] - sums).min(axis=1), rtol=0, atol=1e-14)
    assert set(np.unique(found.signs)) == {-1, 1}


def test_halfway_the_upper_level_is_taken_and_pruned_entries_have_none() -> None:
    found = nearest_code(
        np.array([[0.0, 2.0, -2.0, 9.0]]), np.array([[2.0, 1.0]]), np.array([[True, True, True, False]])
    )
    assert found.values.tolist() == [[1.0, 3.0, -1.0, 0.0]]


def test_the_census_of_zeros() -> None:
    """0 is a level where signs can make the scales cancel: of greedy ones as good as never, of equal ones always."""
    codes = BinaryCode(np.array([[4.0, 2, 1], [3, 2, 1], [2, 1, 1], [0, 0, 0]]), np.ones((4, 1, 3), np.int8))
    assert codes.has_zero.tolist() == [False, True, True, True]
    assert codes.levels[0].tolist() == [-7, -5, -3, -1, 1, 3, 5, 7]
