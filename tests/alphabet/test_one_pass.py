"""One-pass selection against weights of the mean written out, scipy's filter, sorting and brute force."""

import itertools

import numpy as np
import pytest
from scipy.signal import lfilter

from sqtheory.alphabet.one_pass import above_running_mean, regret, running_means
from sqtheory.alphabet.sparsifiers import top

RNG = np.random.default_rng(12)


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.99])
def test_running_means_are_a_recursive_filter_and_its_weights_sum_to_one(decay: float) -> None:
    s = RNG.random((3, 40))
    filtered, _ = lfilter([1 - decay], [1, -decay], s, axis=1, zi=decay * s[:, :1])
    np.testing.assert_allclose(running_means(s, decay), filtered, rtol=1e-12)
    weights = np.array([decay**5, *((1 - decay) * decay ** (5 - i) for i in range(1, 6))])
    assert weights.sum() == pytest.approx(1)
    assert running_means(s, decay)[0, 5] == pytest.approx(weights @ s[0, :6])


def test_the_own_score_in_the_mean_or_not_keeps_the_same() -> None:
    s = RNG.integers(0, 9, (20, 30)).astype(float)
    for decay in (0.25, 0.5):  # dyadic, so that no comparison is rounded within so few steps
        kept = above_running_mean(s, decay)
        means = running_means(s, decay)
        assert (kept[:, :8] == (s >= means)[:, :8]).all()
    assert (above_running_mean(s, 0.5, 0.0)).all() and above_running_mean(s + 1, 0.5, np.inf).sum() == 20


def test_regret_is_that_of_the_best_mask_of_as_many_and_zero_of_sorting() -> None:
    for _ in range(20):
        s = RNG.random((1, 7))
        kept = above_running_mean(s, 0.75)
        k = int(kept.sum())
        best = max(sum(s[0, list(c)]) for c in itertools.combinations(range(7), k))
        assert regret(s, kept) == pytest.approx(best - s[kept].sum(), abs=1e-12) and regret(s, kept) > -1e-12
        assert regret(s, top(k).mask(s)) == pytest.approx(0, abs=1e-12)


def test_a_slower_mean_comes_closer_to_sorting_and_is_never_it_on_drawn_scores() -> None:
    """Of squared normal scores: the regret per row falls with β, and so does how much the kept share varies."""
    s = RNG.standard_normal((50, 512)) ** 2
    kept = {decay: above_running_mean(s, decay)[:, 128:] for decay in (0.0, 0.5, 0.9, 0.99)}
    lost = [regret(s[:, 128:], mask) for mask in kept.values()]
    assert lost == sorted(lost, reverse=True) and lost[-1] > 0
    share = [mask.mean() for mask in kept.values()]
    assert abs(share[0] - 0.5) < 6 * 0.5 / np.sqrt(50 * 383 / 3), "β = 0 compares neighbours"
    assert abs(share[-1] - 0.3173) < 0.05, "β → 1 keeps what is above the mean of χ² with one degree, 1"


def test_what_is_no_decay_and_no_factor_is_refused() -> None:
    with pytest.raises(ValueError, match=r"a decay lies in \[0, 1\), got 1"):
        running_means(np.ones(3), 1.0)
    with pytest.raises(ValueError, match="at least 0, got -1"):
        above_running_mean(np.ones(3), 0.5, -1.0)
