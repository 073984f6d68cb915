"""Errors of tails against masks that prune them, what bounds them, and quantiles against sorting."""

import numpy as np
import pytest

from sqtheory.alphabet.scores import wina
from sqtheory.alphabet.sparsifiers import threshold
from sqtheory.alphabet.thresholds import averaged_quantile, cett, cett_bound, ranked, safe_threshold, tail_errors

RNG = np.random.default_rng(0)


def test_the_error_of_the_tail_is_that_of_the_mask_by_the_norms_of_columns() -> None:
    x, w = RNG.standard_normal((20, 12)), RNG.standard_normal((9, 12))
    for t in (0.5, 2.0, 4.0):
        kept = threshold(np.nextafter(t, 9), score=wina(w))(x)
        expected = np.linalg.norm((x - kept) @ w.T, axis=1) / np.linalg.norm(x @ w.T, axis=1)
        np.testing.assert_allclose(tail_errors(x, w, t), expected, rtol=1e-12)


def test_the_error_of_the_tail_can_fall_as_it_grows() -> None:
    x, w = np.array([[1.0, 1.0]]), np.array([[1.0, -0.875]])
    assert [cett(x, w, t) for t in (0.5, 0.9, 1.0)] == [0.0, 7.0, 1.0]


def test_a_row_without_output_is_refused() -> None:
    with pytest.raises(ValueError, match="row 1 has an output of 0"):
        cett(np.array([[1.0], [0.0]]), np.ones((1, 1)), 1.0)


def test_the_sum_of_norms_bounds_the_error_and_never_falls() -> None:
    for _ in range(20):
        x, w = RNG.standard_normal((4, 7)), RNG.standard_normal((3, 7))
        cuts = np.unique(np.abs(x) * np.linalg.norm(w, axis=0))
        lost, bounds = ([f(x, w, t) for t in cuts] for f in (cett, cett_bound))
        assert (np.asarray(lost) <= np.asarray(bounds) * (1 + 1e-12)).all() and (np.diff(bounds) > 0).all()
        assert (np.diff(lost) < 0).any()
        by_hand = [sum(abs(v) * np.linalg.norm(w[:, j]) for j, v in enumerate(row)) for row in x]
        assert bounds[-1] == pytest.approx(np.mean(by_hand / np.linalg.norm(x @ w.T, axis=1)))
        for target in (0.1, 0.5):
            safe = safe_threshold(x, w, target)
            within = [t for t, bound in zip(cuts, bounds, strict=True) if bound <= target]
            assert safe == max(within, default=0.0) and cett(x, w, safe) <= target
        assert safe_threshold(x, w, 0.0) == 0.0 and safe_threshold(x, w, np.inf) == cuts[-1]


def test_quantiles_are_those_of_sorted_scores_and_their_mean_is_of_another_share() -> None:
    scores = [RNG.standard_normal(n) for n in (5, 9, 64)]
    assert [ranked(one, 0.5) for one in scores] == [
        np.sort(one)[k - 1] for one, k in zip(scores, (2, 4, 32), strict=True)
    ]
    assert averaged_quantile(scores, 0.5) == pytest.approx(np.mean([ranked(one, 0.5) for one in scores]))
    with pytest.raises(ValueError, match=r"a share of 0.25 of 3 scores has no rank"):
        ranked(np.arange(3.0), 0.25)
    equal, odd = [np.arange(1.0, 5)] * 2, [np.arange(1.0, 4)] * 2
    assert averaged_quantile(equal, 0.5) == ranked(np.concatenate(equal), 0.5) == 2
    assert averaged_quantile(odd, 0.5) == 1 < ranked(np.concatenate(odd), 0.5) == 2


def test_a_mean_of_quantiles_of_scaled_normal_scores_prunes_more_than_half() -> None:
    """Of two scales 1 and 16 the mean of the medians lies above nearly all of the first."""
    sequences = [np.abs(RNG.standard_normal(1000)), 16 * np.abs(RNG.standard_normal(1000))]
    both = np.concatenate(sequences)
    assert (both <= averaged_quantile(sequences, 0.5)).mean() > 0.6 > 0.5 == (both <= ranked(both, 0.5)).mean()
