from pathlib import Path

import numpy as np
import pytest

from sqtheory import hbfp, int_, mxfp, nm, parse
from sqtheory.alphabet.formats import E2M1
from sqtheory.arithmetic import accumulation
from sqtheory.execution import Bound
from sqtheory.models import evaluate
from sqtheory.models.evaluation.comparing import compare_orders
from sqtheory.models.evaluation.evaluations import Evaluations
from sqtheory.orders.applied import Order
from tests.models.architectures.small import model, samples

S, Q = nm(2, 4), mxfp(E2M1)


@pytest.mark.parametrize("name", ["vit-dense", "lm-dense"])
def test_threads_compute_the_same_bits(name: str) -> None:
    alone, together = (evaluate(model(name), samples(name), workers=workers) for workers in (1, 3))
    np.testing.assert_array_equal(alone.losses, together.losses)
    np.testing.assert_array_equal(alone.hits, together.hits)
    assert len(alone) == 12 and alone.predictions == (1 if name == "vit-dense" else 256)


def test_batches_do_not_change_what_is_said_of_a_sample() -> None:
    some = samples("lm-dense")
    whole = evaluate(model("lm-dense"), some)
    logits = model("lm-dense").logits(some.inputs[5:6])
    picked = logits[np.arange(256), some.targets[5]]
    expected = np.log(np.exp(logits.astype(np.float64)).sum(axis=1)) - picked
    assert whole.losses[5] == pytest.approx(expected.mean(), rel=1e-5)


def test_what_is_finished_is_not_computed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Evaluations(model("lm-dense"), samples("lm-dense"), results=tmp_path)
    computed = first.of(S >> Q, Q)
    [file] = tmp_path.glob("*.json")
    monkeypatch.setattr(
        "sqtheory.models.evaluation.evaluations.evaluate", lambda *a, **k: pytest.fail("computed again")
    )
    found = Evaluations(model("lm-dense"), samples("lm-dense"), results=tmp_path).of(S >> Q, Q)
    np.testing.assert_array_equal(found.losses, computed.losses)
    np.testing.assert_array_equal(found.hits, computed.hits)
    assert found.predictions == 256 and file.read_text(encoding="utf-8").count("\n") == 1


@pytest.mark.parametrize("damage", ["cut", "changed", "empty"])
def test_a_damaged_result_is_computed_again(tmp_path: Path, damage: str) -> None:
    computed = Evaluations(model("lm-dense"), samples("lm-dense"), results=tmp_path).of(S)
    [file] = tmp_path.glob("*.json")
    whole = file.read_text(encoding="utf-8")
    spoiled = {"cut": whole[:-9], "changed": whole.replace('"predictions": 256', '"predictions": 255'), "empty": ""}
    assert spoiled[damage] != whole
    file.write_text(spoiled[damage], encoding="utf-8")
    found = Evaluations(model("lm-dense"), samples("lm-dense"), results=tmp_path).of(S)
    np.testing.assert_array_equal(found.losses, computed.losses)
    assert file.read_text(encoding="utf-8") == whole


def test_keys_tell_apart_all_that_matters() -> None:
    some = Evaluations(model("vit-dense"), samples("vit-dense"))
    more = Evaluations(model("vit-dense"), samples("vit-dense", 13))
    weights = {layer.name: layer.weight for layer in some.model.linears}
    pruned = {name: S(w) for name, w in weights.items()}
    keys = [
        some._key(weights, int_(4), {}),
        some._key(weights, hbfp(4), {}),
        some._key(pruned, int_(4), {}),
        more._key(weights, int_(4), {}),
        Evaluations(model("vit-s50"), samples("vit-dense"))._key(weights, int_(4), {}),
        some._key(weights, int_(4), {next(iter(weights)): S}),
        some._key(weights, int_(4), {next(iter(weights)): hbfp(4)}),
    ]
    assert len(set(keys)) == len(keys)
    signed = {name: np.where(w == 0, -w, w) for name, w in pruned.items()}
    assert some._key(signed, int_(4), {}) == keys[2], "zeros of either sign are one weight"


def test_orders_agree_on_weights_that_hold_the_mask() -> None:
    """Theorem ``frozen_commutation`` in the metric: equal weights are one evaluation, differences exactly 0."""
    dense = Evaluations(model("lm-dense"), samples("lm-dense"))
    tuned = Evaluations(model("lm-s2of4"), samples("lm-dense"))
    found = compare_orders(
        dense, Bound(S, Q), (Order.sq, Order.qs, Order.gain), activations=True, tuned=("lm-s2of4", tuned)
    )
    first, *others = found.orders.values()
    assert all(each is first for each in others)
    document = found.to_dict()
    assert document["tuned"] == "lm-s2of4" and document["paired"][0]["bits_per_byte"]["value"] == 0
    assert document["activations"] == "mxfp(e2m1)" and set(document["threshold"]) == set(found.metrics)


def test_a_comparison_evaluates_what_its_names_say() -> None:
    dense = Evaluations(model("lm-dense"), samples("lm-dense"))
    found = compare_orders(dense, Bound(S, Q), (Order.sq, Order.qs))
    np.testing.assert_array_equal(found.orders[Order.qs].losses, dense.of(parse("mxfp4 >> 2:4")).losses)
    np.testing.assert_array_equal(found.quantized.losses, dense.of(Q).losses)
    np.testing.assert_array_equal(found.sparse.losses, dense.of(S).losses)
    assert list(found.all) == ["dense", "S only", "Q only", "S→Q", "Q→S"]
    assert (found.orders[Order.sq].losses != found.orders[Order.qs].losses).any()


def test_products_of_an_instruction_are_another_result(tmp_path: Path) -> None:
    by = [None, accumulation("fp8_fast"), accumulation("fp8_promoted")]
    some = samples("vit-dense", 2)
    found = [Evaluations(model("vit-dense"), some, results=tmp_path, accumulation=one).dense() for one in by]
    assert len(list(tmp_path.glob("*.json"))) == 3
    assert len({one.losses.tobytes() for one in found}) == 3
    assert np.abs(found[1].losses - found[2].losses).max() < np.abs(found[1].losses - found[0].losses).max()
