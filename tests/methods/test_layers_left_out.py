"""Influence of layers and the greedy search: cosines one by one, and all sets."""

from itertools import combinations

import numpy as np
import pytest
from scipy.spatial.distance import cosine

from sqtheory.methods.blockpruner import greedy
from sqtheory.methods.shortgpt import influence

RNG = np.random.default_rng(2)


def test_influence_is_the_mean_cosine_distance_and_sees_no_lengths() -> None:
    x, y = RNG.standard_normal((9, 5)), RNG.standard_normal((9, 5))
    assert influence(x, y) == pytest.approx(np.mean([cosine(a, b) for a, b in zip(x, y, strict=True)]), rel=1e-12)
    assert influence(3 * x, 0.25 * y) == pytest.approx(influence(x, y), rel=1e-12)
    with pytest.raises(ValueError, match="a token that is 0 has no direction"):
        influence(x, 0 * y)


def test_greedy_finds_the_best_of_what_adds_up_and_one_at_a_time_always() -> None:
    costs = RNG.uniform(0, 1, 6)

    def loss(gone: frozenset[int]) -> float:
        return float(sum(costs[part] for part in gone))

    for count in range(7):
        best = min(loss(frozenset(some)) for some in combinations(range(6), count))
        assert loss(greedy(range(6), count, loss)) == pytest.approx(best)
    with pytest.raises(ValueError, match="7 of 6 parts"):
        greedy(range(6), 7, loss)
