"""Masks and images of weights: what is kept is what the operators make, and what is drawn is drawn anew."""

from dataclasses import dataclass
from typing import final

import numpy as np
import pytest

from sqtheory import int_, mxfp, nm, stochastic, top
from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array
from sqtheory.execution.assignment import Bound
from sqtheory.execution.derived import Derived
from sqtheory.models.evaluation import weight_images
from sqtheory.models.evaluation.weight_images import WeightImages, weights
from sqtheory.orders.applied import ENTRYWISE, Order
from sqtheory.orders.optimum import gain_optimum
from sqtheory.orders.pair import Pair
from tests.models.architectures.small import model

LM = model("lm-dense")
S, Q = nm(2, 4), mxfp(E2M1)


@final
@dataclass(frozen=True)
class Single(Derived):
    """The operators of another assignment, said to be each weight's own."""

    @property
    def uniform(self) -> bool:
        return False

    def of(self, name: str) -> Pair:
        return self.inner.of(name)


@pytest.mark.parametrize("wrap", [lambda bound: bound, Single], ids=["uniform", "each its own"])
def test_images_are_what_the_operators_make(wrap: "type[Single]", monkeypatch: pytest.MonkeyPatch) -> None:
    found, assignment = WeightImages(LM), wrap(Bound(S, Q))
    sparse, quantized, ordered = (
        found.sparse(assignment),
        found.quantized(assignment),
        found.ordered(assignment, ENTRYWISE),
    )
    for layer in LM.linears:
        w, name = layer.weight, layer.name
        np.testing.assert_array_equal(sparse[name], S(w))
        np.testing.assert_array_equal(quantized[name], Q(w))
        np.testing.assert_array_equal(ordered[Order.sq][name], (S >> Q)(w))
        np.testing.assert_array_equal(ordered[Order.qs][name], (Q >> S)(w))
        np.testing.assert_array_equal(ordered[Order.gain][name], gain_optimum(w, Q(w), S, 2))

    def no_more(self: object, x: Array, *rest: object, **options: object) -> None:
        assert all(x is not layer.weight for layer in LM.linears), "made twice"

    monkeypatch.setattr(Sparsifier, "mask", no_more)
    monkeypatch.setattr(Quantizer, "apply", no_more)
    found.sparse(assignment)
    assert all(found.quantized(assignment)[name] is image for name, image in quantized.items())


def test_another_format_replaces_the_last_and_masks_stay_up_to_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weight_images, "MASKS", 2)
    found, name = WeightImages(LM), LM.linears[0].name
    first = found.quantized(Bound(S, Q))[name]
    np.testing.assert_array_equal(found.quantized(Bound(S, int_(4)))[name], int_(4)(LM.linears[0].weight))
    again = found.quantized(Bound(S, Q))[name]
    assert again is not first
    np.testing.assert_array_equal(again, first)
    for s in (S, top(0.5), nm(1, 4), S):
        np.testing.assert_array_equal(found.sparse(Bound(s, Q))[name], s(LM.linears[0].weight))
        assert len(found._masks[name]) <= 2


def test_what_is_drawn_is_drawn_anew() -> None:
    q = int_(4, rounding=stochastic(np.random.default_rng(0)))
    found = WeightImages(LM)
    one, two = (found.quantized(Bound(S, q)) for _ in range(2))
    assert any((one[name] != two[name]).any() for name in one)
    seeded = Bound(S, q, ((7,),))
    same, other = (found.quantized(seeded) for _ in range(2))
    for name in weights(LM, S):
        np.testing.assert_array_equal(same[name], other[name])


def test_a_joint_pass_needs_a_method() -> None:
    with pytest.raises(ValueError, match="a joint pass is for a method"):
        WeightImages(LM).ordered(Bound(S, Q), [Order.joint])
    with pytest.raises(ValueError, match="there is no joint pass"):
        WeightImages(LM).ordered(Single(Bound(S, Q)), [Order.joint])
