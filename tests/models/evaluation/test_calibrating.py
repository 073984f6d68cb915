"""Statistics of inputs are those of the inputs that the model's linears are given."""

import numpy as np
import pytest

from sqtheory.models.evaluation.calibrating import seen_inputs
from sqtheory.models.studies.networks.activations import inputs_of
from tests.models.architectures.small import model, samples


@pytest.mark.parametrize("name", ["lm-dense", "vit-dense"])
def test_norms_and_moments_are_those_of_all_positions_of_all_samples(name: str) -> None:
    some, told = samples(name, 6), []
    found = seen_inputs(model(name), some, moments=True, batch=model(name).batch, done=told.append)
    inputs = inputs_of(model(name), some)
    assert set(found.norms) == set(found.moments) == {layer.name for layer in model(name).linears}
    for layer in model(name).linears:
        x = inputs[layer.name].astype(np.float64)
        np.testing.assert_allclose(found.norms[layer.name], np.linalg.norm(x, axis=0), rtol=1e-12)
        np.testing.assert_allclose(found.moments[layer.name], x.T @ x, rtol=1e-9, atol=1e-9 * (x**2).sum())
        np.testing.assert_allclose(found.means[layer.name], x.mean(axis=0), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(found.variances[layer.name], x.var(axis=0), rtol=1e-9, atol=1e-9 * (x**2).mean())
        assert found.norms[layer.name].shape == layer.weight.shape[1:]
    assert sum(told) == len(some)


def test_moments_are_made_only_where_they_are_asked_for() -> None:
    assert seen_inputs(model("lm-dense"), samples("lm-dense", 1)).moments == {}
