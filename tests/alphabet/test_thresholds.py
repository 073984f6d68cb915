"""Thresholds of published code against counting, and where what they take for granted is not so."""

import numpy as np
import pytest

from sqtheory.alphabet.scores import wina
from sqtheory.alphabet.sparsifiers import threshold
from sqtheory.alphabet.thresholds import (
    BinnedSamples,
    averaged_quantile,
    bisected_threshold,
    cett,
    symmetric_threshold,
    tail_errors,
)

RNG = np.random.default_rng(0)


def test_a_histogram_counts_every_sample_once_and_its_quantiles_are_those_of_the_samples() -> None:
    x = RNG.standard_normal((40, 50))
    h = BinnedSamples.of(x, bins=500)
    assert h.counts.values.sum() == x.size and (np.diff(h.centres.values) > 0).all()
    width = np.diff(h.centres.values)[5]
    for q in (0.1, 0.3, 0.5, 0.8):
        assert abs(h.quantile(q) - np.quantile(x, q)) < 3 * width
    few = BinnedSamples.of(np.arange(100.0), bins=4)
    assert few.counts.values.tolist() == [1, 49, 49, 1] or few.counts.values.sum() == 100


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_the_symmetric_threshold_is_off_by_the_difference_of_the_tails(share: float) -> None:
    normal, skewed = RNG.standard_normal(40_000), RNG.standard_exponential(40_000)
    for x in (normal, skewed, skewed - 0.5):
        t = symmetric_threshold(BinnedSamples.of(x), share)
        pruned = float((np.abs(x) <= t).mean())
        assert abs(pruned - (share + (x > t).mean() - (x < -t).mean())) < 2e-3
    t = symmetric_threshold(BinnedSamples.of(normal), share)
    assert abs((np.abs(normal) <= t).mean() - share) < 0.02


def test_of_positive_activations_half_becomes_three_quarters() -> None:
    x = np.abs(RNG.standard_normal(20_000))
    assert (x <= symmetric_threshold(BinnedSamples.of(x), 0.5)).mean() == pytest.approx(0.75, abs=2e-3)
    assert symmetric_threshold(BinnedSamples.of(x), 0.0) == 0.0
    assert symmetric_threshold(BinnedSamples.of(-x), 0.5) < 0, "a quantile of a negative law: nothing is pruned"


def test_a_mean_of_quantiles_is_no_quantile() -> None:
    calm, loud = np.arange(1.0, 11), np.arange(100.0, 110)
    mean = averaged_quantile([calm, loud], 0.5)
    assert mean == (5 + 104) / 2
    pooled = np.sort(np.concatenate([calm, loud]))[9]
    assert pooled == 10.0
    assert (np.concatenate([calm, loud]) < mean).mean() == 0.5
    drifted = averaged_quantile([calm, calm, loud], 0.5)
    assert (np.concatenate([calm, calm, loud]) < drifted).mean() == pytest.approx(2 / 3)


def test_the_error_of_the_tail_is_that_of_the_mask_by_the_norms_of_columns() -> None:
    x, w = RNG.standard_normal((20, 12)), RNG.standard_normal((9, 12))
    for t in (0.5, 2.0, 4.0):
        kept = threshold(np.nextafter(t, 9), score=wina(w))(x)
        expected = np.linalg.norm((x - kept) @ w.T, axis=1) / np.linalg.norm(x @ w.T, axis=1)
        np.testing.assert_allclose(tail_errors(x, w, t), expected, rtol=1e-12)


def test_the_error_of_the_tail_can_fall_as_it_grows() -> None:
    x, w = np.array([[1.0, 1.0]]), np.array([[1.0, -0.875]])
    assert [cett(x, w, t) for t in (0.5, 0.9, 1.0)] == [0.0, 7.0, 1.0]


def test_bisection_misses_the_largest_threshold_of_its_target() -> None:
    """CETT is at most 1 at the end of the candidates and beyond it before: bisection ends in the first part."""
    x, w = np.array([[1.0, 1.0, 0.1]]), np.array([[1.0, -0.875, 0.25]])
    tried = np.linspace(0.025, 1.0, 400)
    fits = [t for t in tried if cett(x, w, float(t)) <= 1.0]
    found = bisected_threshold(x, w, 1.0, candidates=4096)
    assert cett(x, w, 1.0) == pytest.approx(1.0) and fits[-1] == 1.0
    assert found < 0.876 and cett(x, w, found) <= 1.0
    grown = np.array([[1.0, 2.0, 3.0]]), np.eye(3)
    assert bisected_threshold(*grown, 0.5, candidates=999) == pytest.approx(1.99, abs=0.02)


def test_what_has_no_threshold_is_refused() -> None:
    with pytest.raises(ValueError, match="3 samples have no histogram"):
        BinnedSamples.of(np.arange(3.0))
    with pytest.raises(ValueError, match="have no histogram"):
        BinnedSamples.of(np.ones(500))
    with pytest.raises(ValueError, match=r"a sparsity is in \[0, 1\)"):
        symmetric_threshold(BinnedSamples.of(np.arange(500.0)), 1.0)
    with pytest.raises(ValueError, match=r"a share of 0.1 of \[5\] scores"):
        averaged_quantile([np.arange(5.0)], 0.1)
    with pytest.raises(ValueError, match="row 1 has an output of 0"):
        cett(np.array([[1.0], [0.0]]), np.ones((1, 1)), 1.0)
