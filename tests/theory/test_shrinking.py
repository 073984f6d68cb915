"""Witnesses are made small in so many tries, whatever the machine."""

import numpy as np
import pytest

from sqtheory.arrays import Array
from sqtheory.theory.decide.shrinking import shrink, weight

ROW = np.array([0, 3.7, -1.3, 0, 9.2, 0.1, -5.5, 2.25])


class Told:
    """Violated where the sum of magnitudes exceeds 4; counts what it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, rows: Array) -> Array:
        self.asked += len(rows)
        return np.asarray(np.abs(rows).sum(axis=1) - 4)


@pytest.mark.parametrize("most", [0, 1, 7, 100])
def test_no_more_is_tried_than_is_allowed(most: int) -> None:
    violates = Told()
    small = shrink(ROW, violates, lambda row: True, most)
    assert violates.asked <= most and np.abs(small).sum() > 4 and weight(small) <= weight(ROW)
    assert most or np.array_equal(small, ROW)


def test_with_enough_tries_one_simple_entry_is_left() -> None:
    small = shrink(ROW, Told(), lambda row: True, 10_000)
    assert np.count_nonzero(small) == 1 and small[0] > 4 and small[0] in (5, 6, 8)


def test_nothing_is_taken_that_is_not_certain() -> None:
    assert np.array_equal(shrink(ROW, Told(), lambda row: False, 10_000), ROW)
