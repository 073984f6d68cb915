import math

import pytest

from sqtheory.theory.orthogonality import Orthogonality, orthogonality_threshold


def test_the_threshold_adds_both_harms_to_the_dense_metric() -> None:
    assert orthogonality_threshold(10.0, 12.0, 15.0) == 17.0
    report = Orthogonality(10.0, 12.0, 15.0, 17.5)
    assert (report.threshold, report.excess, report.exceeded()) == (17.0, 0.5, True)
    assert report.to_dict() == {"threshold": 17.0, "combined": 17.5, "excess": 0.5}


def test_nothing_is_claimed_beyond_the_uncertainty() -> None:
    report = Orthogonality(10.0, 12.0, 15.0, 17.5)
    assert report.exceeded(0.4) and not report.exceeded(0.5)
    with pytest.raises(ValueError, match="at least 0"):
        report.exceeded(-1.0)


def test_accuracy_is_worse_when_it_is_less() -> None:
    report = Orthogonality(92.0, 91.0, 90.0, 88.5, larger_is_worse=False)
    assert (report.threshold, report.excess, report.exceeded()) == (89.0, 0.5, True)
    assert not Orthogonality(92.0, 91.0, 90.0, 89.5, larger_is_worse=False).exceeded()


def test_the_same_models_can_be_orthogonal_in_one_metric_and_not_in_another() -> None:
    """Perplexities 10, 12, 15, 17.5: beyond 17, yet log 17.5 < log 12 + log 15 − log 10 = log 18."""
    logs = Orthogonality(*map(math.log, (10.0, 12.0, 15.0, 17.5)))
    assert math.exp(logs.threshold) == pytest.approx(18.0) and not logs.exceeded()


def test_a_metric_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="the sparse model is nan"):
        Orthogonality(1.0, 1.0, math.nan, 1.0)
