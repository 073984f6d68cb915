"""Forward passes against another implementation (PyTorch, float32): logits of first samples, metrics of all."""

from math import sqrt
from pathlib import Path

import numpy as np
import pytest

from sqtheory.alphabet.notation import parse
from sqtheory.models import DENSE, METRICS, Compression, Model, compressed, evaluate, open_model, samples_for
from tests.nightly import nightly, thin

REFERENCE = np.load(Path(__file__).with_name("reference_logits.npz"))
BITS = 1e-3
IMAGES = 2


def test_logits_of_the_vision_transformer() -> None:
    model = open_model("vit-dense")
    found = model.logits(samples_for(model).inputs[:16])
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, REFERENCE["vit_first16"], rtol=1e-4)


def test_logits_of_the_language_model() -> None:
    model = open_model("zoo:lm-dense")
    found = model.logits(samples_for(model).inputs[:1])
    assert found.shape == (256, 256) and found.dtype == np.float32
    expected = REFERENCE["lm_logits"]
    np.testing.assert_allclose(found[REFERENCE["lm_rows"]], expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_a_broken_layer_is_seen() -> None:
    """The tolerance catches an attention head misread, a norm with another ε, a GELU of tanh alone."""
    model = open_model("vit-dense", heads=2)
    found = model.logits(samples_for(model).inputs[:16])
    assert not np.allclose(found, REFERENCE["vit_first16"], rtol=1e-4)


VIT = {
    ("vit-dense", None): 0.9253,
    ("vit-s2of4", None): 0.9233,
    ("vit-dense", "50%"): 0.9113,
}
TEXT = {
    ("lm-dense", None): 1.8378162596,
    ("lm-s50", None): 1.8447563615,
    ("lm-dense", "2:4"): 2.5152358209,
}
"""Metrics by model and one-shot mask, as the training script recorded them on the whole sets."""


SOME = 500
"""Images by day: four standard deviations of their accuracy are 5 %, of all of them 1 %."""


def measured(name: str, mask: str | None, metric: str, count: int | None = None) -> float:
    model: Model = open_model(name)
    recipe = DENSE if mask is None else Compression(mask=parse(mask))
    return METRICS[metric].estimate(evaluate(model, samples_for(model).some(count), compressed(model, recipe))).value


@thin(3)
@pytest.mark.parametrize(("name", "mask"), VIT)
def test_accuracy_on_some_images(name: str, mask: str | None) -> None:
    share = VIT[name, mask]
    assert abs(measured(name, mask, "accuracy", SOME) - share) <= 4 * sqrt(share * (1 - share) / SOME)


@nightly
@pytest.mark.parametrize(("name", "mask"), VIT)
def test_accuracy_on_all_images(name: str, mask: str | None) -> None:
    assert abs(measured(name, mask, "accuracy") - VIT[name, mask]) * 10_000 <= IMAGES + 1e-6


@nightly
@pytest.mark.parametrize(("name", "mask"), TEXT)
def test_bits_per_byte_of_all_text(name: str, mask: str | None) -> None:
    assert measured(name, mask, "bits_per_byte") == pytest.approx(TEXT[name, mask], abs=BITS)
