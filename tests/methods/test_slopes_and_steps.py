"""What straight-through estimates, sensitivities and exchanges say, against derivatives and losses written out."""

from fractions import Fraction

import numpy as np
import pytest

from sqtheory.methods.dsl import exchanged
from sqtheory.methods.spt import gain
from sqtheory.methods.ste import straight_through, true_slope

RNG = np.random.default_rng(1)


def test_the_slope_is_that_of_the_expected_loss_and_the_estimate_misses_half_less_the_place() -> None:
    def loss(w: Fraction, t: Fraction) -> Fraction:
        low, share = w // 1, w % 1
        return (1 - share) * (low - t) ** 2 / 2 + share * (low + 1 - t) ** 2 / 2

    h, missed = Fraction(1, 64), []
    for w, t in ((Fraction(a, 16), Fraction(b, 5)) for a in range(-9, 30, 2) for b in range(-3, 4)):
        assert true_slope(w, t) == (loss(w + h, t) - loss(w - h, t)) / (2 * h)
        missed.append(true_slope(w, t) - straight_through(w, t))
        assert missed[-1] == Fraction(1, 2) - w % 1
    assert max(missed) > 0 > min(missed)


def test_the_gain_is_what_a_step_lowers_a_quadratic_by() -> None:
    g, h, rate = RNG.standard_normal(6), RNG.uniform(0, 3, 6), 0.3
    lowered = -(g * (-rate * g) + h * (rate * g) ** 2 / 2)
    np.testing.assert_allclose(gain(g, h, rate), lowered, rtol=1e-12)
    assert (gain(g, h, 0.0) == 0).all() and gain(np.ones(1), np.array([8.0]), 0.25) == 0


def test_an_exchange_keeps_the_number_and_takes_the_least_and_the_most() -> None:
    for _ in range(100):
        w, g, alive = RNG.standard_normal(12), RNG.standard_normal(12), RNG.permutation(np.arange(12) < 7)
        made = exchanged(w, g, alive, 3)
        dropped, grown = alive & ~made, ~alive & made
        assert made.sum() == 7 and dropped.sum() == grown.sum() == 3
        assert np.abs(w[dropped]).max() <= np.abs(w[alive & made]).min()
        assert np.abs(g[grown]).min() >= np.abs(g[~alive & ~made]).max()
    with pytest.raises(ValueError, match="6 entries cannot change places: 7 are alive, 5 are not"):
        exchanged(w, g, alive, 6)
