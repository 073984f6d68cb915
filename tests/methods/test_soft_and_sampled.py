"""Decays that end, shrink and are sampled, kernels, scores and features: loops over entries, subsets and formulas."""

from itertools import product

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.spatial.distance import cdist
from scipy.special import softmax

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.methods.cast import faded, restoring
from sqtheory.methods.iss import shrunk, until_zero
from sqtheory.methods.ist import chances, kept_error
from sqtheory.methods.pst import parameters, scores
from sqtheory.methods.snella import merged, signed_square
from sqtheory.methods.squarehead import distance

RNG = np.random.default_rng(7)


def test_a_decay_by_an_amount_is_its_steps_one_by_one_and_ends_at_zero() -> None:
    x = RNG.integers(-40, 41, 12) / 8
    mask = nm(2, 4).mask(x)
    for steps in (0, 1, 7, 40):
        wanted = []
        for value, kept in zip(x.tolist(), mask.tolist(), strict=True):
            for _ in range(0 if kept else steps):
                value = max(value - 0.125, 0) if value > 0 else min(value + 0.125, 0)
            wanted.append(value)
        np.testing.assert_array_equal(faded(x, mask, 0.125, steps), wanted)
    np.testing.assert_array_equal(faded(x, mask, 0.125, 40), nm(2, 4)(x))
    with pytest.raises(ValueError, match="a decay is not negative: got -1"):
        faded(x, mask, -1, 1)


def test_the_factor_gives_the_norm_back_and_the_best_factor_is_one() -> None:
    x = RNG.standard_normal(12)
    mask = nm(2, 4).mask(x)
    assert np.linalg.norm(restoring(x, mask) * x[mask]) == pytest.approx(np.linalg.norm(x), rel=1e-14)
    best = minimize_scalar(lambda f: ((x - f * np.where(mask, x, 0)) ** 2).sum()).x
    assert best == pytest.approx(1, abs=1e-6)
    with pytest.raises(ValueError, match="no factor gives its norm back"):
        restoring(x, np.zeros(12, bool))


@pytest.mark.parametrize("factor", [0.5, 0.95])
def test_shrinkage_crosses_half_a_step_when_it_says(factor: float) -> None:
    for _ in range(20):
        x = RNG.standard_normal(4)
        mask, step = nm(2, 4).mask(x), float(np.abs(x).max()) / 7
        when = until_zero(float(np.abs(x[~mask]).max()), step, factor)
        sizes = [np.abs(x[~mask]).max() * factor**t for t in range(when + 1)]
        assert sizes[when] <= step / 2 and (when == 0 or sizes[when - 1] > step / 2)
        q, hard = int_(4), nm(2, 4)(x)
        np.testing.assert_array_equal(q(shrunk(x, nm(2, 4), factor, when + 1)), q(hard))
    with pytest.raises(ValueError, match=r"a factor of shrinkage lies in \(0, 1\): got 1"):
        shrunk(x, nm(2, 4), 1, 1)


def test_the_kept_error_is_the_mean_over_all_draws() -> None:
    p, h, rate = softmax(np.array([1.0, 0, -1]) / 0.5), np.array([1.0, 0.5, 2]), 0.3
    np.testing.assert_allclose(chances(np.array([1.0, 0, -1]), 0.5), p, rtol=1e-14)
    total = np.zeros(3)
    for draws in product(range(3), repeat=2):
        e, weight = np.ones(3), float(np.prod([p[i] for i in draws]))
        for i in draws:
            e[i] -= rate * h[i] * e[i]
        total += weight * e**2
    np.testing.assert_allclose(kept_error(p, h, rate) ** 2, total, rtol=1e-13)
    with pytest.raises(ValueError, match="a temperature is positive: got 0"):
        chances(h, 0)


def test_factors_merge_by_their_distances_with_signs_that_alternate() -> None:
    i, o = RNG.standard_normal((3, 5, 2)), RNG.standard_normal((3, 4, 2))
    wanted = cdist(i[0], o[0]) - cdist(i[1], o[1]) + cdist(i[2], o[2])
    np.testing.assert_allclose(merged(i, o), wanted, rtol=1e-12, atol=1e-14)
    x = RNG.standard_normal(8)
    np.testing.assert_array_equal(signed_square(x), [v * v if v > 0 else -v * v for v in x.tolist()])


def test_scores_are_added_entry_by_entry_and_counted() -> None:
    w, a, b, r, c = (RNG.standard_normal(shape) for shape in ((3, 4), (3, 2), (2, 4), 3, 4))
    made = scores(w, (a, b), r, c)
    for i, j in product(range(3), range(4)):
        wanted = abs(w[i, j]) + sum(a[i, k] * b[k, j] for k in range(2)) + r[i] + c[j]
        assert made[i, j] == pytest.approx(wanted, rel=1e-12, abs=1e-14)
    assert parameters(3, 4, 2) == a.size + b.size + r.size + c.size


def test_the_distance_of_features_is_the_mean_square_by_that_of_the_teacher() -> None:
    t, s = RNG.standard_normal((5, 3)), RNG.standard_normal((5, 3))
    assert distance(t, s, 0.5) == pytest.approx(np.mean((t - s) ** 2) / (np.mean(t**2) + 0.5), rel=1e-14)
    assert distance(3 * t, 3 * s) == pytest.approx(distance(t, s), rel=1e-14)
    with pytest.raises(ValueError, match="a teacher that is 0"):
        distance(0 * t, s)
