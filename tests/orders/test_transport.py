"""The Wasserstein distance against every order of few entries, and against scipy's."""

from itertools import permutations

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from sqtheory.alphabet.quantizers import hbfp
from sqtheory.orders.transport import wasserstein

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("p", [1.0, 1.5, 2.0, 3.0, np.inf])
def test_no_order_of_the_entries_costs_less(p: float) -> None:
    for _ in range(20):
        x, y = RNG.standard_normal(5), RNG.integers(-2, 3, 5) / 2
        sums = [np.abs(x - y[list(order)]) for order in permutations(range(5))]
        least = min(s.max() if p == np.inf else (s**p).mean() ** (1 / p) for s in sums)
        assert wasserstein(x, y, p) == pytest.approx(least, rel=1e-12)


def test_scipy_finds_the_same_distance_of_order_one() -> None:
    x = RNG.laplace(size=(8, 64))
    image = hbfp(3, block=16)(x)
    assert wasserstein(x, image) == pytest.approx(wasserstein_distance(x.ravel(), image.ravel()), rel=1e-12)


def test_the_identity_is_one_order_so_no_distance_exceeds_the_error() -> None:
    """With equality under one scale (theorem ``wasserstein_coupling``); over blocks less."""
    x = RNG.standard_t(3, (4, 64))
    one, many = hbfp(3, block=64)(x[:1]), hbfp(3, block=16)(x)
    for p in (1, 2):
        assert wasserstein(x[:1], one, p) == pytest.approx(np.mean(np.abs(x[:1] - one) ** p) ** (1 / p), rel=1e-12)
        assert wasserstein(x, many, p) < np.mean(np.abs(x - many) ** p) ** (1 / p)


def test_what_has_no_distance_is_refused() -> None:
    for x, y, p, said in (
        ([1, 2], [1], 1, "as many entries"),
        ([], [], 1, "as many entries"),
        ([1], [2], 0.5, "p ≥ 1"),
        ([np.nan], [2], 1, "NaN or infinite"),
        ([1], [np.inf], 1, "NaN or infinite"),
    ):
        with pytest.raises(ValueError, match=said):
            wasserstein(np.array(x, float), np.array(y, float), p)
