"""Thresholding against minimization by brute force, and what each does to the maximum of a block."""

from fractions import Fraction

import numpy as np
import pytest

from sqtheory.alphabet.shrinkage import Firm, HalfNorm, Hard, Shrinkage, Soft, continuous_exact
from sqtheory.methods import OrderVerdict, find

EACH = [
    make(strength)
    for strength in (0.0, 0.3, 1.0, 2.5)
    for make in (Soft, Hard, HalfNorm, lambda s: Firm(s, 1.5), lambda s: continuous_exact(s, 0.5))
]
GRID = np.linspace(-8, 8, 32001)
STEP = GRID[1] - GRID[0]


@pytest.mark.parametrize("step", EACH, ids=str)
def test_a_step_minimizes_half_the_square_and_its_penalty(step: Shrinkage) -> None:
    """No point of a fine grid is better than the step, which is within a grid step of one where the best is unique."""
    v = np.array([-7.3, -2.6, -1.1, -0.4, 0.0, 0.21, 0.77, 1.3, 1.9, 3.3, 4.7, 6.9])
    made = step.of(v)
    losses = (GRID - v[:, None]) ** 2 / 2 + step.penalty(GRID)
    own = (made - v) ** 2 / 2 + step.penalty(made)
    assert (own <= losses.min(axis=1) + 1e-12).all()
    near = losses.min(axis=1) + 8 * STEP >= own
    assert near.all() and (np.abs(GRID[losses.argmin(axis=1)] - made) <= 0.02).all()
    np.testing.assert_array_equal(step.of(-v), -made)


def test_cel0_is_the_firm_step_of_its_penalty_and_keeps_the_minimizers_of_l0() -> None:
    strength, norm = 2.0, 0.5
    step = continuous_exact(strength, norm)
    end = (2 * strength) ** 0.5 / norm
    written = strength - np.where(np.abs(GRID) <= end, norm**2 / 2 * (np.abs(GRID) - end) ** 2, 0.0)
    np.testing.assert_allclose(step.penalty(GRID), written, atol=1e-12)
    for y in np.linspace(-5, 5, 41):
        exact, relaxed = ((norm * GRID - y) ** 2 / 2 + phi for phi in (Hard(strength).penalty(GRID), written))
        assert relaxed.min() == pytest.approx(exact.min(), abs=1e-9)
        assert relaxed[exact.argmin()] <= relaxed.min() + 1e-9


def test_thresholds_and_biases() -> None:
    v = np.array([1.0, 1.0001, 9.0])
    np.testing.assert_allclose(Soft(1.0).of(v), [0, 0.0001, 8])
    np.testing.assert_array_equal(Hard(0.5).of(v), [0, 1.0001, 9])
    np.testing.assert_allclose(Firm(1.0, 4.0).of(np.array([1.0, 2.5, 4.0, 9.0])), [0, 2, 4, 9])
    half = HalfNorm(1.0).of(np.array([1.5, 1.5001, 100.0]))
    assert half[0] == 0 and half[1] == pytest.approx(1, abs=1e-3) and half[2] == pytest.approx(99.95, abs=1e-3)


def test_soft_moves_the_maximum_of_every_block_and_hard_of_none_that_lives() -> None:
    x = np.random.default_rng(0).integers(-64, 65, (200, 8)) / 8.0
    top = np.abs(x).max(axis=1)
    np.testing.assert_array_equal(np.abs(Soft(1.0).of(x)).max(axis=1), np.maximum(top - 1, 0))
    hard = np.abs(Hard(2.0).of(x)).max(axis=1)
    np.testing.assert_array_equal(hard[hard > 0], top[hard > 0])
    assert Fraction(float(np.abs(Soft(1.0).of(x)).max())) == Fraction(float(top.max())) - 1


@pytest.mark.parametrize("strength", [-1.0, np.inf, np.nan])
def test_no_strength_no_bend_no_norm(strength: float) -> None:
    with pytest.raises(ValueError, match="the strength of a penalty is a number ≥ 0, got"):
        Soft(strength)
    with pytest.raises(ValueError, match="bend γ > 1, got 1"):
        Firm(1.0, 1.0)
    with pytest.raises(ValueError, match="norm of a column is positive, got 0"):
        continuous_exact(1.0, 0.0)


def test_its_order_turns_on_the_scale_or_the_selection() -> None:
    work = find("beyond_l1")
    assert work.verdict is OrderVerdict.fails and [str(c) for c in work.channels] == ["M", "Σ"]
