"""Roundings of quotas of an exact sum: near, and none nearer."""

from fractions import Fraction
from itertools import product
from math import ceil, floor

import numpy as np
import pytest

from sqtheory.alphabet.allocation.apportion import apportioned


@pytest.mark.parametrize("seed", range(20))
def test_no_other_roundings_of_that_sum_are_nearer(seed: int) -> None:
    rng = np.random.default_rng(seed)
    quotas = [Fraction(int(v), 8) for v in rng.integers(0, 40, 5)]
    for total in range(sum(map(floor, quotas)), sum(map(ceil, quotas)) + 1):
        found = apportioned(quotas, total)
        others = product(*({floor(q), ceil(q)} for q in quotas))
        far = [sum(abs(n - q) for n, q in zip(other, quotas, strict=True)) for other in others if sum(other) == total]
        assert sum(found) == total and all(abs(n - q) < 1 for n, q in zip(found, quotas, strict=True))
        assert sum(abs(n - q) for n, q in zip(found, quotas, strict=True)) == min(far)


def test_the_first_of_equal_remainders_goes_up() -> None:
    assert apportioned([Fraction(1, 2)] * 4, 2) == (1, 1, 0, 0)


def test_a_sum_out_of_reach_is_refused() -> None:
    with pytest.raises(ValueError, match=r"3 is no sum of roundings of quotas that sum to 1"):
        apportioned([Fraction(1, 2)] * 2, 3)
