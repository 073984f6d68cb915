"""Finite differences of the metric: what they estimate, and that they are what they say."""

import math
from functools import cache

import numpy as np
import pytest

from sqtheory.alphabet.operators import IDENTITY
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.models import BITS_PER_BYTE, CROSS_ENTROPY, Bert, Compressed, evaluate
from sqtheory.models.evaluation.weight_images import weights
from sqtheory.models.studies.networks.prediction import Study
from sqtheory.models.studies.networks.sensitivity import DISTANCE, Around, smooth_metric
from sqtheory.orders.matrix_errors import gram_norm
from tests.models.architectures.small import model, samples

S = nm(2, 4)


@cache
def study(name: str) -> Study:
    return Study.of(model(name), samples(name), 4, 4, 1, None)


def test_samples_of_moments_are_none_of_those_measured_on() -> None:
    every = samples("lm-dense")
    found = Study.of(model("lm-dense"), every, 4, 9, 1, None)
    assert (found.samples.inputs == every.some(4).inputs).all() and len(found.calibration) == 4
    assert not any((a == b).all() for a in found.samples.inputs for b in found.calibration.inputs)


def test_metrics_that_have_derivatives() -> None:
    assert smooth_metric(model("lm-dense").metrics) is BITS_PER_BYTE
    assert smooth_metric(model("vit-dense").metrics) is CROSS_ENTROPY
    with pytest.raises(ValueError, match="a metric with derivatives, the model has accuracy, phoneme_error_rate"):
        smooth_metric(("accuracy", "phoneme_error_rate"))
    assert smooth_metric(Bert.metrics) is DISTANCE and DISTANCE.up_is_worse


@pytest.mark.parametrize("name", ["lm-dense", "vit-dense"])
def test_along_the_error_is_the_slope_of_the_metric_in_its_energy(name: str) -> None:
    """From 5 % less to 5 % more of one layer's pruning error the metric moves by slope × energy, within 5 %."""
    at, layer = weights(model(name), S), model(name).linears[-1]
    found = study(name).sensitivities
    slope, error = found.of(layer, Around.along, at), layer.weight - at[layer.name]
    values, energies = [], []
    for stretch in (0.95, 1.05):
        changed = {**at, layer.name: layer.weight - np.float32(stretch) * error}
        values.append(found.metric.estimate(evaluate(model(name), study(name).calibration, Compressed(changed))).value)
        energies.append(gram_norm(stretch * error, found.moments[layer.name]) ** 2)
    assert (values[1] - values[0]) / (energies[1] - energies[0]) == pytest.approx(slope, rel=0.05)


def test_noise_is_a_second_difference_of_fixed_draws() -> None:
    """The mean of both signs less the middle, over the noise's energy; the same twice, another with another seed."""
    at, layer = weights(model("lm-dense"), IDENTITY), model("lm-dense").linears[2]
    found = study("lm-dense").sensitivities
    slope = found.of(layer, Around.dense, at)
    rng = np.random.default_rng([0, 2])
    drawn = rng.normal(size=layer.weight.shape)
    moments = found.moments[layer.name]
    noise = (drawn * (0.1 * gram_norm(layer.weight, moments) / gram_norm(drawn, moments))).astype(np.float32)

    def value(sign: float) -> float:
        changed = {**at, layer.name: layer.weight + np.float32(sign) * noise}
        scores = evaluate(model("lm-dense"), study("lm-dense").calibration, Compressed(changed))
        return float(scores.losses.mean()) / math.log(2)

    energy = (0.1 * gram_norm(layer.weight, moments)) ** 2
    assert slope == pytest.approx((value(1) + value(-1) - 2 * value(0)) / 2 / energy, rel=1e-4)
    assert study("lm-dense").sensitivities.of(layer, Around.dense, at) == slope


def test_a_layer_without_error_has_no_slope_along_it() -> None:
    at = weights(model("lm-dense"), IDENTITY)
    assert study("lm-dense").sensitivities.of(model("lm-dense").linears[0], Around.along, at) == 0
