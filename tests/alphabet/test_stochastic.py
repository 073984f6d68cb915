"""Stochastic rounding: the probability is exact by construction, and the counts agree."""

from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sqtheory.alphabet.formats import E2M1, E4M3, E8M0, FORMATS, INT4, NF4, Format
from sqtheory.alphabet.rounding import Stochastic, stochastic
from tests.twins.formats import GRIDS

NAMED = pytest.mark.parametrize("fmt", FORMATS.values(), ids=str)


class Coins(np.random.Generator):
    """A Generator whose fair coins fall as they are told; it refuses any other question."""

    def __init__(self, *falls: int) -> None:
        super().__init__(np.random.PCG64(0))
        self.falls = list(falls)

    def integers(self, low: int, high: int, size: int, dtype: type) -> NDArray[Any]:  # type: ignore[override]
        assert (low, high, size) == (0, 2, 1)
        return np.array([self.falls.pop(0)], dtype)


def happens(part: float, whole: float, falls: tuple[int, ...]) -> bool:
    return bool(Stochastic(Coins(*falls)).occurs(np.array([part]), np.array([whole]))[0])


@pytest.mark.parametrize("eighths", range(9))
@pytest.mark.parametrize("whole", [1.0, 0.375, 7.0, 2.0**-1060])
def test_of_all_falls_of_three_coins_just_so_many_succeed(eighths: int, whole: float) -> None:
    results = [happens(eighths * (whole / 8), whole, falls) for falls in product((0, 1), repeat=3)]
    assert sum(results) == eighths


def test_a_fraction_that_never_ends_is_decided_as_late_as_it_must() -> None:
    """1/3 = 0.010101…₂: coins equal to its digits leave the event open; the first other one decides."""
    digits = (0, 1) * 20
    for i, digit in enumerate(digits):
        assert happens(1.0, 3.0, (*digits[:i], 1 - digit)) == (digit == 1)


@pytest.mark.parametrize("depth", [80, 400, 1000])
def test_tiny_fractions_are_neither_lost_nor_enlarged(depth: int) -> None:
    part = 2.0**-depth
    assert happens(part, 1.0, (0,) * depth)
    for early in (0, 1, 60, depth - 1):
        assert not happens(part, 1.0, (0,) * early + (1,))
    almost = 1.0 - 2.0**-53
    assert happens(almost, 1.0, (1,) * 52 + (0,)) and not happens(almost, 1.0, (1,) * 53)


def test_certain_and_impossible_events_need_no_coin() -> None:
    rule = Stochastic(Coins())
    assert rule.occurs(np.array([0.0, 5.0]), np.array([5.0, 5.0])).tolist() == [False, True]


@NAMED
def test_grid_points_stay(fmt: Format) -> None:
    for dtype in (np.float32, np.float64):
        points = fmt.values.astype(dtype)
        np.testing.assert_array_equal(fmt.round(points, Stochastic(Coins())), points, strict=True)


@NAMED
def test_no_number_leaves_its_cell(fmt: Format) -> None:
    rng = np.random.default_rng(1)
    v = rng.uniform(0, 1, 2000) * (fmt.values[1:] - fmt.values[:-1])[rng.integers(0, fmt.values.size - 1, 2000)]
    below = fmt.values[rng.integers(0, fmt.values.size - 1, 2000)]
    v = np.clip(below + v, fmt.min, fmt.max)
    i = np.clip(np.searchsorted(fmt.values, v, side="right") - 1, 0, fmt.values.size - 2)
    got = fmt.round(v, stochastic(rng))
    on_grid = v == fmt.values[i]
    assert np.all((got == fmt.values[i]) | (got == fmt.values[i + 1]) & ~on_grid)
    assert fmt.round(np.array([9e30, -9e30]) * fmt.max, stochastic(rng)).tolist() == [fmt.max, fmt.min]


@pytest.mark.parametrize("fmt", [INT4, E4M3, E2M1, NF4, E8M0], ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_mean_is_the_number(fmt: Format, dtype: type) -> None:
    """Counts of each of 12 numbers lie within 5 standard deviations of the binomial law of the exact fraction."""
    draws, rng = 40_000, np.random.default_rng(2)
    chosen = rng.integers(0, fmt.values.size - 1, 12)
    v = (fmt.values[chosen] + rng.uniform(0.02, 0.98, 12) * np.diff(fmt.values)[chosen]).astype(dtype)
    got = fmt.round(np.broadcast_to(v, (draws, 12)), stochastic(rng))
    numbers = GRIDS[fmt.name].numbers
    for k, i in enumerate(chosen):
        lo, hi = numbers[i], numbers[i + 1]
        p = float((Fraction(float(v[k])) - lo) / (hi - lo))
        ups = np.count_nonzero(got[:, k] == float(hi))
        assert abs(ups - draws * p) < 5 * np.sqrt(draws * p * (1 - p))


def test_positive_and_negative_numbers_are_both_unbiased_in_place() -> None:
    v = np.array([2.25, -2.25, 0.25, -0.25])
    got = INT4.round(np.broadcast_to(v, (40_000, 4)), stochastic(np.random.default_rng(3)))
    np.testing.assert_allclose(got.mean(axis=0), v, atol=5 * np.sqrt(3 / 16 / 40_000))


def test_coins_of_different_entries_are_independent() -> None:
    got = INT4.round(np.full((20_000, 2), 0.5), stochastic(np.random.default_rng(4)))
    assert abs(np.count_nonzero(got[:, 0] == got[:, 1]) - 10_000) < 5 * np.sqrt(5_000)


def test_a_seed_fixes_the_result() -> None:
    v = np.random.default_rng(5).normal(size=(30, 40))
    first, second, other = (E4M3.round(v, stochastic(np.random.default_rng(seed))) for seed in (6, 6, 7))
    assert np.array_equal(first, second) and not np.array_equal(first, other)


def test_without_saturation_a_number_above_the_range_overflows_surely() -> None:
    rounded = E4M3.round(np.full(1000, 480.0), stochastic(np.random.default_rng(8)), saturate=False)
    assert np.isnan(rounded).all()
    between = E4M3.round(np.full(4000, 456.0), stochastic(np.random.default_rng(9)), saturate=False)
    assert abs(np.count_nonzero(np.isnan(between)) - 1000) < 5 * np.sqrt(750) and np.nanmax(between) == 448


def test_a_generator_is_required() -> None:
    with pytest.raises(TypeError, match=r"needs a numpy\.random\.Generator, got RandomState"):
        stochastic(np.random.RandomState(0))  # type: ignore[arg-type]
    rule = stochastic(np.random.default_rng(0))
    assert str(rule) == "stochastic(rng)" and not rule.deterministic and not rule.nearest
    assert rule == rule and rule != stochastic(np.random.default_rng(0))
