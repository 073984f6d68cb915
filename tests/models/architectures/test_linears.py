from collections import Counter

import numpy as np
import pytest

from sqtheory import hbfp, int_, nvfp4, stochastic
from sqtheory.alphabet.operators import IDENTITY, Operator
from sqtheory.alphabet.partition import Columns, Rows
from sqtheory.arithmetic import accumulation, read
from sqtheory.arrays import Array
from sqtheory.exceptions import NonFinite
from sqtheory.models import EXACT, Compressed, Linear, Linears, Watched, evaluate
from sqtheory.models.architectures import linears as policies
from tests.models.architectures.small import model, samples


@pytest.mark.parametrize("name", ["vit-dense", "lm-dense"])
def test_every_linear_is_seen_in_the_order_of_the_network(name: str) -> None:
    seen: list[tuple[str, Array, Array]] = []

    def see(layer: Linear, x: Array, y: Array) -> None:
        seen.append((layer.name, x.copy(), y.copy()))

    watched = model(name).logits(samples(name).inputs, Watched(EXACT, see))
    assert [layer for layer, _, _ in seen] == [layer.name for layer in model(name).linears]
    for layer, (_, x, y) in zip(model(name).linears, seen, strict=True):
        bias = 0 if layer.bias is None else layer.bias
        expected = x.astype(np.float64) @ layer.weight.T.astype(np.float64) + bias
        np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(watched, model(name).logits(samples(name).inputs), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("linears", "by_row"),
    [
        (EXACT, True),
        (Compressed({}), True),
        (Compressed({}, hbfp(4)), True),
        (Compressed({}, int_(4, per=Rows())), True),
        (Compressed({}, int_(4, per=Columns())), False),
        (Compressed({}, nvfp4()), False),
        (Watched(EXACT, lambda layer, x, y: None), False),
    ],
    ids=["exact", "weights", "blocks", "rows", "columns", "samples", "watched"],
)
def test_rows_are_left_out_only_where_none_depends_on_another(linears: Linears, by_row: bool) -> None:
    assert linears.by_row == by_row


def test_inputs_are_quantized_and_weights_replaced() -> None:
    x = np.random.default_rng(0).normal(size=(3, 5, 64)).astype(np.float32)
    layer = Linear("w", np.eye(64, dtype=np.float32), np.ones(64, np.float32))
    doubled = Compressed({"w": 2 * layer.weight}, int_(4))
    np.testing.assert_array_equal(doubled(layer, x), 2 * int_(4)(x) + 1)
    np.testing.assert_array_equal(EXACT(layer, x), x + 1)


@pytest.mark.parametrize("q", [nvfp4(), int_(4, per=Columns()), int_(4), hbfp(4), int_(4, per=Rows())])
def test_no_sample_depends_on_its_neighbours(q: type) -> None:
    """NVFP4's tensor scale and scales along the positions are those of each sample alone."""
    x = np.random.default_rng(0).normal(size=(4, 5, 64)).astype(np.float32) * np.float32([1, 10, 100, 0])[:, None, None]
    layer = Linear("w", np.eye(64, dtype=np.float32))
    together = Compressed({"w": layer.weight}, q)(layer, x)
    for sample, image in zip(x, together, strict=True):
        np.testing.assert_array_equal(image, q(sample))


def test_inputs_that_layers_share_are_quantized_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Queries, keys and values read the same, as do gate and up; a layer with an operator of its own does not share."""
    some, count, inner = model("lm-dense"), Counter[str](), policies.quantized_inputs

    def counting(layer: Linear, x: Array, activations: Operator) -> Array:
        count[layer.name.split(".")[2]] += 1
        return inner(layer, x, activations)

    monkeypatch.setattr(policies, "quantized_inputs", counting)
    weights = {layer.name: layer.weight for layer in some.linears}
    shared = some.logits(samples("lm-dense").inputs, Compressed(weights, int_(4)))
    assert count == {"q_proj": 1, "o_proj": 1, "gate_proj": 1, "down_proj": 1}
    alone = Compressed(weights, IDENTITY, dict.fromkeys(weights, int_(4)))
    np.testing.assert_array_equal(shared, some.logits(samples("lm-dense").inputs, alone))
    assert sum(count.values()) == 4 + 7


def test_what_cannot_be_an_activation_format_is_refused() -> None:
    with pytest.raises(ValueError, match="activations need a deterministic operator"):
        Compressed({}, int_(4, rounding=stochastic(np.random.default_rng(0))))
    layer = Linear("blocks.0.fc1.weight", np.eye(64, dtype=np.float32))
    x = np.full((1, 2, 64), np.nan, np.float32)
    for q in (int_(4), nvfp4()):
        with pytest.raises(NonFinite, match=r"input of 'blocks.0.fc1.weight': nan at"):
            Compressed({layer.name: layer.weight}, q)(layer, x)


def test_logits_that_overflow_are_refused() -> None:
    weights = {layer.name: layer.weight * np.float32(1e38) for layer in model("vit-dense").linears}
    with pytest.raises(NonFinite, match="logits overflow"), np.errstate(all="ignore"):
        evaluate(model("vit-dense"), samples("vit-dense"), Compressed(weights, IDENTITY))


@pytest.mark.parametrize("by", ["fp8_fast", "bf16", "float32_pairwise"])
def test_products_are_added_up_as_an_instruction_does(by: str) -> None:
    """As a loop over outputs has them: rows read in the type, sums, factors of both, then the bias."""
    one = accumulation(by)
    rng = np.random.default_rng(3)
    layer = Linear("l", rng.normal(size=(4, 64)).astype(np.float32), np.arange(4, dtype=np.float32))
    x = rng.normal(size=(2, 3, 64)).astype(np.float32)
    made = Compressed({"l": layer.weight}, accumulation=one)
    a, w = read(x.reshape(6, 64), one.reads), read(layer.weight, one.reads)
    expected = np.empty((6, 4), np.float32)
    for i, j in np.ndindex(6, 4):
        dot = np.float32(one.dot(a.numbers[i], w.numbers[j]))
        expected[i, j] = dot * a.factors[i, 0] * w.factors[j, 0] + layer.bias[j]  # type: ignore[index]
    np.testing.assert_array_equal(made(layer, x), expected.reshape(2, 3, 4))
    np.testing.assert_array_equal(made.each([layer], x)[0], expected.reshape(2, 3, 4))
    plain = Compressed({"l": layer.weight})(layer, x)
    assert 0 < np.abs(made(layer, x) - plain).max() < 1.5


def test_a_product_that_an_instruction_refuses_names_the_layer() -> None:
    layer = Linear("l", np.ones((2, 8), np.float32))
    with pytest.raises(ValueError, match=r"product of 'l' by wgmma\(e4m3, sparse\): w\[0, 0:4\] has more than 2 of 4"):
        Compressed({"l": layer.weight}, accumulation=accumulation("wgmma(e4m3, sparse)"))(layer, np.ones((1, 1, 8)))
