"""The bound through whole networks of real weights: it holds, it can be tight enough to say something, it can fail."""

from collections.abc import Mapping

import numpy as np
import pytest

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import Array
from sqtheory.models.evaluation.weight_images import weights
from sqtheory.models.studies.networks import StackBound, certify_stack
from tests.models.architectures.small import model, samples

MODELS = ("lm-dense", "vit-dense")


def bound(name: str, changed: Mapping[str, Array]) -> StackBound:
    found = certify_stack(model(name), samples(name, 2), changed)
    assert found is not None
    return found


@pytest.mark.parametrize("name", MODELS)
def test_the_bound_holds_and_is_no_more_than_the_last_norm_says(name: str) -> None:
    found = bound(name, weights(model(name), nm(2, 4) >> int_(4)))
    assert 0 < found.measured <= found.bound <= found.ceiling * (1 + 1e-9) and 0 < found.tightness <= 1


@pytest.mark.parametrize("name", MODELS)
def test_small_errors_after_attention_have_an_informative_bound(name: str) -> None:
    """One layer off by a thousandth: within 1/5000 of the bound after the values, 1/10 in the last."""
    rng = np.random.default_rng(0)
    linears = model(name).linears
    for layer in linears[-5 if name == "lm-dense" else -3 :]:
        noise = rng.normal(size=layer.weight.shape) * np.abs(layer.weight).mean() * 1e-3
        changed = {each.name: each.weight for each in linears}
        changed[layer.name] = (layer.weight + noise).astype(np.float32)
        found = bound(name, changed)
        assert found.informative and 1e-4 < found.tightness <= 1, (layer.name, found)
    assert found.tightness > 0.1


def test_an_unchanged_network_has_bound_zero() -> None:
    same = {layer.name: layer.weight for layer in model("lm-dense").linears}
    assert bound("lm-dense", same).bound == bound("lm-dense", same).measured == 0


def test_bounds_grow_with_the_error() -> None:
    small, large = (bound("vit-dense", weights(model("vit-dense"), int_(bits))).bound for bits in (16, 14))
    assert 0 < 2 * small < large
