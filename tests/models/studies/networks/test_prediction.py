"""Predicted gaps of the metric: sums over layers, ranks, errors, and a report of them."""

import math

import numpy as np
import pytest

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm, top
from sqtheory.models.metrics import Estimate
from sqtheory.models.studies.networks.activations import inputs_of
from sqtheory.models.studies.networks.prediction import fit, weighed
from tests.models.architectures.small import model
from tests.models.studies.networks.test_sensitivity import study

S, Q = nm(2, 4), int_(3)


def test_gaps_of_a_layer_by_the_law_and_by_moments() -> None:
    """In the first block the law is low: the inputs of the swapped weights have more power than their blocks."""
    gaps, loose = study("lm-dense").gaps(S, Q), study("lm-dense").gaps(top(0.5), Q)
    assert gaps.law is not None and gaps.law.keys() == gaps.gram.keys() and loose.law is None
    for layer in model("lm-dense").linears:
        x = inputs_of(model("lm-dense"), study("lm-dense").calibration)[layer.name].astype(np.float64)
        errors = [((x @ (layer.weight - w).T) ** 2).sum() for w in ((S >> Q)(layer.weight), (Q >> S)(layer.weight))]
        assert gaps.gram[layer.name] == pytest.approx((errors[1] - errors[0]) / len(x), rel=1e-4)
    assert 0.5 < sum(gaps.law.values()) / sum(gaps.gram.values()) < 1
    assert weighed({"a": 2.0, "b": 3.0}, {"a": 0.5, "b": -1.0}) == -2.0


def test_ranks_and_errors() -> None:
    from scipy.stats import spearmanr

    rng = np.random.default_rng(0)
    measured, predicted = rng.normal(size=9).round(1), rng.normal(size=9).round(1)
    found = fit((Estimate.normal(float(m), 0.1), float(p)) for m, p in zip(measured, predicted, strict=True))
    assert found.rank == pytest.approx(spearmanr(measured, predicted).statistic)
    assert found.error == pytest.approx(np.linalg.norm(measured - predicted) / np.linalg.norm(measured))
    beyond = np.abs(measured) > 0.196
    assert (found.certain, found.signs) == (beyond.sum(), (np.sign(measured) == np.sign(predicted))[beyond].sum())


def test_a_prediction_twice_too_large() -> None:
    found = fit([(Estimate.normal(v, 0.0), 2 * v) for v in (1.0, 2.0, 5.0)])
    assert (found.rank, found.factor, found.spread, found.error) == pytest.approx((1, 2, 1, 1))
    assert math.isnan(fit([(Estimate.normal(1.0, 0.1), 1.0)]).rank)


def test_a_report_of_one_block() -> None:
    text = study("vit-dense").report(("2:4", "50%"), ("int3",))
    assert "| 2:4 int3 |" in text and "| 50% int3 |" in text and text.count("–") >= 3
    assert "| gram, along the pruning error | where the law speaks | 1 |" in text
    assert text.count("| blocks.0.") == 4 and text.endswith("Too few cells for a rank correlation.")
