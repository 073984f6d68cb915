"""The power quantizer: bits and steps, levels by counting, and what it has in common with quantizers of x."""

import numpy as np
import pytest

from sqtheory.alphabet.power_law import bits_of, clipped_power, power_quantized, step_of

RNG = np.random.default_rng(2)


@pytest.mark.parametrize(("bits", "largest", "power"), [(2, 1.0, 1.0), (4, 3.0, 0.5), (8, 0.25, 1.5)])
def test_bits_and_steps_are_inverse_and_count_the_levels(bits: int, largest: float, power: float) -> None:
    step = step_of(bits, largest, power)
    assert bits_of(step, largest, power) == pytest.approx(bits, rel=1e-12)
    assert bits_of(step / 2, largest, power) > bits
    x = np.linspace(-2 * largest, 2 * largest, 4001)
    assert len(np.unique(np.round(power_quantized(x, step, largest, power) / step))) == 2**bits - 1


def test_the_power_quantizer_is_odd_keeps_zero_and_errs_by_half_a_step_of_powers() -> None:
    x = np.append(RNG.standard_normal(500), 0.0)
    for power in (0.5, 1.0, 2.0):
        y = power_quantized(x, 0.25, 1.5, power)
        np.testing.assert_array_equal(power_quantized(-x, 0.25, 1.5, power), -y)
        assert y[-1] == 0 and np.abs(y - clipped_power(x, 1.5, power)).max() <= 0.125
        mask = RNG.random(x.shape) < 0.5
        np.testing.assert_array_equal(power_quantized(np.where(mask, x, 0), 0.25, 1.5, power), np.where(mask, y, 0))
    root = power_quantized(x, 0.25, 1.5, 0.5)
    assert np.abs(root - np.clip(x, -1.5, 1.5)).max() > 0.2, "it is no image of x itself"
