"""Masks on inputs in both orders: what each order computes with, from the operators of every layer."""

from collections.abc import Mapping

import numpy as np
import pytest

from sqtheory.alphabet.operators import IDENTITY, Operator
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.scores import wina
from sqtheory.alphabet.sparsifiers import top
from sqtheory.arrays import Array
from sqtheory.execution import Spelled
from sqtheory.methods import find
from sqtheory.models import evaluate
from sqtheory.models.architectures.linears import Compressed
from sqtheory.models.evaluation.evaluations import Evaluations
from sqtheory.models.evaluation.inputs import compare_inputs
from sqtheory.orders.applied import Order
from tests.models.architectures.small import model, samples

PLAIN = Spelled("50%", "int(3)")
ORDERS = (Order.sq, Order.qs)


@pytest.mark.parametrize("activations", [False, True])
def test_each_order_prunes_by_the_weights_that_it_has(activations: bool) -> None:
    lm, some = model("lm-dense"), samples("lm-dense", 4)
    found = compare_inputs(
        Evaluations(lm, some), PLAIN, find("wina").on_inputs(PLAIN, None), ORDERS, activations=activations
    )
    exact = {layer.name: layer.weight for layer in lm.linears}
    rounded = {name: int_(3)(w) for name, w in exact.items()}
    q = int_(3) if activations else IDENTITY

    def losses(weights: Mapping[str, Array], own: Mapping[str, Operator]) -> Array:
        return evaluate(lm, some, Compressed(weights, IDENTITY, own)).losses

    first, second = ({name: top(0.5, score=wina(w)).by_rows() for name, w in ws.items()} for ws in (exact, rounded))
    np.testing.assert_array_equal(found.sparse.losses, losses(exact, first))
    before = {name: s >> q for name, s in first.items()}
    after = {name: q >> s for name, s in second.items()}
    np.testing.assert_array_equal(found.orders[Order.sq].losses, losses(rounded, before))
    np.testing.assert_array_equal(found.orders[Order.qs].losses, losses(rounded, after))
    np.testing.assert_array_equal(found.quantized.losses, evaluate(lm, some, Compressed(rounded, q)).losses)
    assert not np.array_equal(found.orders[Order.sq].losses, found.orders[Order.qs].losses)
    assert (found.mask, found.format, found.activations) == ("top(0.5) of inputs by wina", "int(3)", str(q))


def test_results_of_other_inputs_are_others() -> None:
    lm, some = model("lm-dense"), samples("lm-dense", 2)
    found = Evaluations(lm, some)
    exact = {layer.name: layer.weight for layer in lm.linears}
    name = lm.linears[0].name
    runs = [found.with_weights(exact), found.with_weights(exact, IDENTITY, {name: top(0.25).by_rows()})]
    again = found.with_weights(exact, IDENTITY, {name: top(0.25).by_rows()})
    assert len(found.known) == 2 and again is runs[1] and not np.array_equal(runs[0].losses, runs[1].losses)


def test_inputs_have_two_orders() -> None:
    pruned = find("teal").on_inputs(PLAIN, None)
    with pytest.raises(ValueError, match="inputs are pruned before or after rounding: --order is sq, qs or both"):
        compare_inputs(
            Evaluations(model("lm-dense"), samples("lm-dense", 2)), PLAIN, pruned, (Order.gain,), activations=False
        )
