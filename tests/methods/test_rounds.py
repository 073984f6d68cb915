"""Rounds of pruning nest and are one, unless weights change or are rounded between."""

import numpy as np

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm

RNG = np.random.default_rng(4)


def test_rounds_without_training_are_one_round_and_with_it_they_nest() -> None:
    for _ in range(200):
        x = RNG.standard_normal(8)
        first = nm(3, 4).mask(x)
        np.testing.assert_array_equal(nm(2, 4).mask(x * first), nm(2, 4).mask(x))
        trained = np.where(first, RNG.standard_normal(8), 0)
        assert (first | ~nm(2, 4).mask(trained)).all()


def test_rounding_between_rounds_can_drop_the_larger_of_two() -> None:
    x = np.array([7, 1.75, 2.25, 0.25])
    kept = nm(2, 4).mask(int_(4)(np.where(nm(3, 4).mask(x), x, 0)))
    assert kept.tolist() == [True, True, False, False] != nm(2, 4).mask(x).tolist()
