import math

import numpy as np
import pytest
from scipy.stats import binomtest

from sqtheory.models import (
    ACCURACY,
    BITS_PER_BYTE,
    COSINE,
    CROSS_ENTROPY,
    METRICS,
    PERPLEXITY,
    PHONEME_ERROR_RATE,
    Scores,
    excess,
)
from sqtheory.models.metrics import softmax_scores, wilson
from sqtheory.theory.orthogonality import orthogonality_threshold as threshold

RNG = np.random.default_rng(0)
LOSSES = RNG.gamma(2, size=(4, 500))
HITS = RNG.random((4, 500)) < np.array([0.9, 0.8, 0.7, 0.5])[:, None]
SIZES = RNG.integers(1, 12, size=(4, 500)).astype(np.float64)
DENSE, Q, S, BOTH = (
    Scores(loss, hit.astype(np.float64), 1, size) for loss, hit, size in zip(LOSSES, HITS, SIZES, strict=True)
)


def test_scores_are_the_softmax_of_logits() -> None:
    logits = np.array([[1, 2, 3], [1000, -1000, 0], [5, 5, 0], [0, 0, 0]], np.float32)
    targets = np.array([[2, 1], [0, 1]])
    found = softmax_scores(logits, targets)
    first = math.log(math.exp(1) + math.exp(2) + math.exp(3)) - 3
    third = math.log(2 + math.exp(-5))
    np.testing.assert_allclose(found.losses, [(first + 2000) / 2, (third + math.log(3)) / 2], rtol=1e-6)
    np.testing.assert_array_equal(found.hits, [0.5, 0.5])
    assert found.predictions == 2 and found.sizes is None


def test_metrics_of_scores() -> None:
    nats = LOSSES[0].mean()
    assert CROSS_ENTROPY.estimate(DENSE).value == pytest.approx(nats)
    assert BITS_PER_BYTE.estimate(DENSE).value == pytest.approx(nats / math.log(2))
    assert PERPLEXITY.estimate(DENSE).value == pytest.approx(math.exp(nats))
    assert ACCURACY.estimate(DENSE).value == HITS[0].mean()
    assert COSINE.estimate(DENSE).value == pytest.approx(1 - nats)
    error = LOSSES[0].std(ddof=1) / math.sqrt(500)
    assert CROSS_ENTROPY.estimate(DENSE).standard_error == pytest.approx(error)
    assert PERPLEXITY.estimate(DENSE).standard_error == pytest.approx(math.exp(nats) * error)


def test_the_interval_of_an_accuracy_is_wilsons() -> None:
    for hits in (0, 3, 450, 500):
        expected = binomtest(hits, 500).proportion_ci(method="wilson")
        assert wilson(hits / 500, 500) == pytest.approx((expected.low, expected.high), abs=1e-12)
    found = ACCURACY.estimate(DENSE)
    assert (found.low, found.high) == wilson(found.value, 500)
    windows = ACCURACY.estimate(Scores(LOSSES[0], RNG.random(500), 256))
    assert windows.high - windows.low == pytest.approx(2 * 1.96 * windows.standard_error, rel=1e-3)


def test_differences_of_accuracies_have_mcnemars_error() -> None:
    found = ACCURACY.difference(Q, DENSE)
    b, c = int((HITS[1] > HITS[0]).sum()), int((HITS[1] < HITS[0]).sum())
    assert found.value == pytest.approx((b - c) / 500)
    mcnemar = math.sqrt(b + c - (b - c) ** 2 / 500) / 500
    assert found.standard_error == pytest.approx(mcnemar * math.sqrt(500 / 499))


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_pairing_matters_and_errors_are_those_of_resampling(metric: object) -> None:
    """2000 bootstrap resamples of the samples, the same for all terms: an estimator of another kind."""
    assert isinstance(metric, type(ACCURACY))
    terms = [(1.0, BOTH), (-1.0, Q), (-1.0, S), (1.0, DENSE)]
    found = metric.combination(terms)
    rng = np.random.default_rng(1)
    draws = []
    for _ in range(2000):
        taken = rng.integers(500, size=500)
        again = [(c, Scores(e.losses[taken], e.hits[taken], 1, e.weights[taken])) for c, e in terms]
        draws.append(metric.combination(again).value)
    assert found.standard_error == pytest.approx(np.std(draws), rel=0.1)
    assert metric.difference(Q, Q).standard_error == 0


def test_a_ratio_is_that_of_sums() -> None:
    """Of edits by phonemes; its standard error is that of edits − ratio·phonemes over the mean of phonemes."""
    edits, ratio = LOSSES[0] * SIZES[0], (LOSSES[0] * SIZES[0]).sum() / SIZES[0].sum()
    found = PHONEME_ERROR_RATE.estimate(DENSE)
    assert found.value == pytest.approx(ratio) != pytest.approx(LOSSES[0].mean(), rel=1e-4)
    spread = (edits - ratio * SIZES[0]).std(ddof=1) / SIZES[0].mean()
    assert found.standard_error == pytest.approx(spread / math.sqrt(500))
    alike = Scores(LOSSES[0], LOSSES[0], 1)
    assert PHONEME_ERROR_RATE.estimate(alike).value == pytest.approx(LOSSES[0].mean())
    assert PHONEME_ERROR_RATE.estimate(alike).standard_error == pytest.approx(
        CROSS_ENTROPY.estimate(alike).standard_error
    )


def test_batches_are_joined_in_their_order() -> None:
    parts = [Scores(DENSE.losses[some], DENSE.hits[some], 1, SIZES[0][some]) for some in (slice(0, 7), slice(7, 500))]
    joined = Scores.joined(parts)
    for name in ("losses", "hits", "sizes"):
        np.testing.assert_array_equal(getattr(joined, name), getattr(DENSE, name))
    assert joined.predictions == 1 and Scores.joined([Scores(LOSSES[0], LOSSES[0], 9)]).sizes is None


def test_the_threshold_is_what_both_parts_cost_one_by_one() -> None:
    """EM(dense) plus what each part adds; an orthogonal pair meets it exactly."""
    assert threshold(10.0, 11.0, 12.5) == 10.0 + (11.0 - 10.0) + (12.5 - 10.0)
    assert threshold(0.92, 0.91, 0.88) == pytest.approx(0.87)
    for metric in METRICS.values():
        values = [metric.estimate(e).value for e in (DENSE, Q, S, BOTH)]
        above = excess(metric, BOTH, DENSE, Q, S)
        sign = 1 if metric.up_is_worse else -1
        assert above.value == pytest.approx(sign * (values[3] - threshold(*values[:3])))
        assert excess(metric, Q, DENSE, Q, DENSE).value == pytest.approx(0, abs=1e-12)


def test_accuracy_falling_below_the_threshold_exceeds_it() -> None:
    worse = Scores(LOSSES[3], np.zeros(500), 1)
    assert excess(ACCURACY, worse, DENSE, Q, S).value > 0
    assert excess(ACCURACY, DENSE, DENSE, Q, S).value < 0


def test_other_samples_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match=r"same samples, got \[500, 3\]"):
        ACCURACY.difference(DENSE, Scores(LOSSES[0][:3], LOSSES[0][:3], 1))
