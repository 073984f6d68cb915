"""Bounds of pages and of evidence, overlaps and knees, folded normalization: corners, integrals, loops."""

from itertools import product

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import digamma
from scipy.stats import gamma, norm

from sqtheory.methods.corematching import knee, overlaps
from sqtheory.methods.sparse_frontier import outwards, page_bound
from sqtheory.methods.turbo_vbi import ascent
from sqtheory.methods.yolov8 import folded

RNG = np.random.default_rng(8)


def test_the_bound_of_a_page_is_its_best_corner_and_outward_rounding_keeps_it_one() -> None:
    for _ in range(50):
        q, keys = RNG.standard_normal(3), RNG.standard_normal((4, 3))
        low, high = keys.min(axis=0), keys.max(axis=0)
        corners = [sum(a * b for a, b in zip(q, c, strict=True)) for c in product(*zip(low, high, strict=True))]
        assert page_bound(q, low, high) == pytest.approx(max(corners), rel=1e-12)
        assert (keys @ q).max() <= page_bound(q, low, high) + 1e-12
        down, up = outwards(low, high, 0.25)
        assert (down <= low).all() and (up >= high).all() and page_bound(q, down, up) >= max(corners) - 1e-12
    with pytest.raises(ValueError, match="low is above its high"):
        page_bound(q, high, low)


@pytest.mark.parametrize("y", [0.01, 0.5, 3.0])
def test_the_bound_is_below_the_evidence_and_what_its_terms_are_one_by_one(y: float) -> None:
    noise, a, b = 0.1, 1.5, 0.2
    posteriors = ascent(y, noise, a, b, 20)

    def seen(rho: float) -> float:
        return float(norm.pdf(y, 0, np.sqrt(noise + 1 / rho)) * gamma.pdf(rho, a, scale=1 / b))

    evidence = np.log(quad(seen, 0, np.inf)[0])
    bounds = [one.elbo(y, noise, a, b) for one in posteriors]
    assert (np.diff(bounds) >= -1e-12).all() and bounds[-1] <= evidence + 1e-9 and bounds[-1] > evidence - 0.5
    for one, bound in list(zip(posteriors, bounds, strict=True))[:4]:
        second, logs = one.mean**2 + one.variance, digamma(one.shape) - np.log(one.rate)
        terms = -0.5 * np.log(2 * np.pi * noise) - ((y - one.mean) ** 2 + one.variance) / (2 * noise)
        terms += 0.5 * logs - 0.5 * np.log(2 * np.pi) - one.precision * second / 2
        terms += gamma.logpdf(1, a, scale=1 / b) + b + (a - 1) * logs - b * one.precision
        terms += norm.entropy(one.mean, np.sqrt(one.variance)) + gamma.entropy(one.shape, scale=1 / one.rate)
        assert bound == pytest.approx(float(terms), rel=1e-10)


def test_overlaps_are_counted_and_a_knee_is_the_farthest_from_the_chord() -> None:
    a = np.maximum(RNG.standard_normal((4, 9)), 0)
    for i, j in product(range(4), range(4)):
        assert overlaps(a)[i, j] == sum(bool(x > 0 and y > 0) for x, y in zip(a[i], a[j], strict=True))
    for _ in range(30):
        curve = np.sort(RNG.uniform(0, 9, 7))[::-1]
        slope = (curve[-1] - curve[0]) / 6
        below = [curve[0] + slope * i - curve[i] for i in range(7)]
        assert below[knee(curve)] == pytest.approx(max(below), abs=1e-12)
        assert knee(3 * curve + 2) == knee(curve)
    with pytest.raises(ValueError, match="a knee is that of a falling curve"):
        knee(np.array([1.0, 2]))


def test_a_folded_convolution_gives_what_it_gave_with_normalization_after_it() -> None:
    w, x = RNG.standard_normal((3, 4)), RNG.standard_normal(4)
    g, beta, mean, deviation = (
        RNG.standard_normal(3),
        RNG.standard_normal(3),
        RNG.standard_normal(3),
        np.array([1, 2, 3.0]),
    )
    made, bias = folded(w, g, beta, mean, deviation)
    for c in range(3):
        wanted = g[c] * (sum(w[c, i] * x[i] for i in range(4)) - mean[c]) / deviation[c] + beta[c]
        assert made[c] @ x + bias[c] == pytest.approx(wanted, rel=1e-12)
    with pytest.raises(ValueError, match="deviations are positive"):
        folded(w, g, beta, mean, 0 * deviation)
