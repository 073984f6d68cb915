"""Reverse water-filling against its optimality conditions, a grid of other bits, and the gain by hand."""

import math

import numpy as np
import pytest

from sqtheory.alphabet.allocation.bits import water_filled


def lost(variances: np.ndarray, sizes: np.ndarray, bits: np.ndarray) -> float:
    return float((sizes * variances * 4.0**-bits).sum())


@pytest.mark.parametrize("seed", range(40))
def test_every_layer_is_at_the_water_level_or_under_it_without_bits(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 8))
    variances, sizes = np.exp2(rng.integers(-12, 6, count)), rng.integers(1, 9, count).astype(float)
    mean = float(rng.integers(0, 9)) / 2
    found = water_filled(variances.tolist(), sizes.astype(int).tolist(), mean)
    bits, theta = np.array(found.bits), 2.0**found.level
    assert math.isclose((sizes * bits).sum(), mean * sizes.sum(), rel_tol=1e-12, abs_tol=1e-12)
    np.testing.assert_allclose((variances * 4.0**-bits)[bits > 0], theta, rtol=1e-12)
    assert (variances[bits == 0] <= theta * (1 + 1e-12)).all() and (bits >= 0).all()
    for _ in range(50):
        other = rng.random(count)
        other *= mean * sizes.sum() / (sizes * other).sum()
        assert lost(variances, sizes, bits) <= lost(variances, sizes, other) * (1 + 1e-12)
    assert math.isclose(found.gain, lost(variances, sizes, np.full(count, mean)) / lost(variances, sizes, bits))


def test_the_gain_is_the_arithmetic_over_the_geometric_mean_where_all_have_bits() -> None:
    """σ² = 4, 1, ¼ and 3 bits: 4, 3 and 2 bits; the means 1.75 and 1."""
    found = water_filled([4, 1, 0.25], [7, 7, 7], 3.0)
    assert found.bits == (4.0, 3.0, 2.0) and found.level == -6.0 and found.gain == 1.75


def test_layers_under_water_have_no_bits_and_those_without_variance_never() -> None:
    found = water_filled([1, 1, 2.0**-40, 0], [1, 1, 1, 1], 1.0)
    assert found.bits == (2.0, 2.0, 0.0, 0.0)
    assert water_filled([0.0, 0.0], [1, 1], 0.0).bits == (0.0, 0.0)


def test_a_largest_layer_whose_level_rounds_above_it_counts_as_under_water() -> None:
    """41 · log₂ 0.1/41 rounds above log₂ 0.1."""
    assert water_filled([0.1, 0.01], [41, 1], 0.0).bits == (0.0, 0.0)


def test_variances_at_the_ends_of_float64_are_no_hindrance() -> None:
    found = water_filled([2.0**1000, 2.0**-1000], [1, 1], 300.0)
    assert found.bits == (600.0, 0.0) and found.level == -200.0 and found.gain == 2.0**600
    assert water_filled([2.0**1000, 2.0**-1000], [1, 1], 1000.0).gain == 2.0**999


@pytest.mark.parametrize(
    ("variances", "sizes", "mean", "message"),
    [
        ([1, -1], [1, 1], 1.0, "finite variance of at least 0"),
        ([1, math.nan], [1, 1], 1.0, "finite variance of at least 0"),
        ([1], [1, 1], 1.0, "finite variance of at least 0 for every layer"),
        ([1], [0], 1.0, "sizes of at least 1"),
        ([1], [1], -1.0, "bits of at least 0"),
        ([0], [1], 1.0, "no layer has variance"),
    ],
)
def test_numbers_that_are_none_are_refused(variances: list[float], sizes: list[int], mean: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        water_filled(variances, sizes, mean)
