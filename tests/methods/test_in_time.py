"""Temporal sparsity and linear recurrences: sequences written out time by time, and shares counted exactly."""

from fractions import Fraction

import numpy as np
import pytest

from sqtheory.alphabet.rounding import Rounding, floor, half_away, nearest_even
from sqtheory.arrays import Array
from sqtheory.methods.sparse_rnn import reach, states
from sqtheory.methods.temporal_sparsity import pruned_first, received, sent, sent_without_first, unchanged

RNG = np.random.default_rng(0)
X = np.cumsum(RNG.standard_normal((50, 3)) * 0.3, axis=0)
STEPS = np.array([0.25, 0.5, 2.0])


@pytest.mark.parametrize("step", [0.5, STEPS], ids=["one", "own"])
def test_what_is_received_is_the_rounded_activation_at_any_time(step: float | Array) -> None:
    each, got = np.broadcast_to(step, 3), received(sent(X, step))
    for t in range(50):
        for j in range(3):
            assert got[t, j] == round(X[t, j] / each[j]) * each[j]
    assert (np.abs(got - X) <= each / 2).all()


def test_most_is_zero_where_the_step_is_large_and_nothing_is_sent_twice() -> None:
    shares = [np.count_nonzero(sent(X, step)[1:] == 0) / X[1:].size for step in (0.1, 0.5, 2.0)]
    assert shares == sorted(shares) and shares[-1] > 0.7


@pytest.mark.parametrize("speed", [Fraction(0), Fraction(1, 5), Fraction(-3, 10), Fraction(7, 4)], ids=str)
def test_the_share_that_stays_is_that_of_the_starting_points(speed: Fraction) -> None:
    """Starts in the middles of 1000 parts of a cell of width 1, each rounded to the nearest integer exactly."""
    starts = [Fraction(2 * i + 1, 2000) - Fraction(1, 2) for i in range(1000)]
    stays = sum(round(x) == round(x + speed) for x in starts)
    assert unchanged(float(speed), 1.0) == pytest.approx(stays / 1000, abs=1e-12)


def test_pruned_first_what_is_lost_adds_up_to_half_a_step_a_time_at_most() -> None:
    lost = np.abs(received(pruned_first(X, 0.5)) - X)
    assert (lost <= np.arange(1, 51)[:, None] * 0.25 + 1e-12).all()
    assert lost.max() > 4 * np.abs(received(sent(X, 0.5)) - X).max()


def test_without_the_first_frame_published_code_sends_the_opposite_and_the_first_change_twice() -> None:
    got, rounded = received(sent_without_first(X, 0.5)), received(sent(X, 0.5))
    np.testing.assert_array_equal(got[1:], (2 * rounded[0] - rounded[1:]) - rounded[1])
    np.testing.assert_array_equal(got[0], rounded[0] - rounded[1])


@pytest.mark.parametrize("way", [nearest_even, half_away, floor], ids=str)
@pytest.mark.parametrize("decay", [[0.9, -0.5], [0.6 + 0.7j, 0.3 - 0.2j]], ids=["real", "complex"])
def test_a_state_errs_by_its_reach_times_one_rounding(way: Rounding, decay: list[complex]) -> None:
    a, step = np.array(decay), 0.125
    u: Array = RNG.standard_normal((60, 2))
    u = u + np.multiply(RNG.standard_normal((60, 2)), 1j if np.iscomplexobj(a) else 0)
    exact, made = states(a, u), states(a, u, step, way)
    h = 0 * a
    for t in range(60):
        h = a * h + u[t]
        np.testing.assert_allclose(exact[t], h, rtol=1e-12, atol=1e-14)
    parts = np.concatenate([made.real, made.imag]) / step
    np.testing.assert_array_equal(parts, np.rint(parts))
    once = step * (0.5 if way.nearest else 1) * (2**0.5 if np.iscomplexobj(a) else 1)
    bounds = np.array([reach(a, t + 1) for t in range(60)]) * once
    assert (np.abs(made - exact) <= bounds + 1e-12).all()


def test_the_reach_is_a_geometric_sum() -> None:
    np.testing.assert_allclose(reach(np.array([0.5, -0.5, 1.0, 0.0]), 4), [1.875, 1.875, 4, 1])


def test_a_floored_state_is_half_a_step_times_its_reach_too_low_on_average() -> None:
    """The errors of one rounding are nearly uniform here: standard error (1/√12)/(1 − λ)/√T, five of them allowed."""
    decay, times = np.array([0.9]), 4000
    u = RNG.standard_normal((times, 1)) * 50
    low, near = (states(decay, u, 1.0, way) - states(decay, u) for way in (floor, nearest_even))
    allowed = 5 / 12**0.5 / 0.1 / times**0.5
    assert float(low[100:].mean()) == pytest.approx(-5, abs=allowed)
    assert float(near[100:].mean()) == pytest.approx(0, abs=allowed)
