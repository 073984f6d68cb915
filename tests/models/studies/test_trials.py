"""Methods tried on one block of a model: the dense model passes once, and what is said of inputs is what they lose."""

import math

import numpy as np
import pytest

from sqtheory import int_, top
from sqtheory.arrays import Array
from sqtheory.methods import find
from sqtheory.models import EXACT, Linear, Watched
from sqtheory.models.studies import trials as tried
from sqtheory.models.studies.trials import PLAIN_INPUTS, PLAIN_MASK, trials
from sqtheory.orders.applied import Order
from tests.models.architectures.small import model, samples


def test_both_orders_on_inputs_take_one_pass_of_the_dense_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """One for each way to prune inputs; with the whole samples in one batch."""
    lm, some = model("lm-dense"), samples("lm-dense", 8)
    passes: list[Watched] = []

    def counting(*given: object) -> Watched:
        passes.append(Watched(*given))
        return passes[-1]

    monkeypatch.setattr(tried, "Watched", counting)
    _, found = trials(lm, some, [find("wanda")], {"wina": find("wina").on_inputs}, "50%", ["int4"])
    assert [trial.method for trial in found] == [PLAIN_MASK, "wanda", PLAIN_INPUTS, "wina"]
    assert len(passes) == 2
    plain = found[2]
    weights = {layer.name: int_(4)(layer.weight).astype(np.float64) for layer in lm.linears}
    shares: list[float] = []

    def see(layer: Linear, x: Array, y: Array) -> None:
        exact = x.astype(np.float64) @ layer.weight.T
        lost = exact - np.stack([top(0.5)(sample) for sample in x]) @ weights[layer.name].T
        shares.append(float(np.linalg.norm(lost) / np.linalg.norm(exact)))

    lm.logits(some.inputs[4:], Watched(EXACT, see))
    assert plain.outputs[Order.sq].value == pytest.approx(np.mean(shares), rel=1e-9)
    assert plain.outputs[Order.sq].standard_error == pytest.approx(np.std(shares, ddof=1) / math.sqrt(7), rel=1e-9)
    assert plain.outputs[Order.qs] == plain.outputs[Order.sq], "magnitudes do not look at the weights"
