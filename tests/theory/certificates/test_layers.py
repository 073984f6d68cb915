"""Certificates of single layers hold on real weights, and are reached where the theorem says so."""

import json

import numpy as np
import pytest

from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.orders.matrix_errors import second_moments
from sqtheory.theory.certificates import certify_layer, certify_moments
from tests.nightly import thin
from tests.theory.certificates.material import activations, linears


def quantizer(text: str) -> Quantizer:
    q = parse(text)
    assert isinstance(q, Quantizer)
    return q


@thin(3)
@pytest.mark.parametrize("model", ["zoo:lm-dense", "zoo:vit-dense"])
@pytest.mark.parametrize("fmt", ["int8", "int4", "mxfp4", "hbfp4"])
@pytest.mark.parametrize("kind", ["white", "channels", "low_rank"])
def test_bounds_hold_on_real_weights(model: str, fmt: str, kind: str) -> None:
    """Both orders, activations quantized too; the parts are within a factor 1.5 of the error, the norms within 20."""
    s, q, rng = nm(2, 4), quantizer(fmt), np.random.default_rng(0)
    for name, w in linears(model)[:3]:
        x = activations(rng, 64, w.shape[1], kind)
        for pipeline in (s >> q, q >> s):
            found = certify_layer(x, w, pipeline(w), q(x))
            assert found.measured == pytest.approx(float(np.linalg.norm(x @ w.T - q(x) @ pipeline(w).T)), rel=1e-9)
            assert found.measured <= found.activations + found.weights <= found.bound, name
            assert found.measured <= found.interaction_bound
            assert found.measured > (found.activations + found.weights) / 1.5 and found.tightness > 0.05
            assert found.relative == pytest.approx(found.measured / float(np.linalg.norm(x @ w.T)))


def test_moments_alone_give_the_weights_part() -> None:
    name, w = linears("zoo:vit-dense")[0]
    x = activations(np.random.default_rng(1), 500, w.shape[1], "low_rank")
    w_hat = (nm(2, 4) >> quantizer("int4"))(w)
    exact, bound = certify_moments(w, w_hat, second_moments(x))
    assert exact * len(x) ** 0.5 == pytest.approx(certify_layer(x, w, w_hat).measured, rel=1e-9), name
    assert exact <= bound


def test_an_aligned_layer_reaches_its_bound() -> None:
    one, hat = np.diag([3.0, 0.0]), np.diag([2.0, 0.0])
    found = certify_layer(one, one, hat, hat)
    assert found.measured == found.bound == found.activations + found.weights == 5
    assert found.tightness == 1 and json.dumps(found.to_dict())


def test_an_exact_layer_and_a_layer_without_output() -> None:
    w = np.eye(2)
    assert certify_layer(w, w, w).tightness == 1
    silent = certify_layer(np.zeros((1, 2)), w, w, np.ones((1, 2)))
    assert silent.relative == np.inf and silent.to_dict()["relative"] == "inf"
    with pytest.raises(ValueError, match="2 and 3 inputs"):
        certify_layer(w, np.ones((2, 3)), np.ones((2, 3)))
