import math
from functools import cache

import numpy as np
import pytest

from sqtheory import FLOAT16, cast, hbfp, nm, relative_error, sqnr
from sqtheory.arithmetic import accumulated, accumulation, read
from sqtheory.arrays import Array
from sqtheory.models import EXACT, Compressed, Linear, Linears, Watched, ordered_weights
from sqtheory.models.studies.depth import LayerReport, layer_reports, layer_table, worst_layers
from sqtheory.models.studies.networks.activations import inputs_of
from sqtheory.orders.applied import ENTRYWISE, Order
from tests.models.architectures.small import model, samples

S, Q = nm(2, 4), hbfp(4)


@cache
def reports(activations: bool) -> tuple[LayerReport, ...]:
    return layer_reports(model("lm-dense"), samples("lm-dense", 5), S, Q, ENTRYWISE, activations=activations)


def seen(name: str, linears: Linears) -> dict[str, tuple[Array, Array]]:
    """Inputs and outputs of every layer on all samples at once, float64."""
    found: dict[str, tuple[Array, Array]] = {}

    def see(layer: Linear, x: Array, y: Array) -> None:
        rows = x.reshape(-1, x.shape[-1]).astype(np.float64)
        found[layer.name] = rows, y.reshape(len(rows), -1).astype(np.float64)

    model(name).logits(samples(name, 5).inputs, Watched(linears, see))
    return found


@pytest.mark.parametrize("order", ENTRYWISE)
def test_deviations_are_those_of_whole_outputs(order: Order) -> None:
    dense = seen("lm-dense", EXACT)
    changed = seen("lm-dense", Compressed(ordered_weights(model("lm-dense"), S, Q, [order])[order], Q))
    for report in reports(True):
        found, y, other = report.deviations[order], dense[report.name][1], changed[report.name][1]
        assert found.absolute == pytest.approx(np.linalg.norm(y - other), rel=1e-4)
        assert found.relative == pytest.approx(relative_error(other, y), rel=1e-4)
        assert found.sqnr == pytest.approx(sqnr(other, y), abs=1e-3)
        cosine = (y * other).sum() / np.linalg.norm(y) / np.linalg.norm(other)
        assert found.cosine == pytest.approx(cosine, abs=1e-5)


def test_contributions_are_the_terms_of_the_theorems() -> None:
    """Each term in float64 by its formula; the theorems' identities hold between them entry by entry."""
    weights = ordered_weights(model("lm-dense"), S, Q)
    inputs = seen("lm-dense", EXACT)
    for layer, report in zip(model("lm-dense").linears, reports(True), strict=True):
        x, w = inputs[layer.name][0], layer.weight.astype(np.float64)
        qx, qw, sw = (
            f(a).astype(np.float64) for f, a in ((Q, x.astype(np.float32)), (Q, layer.weight), (S, layer.weight))
        )
        both = weights[Order.sq][layer.name].astype(np.float64)
        size = np.linalg.norm(x @ w.T)
        total = x @ w.T - qx @ both.T
        left, right, product = (x - qx) @ w.T, x @ (w - both).T, (x - qx) @ (w - both).T
        np.testing.assert_allclose(total, left + right - product, atol=1e-9)
        pruned = sw == 0
        lost = (x @ (w * pruned).T) - (qx @ (qw * pruned).T)
        own = report.contributions
        expected = {
            "activation": left,
            "quantization": x @ (w - qw).T,
            "sparsity": x @ (w - sw).T,
            "weight": right,
            "product": product,
            "interaction": -lost,
            "total": total,
        }
        for name, values in expected.items():
            found = getattr(own, name)
            found = found if isinstance(found, float) else found[Order.sq]
            assert found == pytest.approx(np.linalg.norm(values) / size, rel=1e-3, abs=1e-6), (layer.name, name)


def test_without_activations_only_weights_err() -> None:
    first = reports(False)[0]
    own = first.contributions
    assert own.activation == 0 and all(value == 0 for value in own.product.values())
    assert own.total == pytest.approx(own.weight)
    assert first.deviations[Order.sq].relative == pytest.approx(own.total[Order.sq], rel=1e-4)
    assert own.total[Order.sq] < own.total[Order.qs], "on the first layer no other error hides the order"


def test_a_model_that_loses_nothing_deviates_by_nothing() -> None:
    """The zoo's weights are float16, and those of lm-s2of4 hold the mask."""
    kept = layer_reports(model("lm-s2of4"), samples("lm-dense", 2), S, cast(FLOAT16))
    for report in kept:
        assert report.contributions.total == {Order.sq: 0, Order.qs: 0}
        for found in report.deviations.values():
            assert (found.absolute, found.relative, found.sqnr) == (0, 0, math.inf)
            assert found.cosine == pytest.approx(1)


def test_a_line_for_each_layer_and_the_worst_of_them() -> None:
    table = layer_table(reports(True), "title")
    assert [row[0] for row in table.rows] == [layer.name for layer in model("lm-dense").linears]
    worst = worst_layers(reports(True), Order.qs)
    shares = [report.contributions.total[Order.qs] for report in reports(True)]
    assert [w.contributions.total[Order.qs] for w in worst] == sorted(shares, reverse=True)[:3]
    assert all(math.isfinite(share) for share in shares)


def test_an_accumulation_adds_two_terms_that_are_its_own() -> None:
    """Against one layer by the definition; nothing else of a contribution moves."""
    by, some = accumulation("fp8_fast"), samples("vit-dense", 1)
    plain, found = (layer_reports(model("vit-dense"), some, S, Q, accumulation=one) for one in (None, by))
    assert plain[0].contributions.total == found[0].contributions.total and not plain[0].contributions.accumulation
    assert "accumulation" in found[0].to_dict()["contributions"] != plain[0].to_dict()["contributions"]
    inputs = inputs_of(model("vit-dense"), some)
    layer = model("vit-dense").linears[1]
    weight = (S >> Q)(layer.weight)
    x, w = read(inputs[layer.name], by.reads), read(weight, by.reads)
    product = x.values @ w.values.T
    size = np.linalg.norm(inputs[layer.name].astype(np.float64) @ layer.weight.T)
    own = found[1].contributions
    assert own.accumulation[Order.sq] == pytest.approx(np.linalg.norm(product - accumulated(x, w, by)) / size, rel=1e-4)
    lost = np.linalg.norm(product - inputs[layer.name].astype(np.float64) @ weight.T)
    assert own.operands[Order.sq] == pytest.approx(lost / size, rel=1e-4)
    assert layer_table(found).header[-2:] == ("operands", "accumulation")
