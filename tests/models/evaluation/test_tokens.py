"""Tokens weigh as much as the attention that they receive says."""

import numpy as np
import pytest

from sqtheory.models.architectures.layers import concentrations, rotate, rotations
from sqtheory.models.evaluation.calibrating import seen_inputs
from sqtheory.models.evaluation.tokens import AttentionWeighting, token_weights
from sqtheory.models.studies.networks.activations import inputs_of
from tests.models.architectures.small import model, samples


def test_weights_are_three_to_one_at_most_and_add_up_to_the_tokens() -> None:
    received = np.array([[0.5, 2.0, 1.25, 0.5], [7.0, 7.0, 7.0, 7.0]])
    found = token_weights(received)
    np.testing.assert_allclose(found[0] / found[0].min(), [1, 3, 2, 1])
    np.testing.assert_allclose(found.sum(axis=1), 4, rtol=1e-15)
    np.testing.assert_array_equal(found[1], np.ones(4))


def naive(name: str, linear: str) -> np.ndarray:
    """XᵀRX of one linear of the first block, token by token, R from the dense queries and keys."""
    m, some = model(name), samples(name, 3)
    inputs = {n: x.reshape(3, -1, x.shape[-1]).astype(np.float64) for n, x in inputs_of(m, some).items()}
    tensors = {n: t.astype(np.float64) for n, t in m.tensors.items()}
    if name == "lm-dense":
        x = inputs["layers.0.q_proj.weight"]
        q, k = (x @ tensors[f"layers.0.{one}_proj.weight"].T for one in "qk")
    else:
        x = inputs["blocks.0.qkv.weight"]
        joined = x @ tensors["blocks.0.qkv.weight"].T + tensors["blocks.0.qkv.bias"]
        q, k = joined[..., : x.shape[2]], joined[..., x.shape[2] : 2 * x.shape[2]]
    q, k = (v.reshape(3, x.shape[1], m.heads, -1).swapaxes(1, 2) for v in (q, k))
    if name == "lm-dense":
        q, k = (rotate(v, *rotations(x.shape[1], v.shape[3])) for v in (q, k))
    total = np.zeros((inputs[linear].shape[2],) * 2)
    for sample, received in zip(inputs[linear], concentrations(q, k, causal=name == "lm-dense"), strict=True):
        share = (received - received.min()) / (received.max() - received.min())
        raised = 1 + 2 * share
        for token, weight in zip(sample, raised / raised.mean(), strict=True):
            total += weight * np.outer(token, token)
    return total


@pytest.mark.parametrize(
    ("name", "linear"),
    [
        *(("lm-dense", f"layers.0.{one}.weight") for one in ("q_proj", "o_proj", "down_proj")),
        *(("vit-dense", f"blocks.0.{one}.weight") for one in ("qkv", "proj")),
    ],
)
def test_moments_are_those_of_inputs_times_the_roots_of_the_weights(name: str, linear: str) -> None:
    found = seen_inputs(model(name), samples(name, 3), moments=True, by_attention=True, batch=3)
    expected = naive(name, linear)
    scale = np.sqrt(np.outer(*[np.diag(expected)] * 2)).max()
    np.testing.assert_allclose(found.moments[linear], expected, rtol=0, atol=1e-5 * scale)
    np.testing.assert_allclose(found.norms[linear] ** 2, np.diag(found.moments[linear]), rtol=1e-12)
    plain = seen_inputs(model(name), samples(name, 3), moments=True).moments[linear]
    assert np.abs(plain - expected).max() > 1e-3 * scale


def test_every_linear_is_weighed_and_batches_are_apart() -> None:
    m, some = model("lm-dense"), samples("lm-dense", 3)
    one, all_ = (seen_inputs(m, some, by_attention=True, batch=size).norms for size in (1, 3))
    assert set(one) == {layer.name for layer in m.linears}
    for name in one:
        np.testing.assert_allclose(one[name], all_[name], rtol=1e-4)


def test_a_linear_outside_every_attention_is_refused() -> None:
    weighting = AttentionWeighting(lambda name, x, weights: None)
    weighting.attending("a", np.ones((1, 2)))
    weighting.see("ab.weight", np.ones((1, 2, 3)))
    with pytest.raises(ValueError, match=r"inputs of 'ab\.weight' receive no attention"):
        weighting.end()
