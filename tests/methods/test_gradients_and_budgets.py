"""GETA and ECoFLaP in fractions: every update descends, differences are slopes, budgets are met."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from sqtheory.methods.ecoflap import kept, kept_as_published, two_sided
from sqtheory.methods.geta import ETA, ZETA, forgetting, residuals, slope

RNG = np.random.default_rng(2)
STEPS = (Fraction(1, 8), Fraction(2))


@pytest.mark.parametrize("d0", [Fraction(1, 3), Fraction(1)])
def test_every_update_with_its_residual_descends_by_a_share_of_the_squared_gradient(d0: Fraction) -> None:
    c_values, g_values, rate = (Fraction(-5, 4), Fraction(3, 4), Fraction(2)), (-3, -1, 2), Fraction(1, 8)
    taken = set()
    for c in product(c_values, repeat=2):
        for g in product(map(Fraction, g_values), repeat=2):
            r = residuals(c, d0)
            gamma, step = forgetting(g, c, r, rate, STEPS)
            along = [sum(a * b for a, b in zip(v, g, strict=True)) for v in (c, r)]
            moved = [-rate * b - gamma * (v + step * e) for v, b, e in zip(c, g, r, strict=True)]
            got = sum(a * b for a, b in zip(g, moved, strict=True))
            assert got == slope(g, c, r, rate, gamma, step)
            assert got <= -(1 - ZETA) * ETA * rate * sum(b * b for b in g) < 0
            assert gamma > 0 and step <= STEPS[1]
            taken.add((along[0] < 0, along[1] < 0, step < STEPS[1]))
    assert len(taken) > 4, "all ways through the rule"


def test_a_larger_rate_of_forgetting_would_climb() -> None:
    c, g, rate = (Fraction(-5, 4), Fraction(3, 4)), (Fraction(2), Fraction(-1)), Fraction(1, 8)
    r = residuals(c, Fraction(1))
    gamma, step = forgetting(g, c, r, rate, STEPS)
    assert slope(g, c, r, rate, gamma, step) < 0 < slope(g, c, r, rate, 2000 * gamma, step)


def test_published_forgetting_spares_groups_of_negative_mean() -> None:
    c, g = (Fraction(-2), Fraction(1)), (Fraction(-1), Fraction(1))
    r = residuals(c, Fraction(1))
    assert forgetting(g, c, r, Fraction(1, 8), STEPS, published=True) == (0, 2)
    assert forgetting(g, c, r, Fraction(1, 8), STEPS)[0] == 1
    up = [-v for v in c]
    assert forgetting(g, up, r, Fraction(1, 8), STEPS, published=True)[0] > 0


@pytest.mark.parametrize("eps", [0.125, 1.0, 16.0])
def test_a_difference_both_ways_is_the_slope_of_a_quadratic_and_odd_terms_are_not_lost(eps: float) -> None:
    a = RNG.integers(-3, 4, (4, 4)).astype(float)
    h, b, w, z = a @ a.T, *(RNG.integers(-4, 5, 4).astype(float) for _ in range(3))
    slope_ = abs(z @ (h @ w + b))
    assert two_sided(lambda v: float(0.5 * v @ h @ v + b @ v), w, z, eps) == slope_
    cubic = two_sided(lambda v: float(np.sum(v**3)), np.ones(1), np.ones(1), eps)
    assert cubic == 3 + eps**2, "a cubic's error is ε²"
    with pytest.raises(ValueError, match="needs a step above 0"):
        two_sided(lambda v: 0.0, w, z, 0.0)


def test_its_mean_over_normal_directions_is_the_length_of_the_gradient() -> None:
    g, draws = np.array([3.0, -4.0, 12.0]), 4000
    seen = [two_sided(lambda v: float(g @ v), np.zeros(3), z, 1.0) for z in RNG.standard_normal((draws, 3))]
    deviation = 13 * np.sqrt((1 - 2 / np.pi) / draws)
    assert abs(np.mean(seen) - 13 * np.sqrt(2 / np.pi)) < 6 * deviation


def test_counts_meet_every_budget_within_their_caps_in_proportion_where_none_is_reached() -> None:
    for _ in range(200):
        sizes = RNG.integers(1, 30, 4).tolist()
        scores = [Fraction(int(v), 7) for v in RNG.integers(1, 50, 4)]
        most = Fraction(int(RNG.integers(1, 11)), 10)
        low = [-((-n * (10 - int(most * 10))) // 10) for n in sizes]
        budget = int(RNG.integers(max(1, sum(low)), sum(sizes) + 1))
        counts = kept(scores, sizes, budget, most)
        assert sum(counts) == budget
        assert all(a <= c <= n for a, c, n in zip(low, counts, sizes, strict=True))
        free = [at for at in range(4) if counts[at] < sizes[at]]
        factors = [((counts[at] - low[at] - 1) / scores[at], (counts[at] - low[at] + 1) / scores[at]) for at in free]
        assert not free or max(lo for lo, _ in factors) <= min(hi for _, hi in factors), "one factor for all"


def test_published_counts_exceed_the_budget_and_a_layer_unless_shares_are_whole() -> None:
    one = [Fraction(1)] * 3
    assert kept_as_published(one, [10] * 3, 12, Fraction(1)) == (4, 4, 4) == kept(one, [10] * 3, 12, Fraction(1))
    assert kept_as_published(one, [10] * 3, 10, Fraction(1)) == (6, 4, 4)
    assert kept_as_published([Fraction(2), *one], [3, 2, 2, 2], 8, Fraction(1))[0] > 3
    with pytest.raises(ValueError, match="layers of score 0 keep no more"):
        kept_as_published([Fraction(1), Fraction(0)], [2, 4], 5, Fraction(1))
    with pytest.raises(ValueError, match="a budget of 40 is not from 0 to 30"):
        kept(one, [10] * 3, 40, Fraction(1))
