"""What two N:M masks share against all orders of the entries that decide it, and on draws."""

from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest

from sqtheory.alphabet.sparsifiers import nm
from sqtheory.methods import OrderVerdict, find
from sqtheory.methods.bdwp import expected_overlap


@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 2), (2, 2), (1, 3), (2, 3), (1, 4), (2, 4), (3, 4)])
def test_the_overlap_counts_orders_of_an_entry_and_its_neighbours(n: int, m: int) -> None:
    """The entry comes first, then those beside it along one axis, then those along the other: 2m − 1 in all."""
    orders = list(permutations(range(2 * m - 1)))
    both = sum(sum(v > o[0] for v in o[1:m]) < n and sum(v > o[0] for v in o[m:]) < n for o in orders)
    assert expected_overlap(n, m) == Fraction(both, len(orders))


def test_masks_of_draws_share_so_much() -> None:
    """Of 40 000 tiles of 4×4; the share of a tile lies in [0, ½] and deviates by ¼ at most: five deviations."""
    w = np.random.default_rng(0).standard_normal((800, 800))
    both = nm(2, 4).mask(w) & nm(2, 4, axis=0).mask(w)
    assert abs(both.mean() - 13 / 35) <= 5 * 0.25 / np.sqrt(w.size / 16)


def test_no_such_mask_and_the_verdict() -> None:
    for n in (0, 5):
        with pytest.raises(ValueError, match=f"n:m needs 1 ≤ n ≤ m, got {n}:4"):
            expected_overlap(n, 4)
    work = find("bdwp")
    assert work.verdict is OrderVerdict.depends and "Σ" in [str(c) for c in work.channels]
