import numpy as np
import pytest

from sqtheory import Operator, compare, hbfp, int_, mxfp, nm, top
from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.exceptions import Indivisible
from sqtheory.models import DENSE, EXACT, Compressed, Compression, compressed, ordered_weights, weights
from sqtheory.orders.applied import ENTRYWISE, Order
from tests.models.architectures.small import model

PAIRS = [(nm(2, 4), int_(3)), (top(0.5), mxfp(E2M1)), (nm(1, 4), hbfp(4))]


@pytest.mark.parametrize(("s", "q"), PAIRS, ids=str)
def test_orders_are_chains_and_gain_is_the_optimum(s: Sparsifier, q: Operator) -> None:
    found = ordered_weights(model("lm-dense"), s, q, ENTRYWISE)
    for layer in model("lm-dense").linears:
        np.testing.assert_array_equal(found[Order.sq][layer.name], (s >> q)(layer.weight))
        np.testing.assert_array_equal(found[Order.qs][layer.name], (q >> s)(layer.weight))
        errors = compare(layer.weight, s, q).errors
        lost = np.linalg.norm((layer.weight - found[Order.gain][layer.name]).astype(np.float64))
        assert lost == pytest.approx(errors.gain, rel=1e-6)
        assert lost <= errors.qs * (1 + 1e-9)


def test_a_recipe_is_what_its_parts_are() -> None:
    vit = model("vit-dense")
    assert compressed(vit, DENSE) is EXACT
    both = compressed(vit, Compression(nm(2, 4), int_(4), Order.qs, int_(8)))
    assert isinstance(both, Compressed) and both.activations == int_(8)
    name = vit.linears[0].name
    np.testing.assert_array_equal(both.weights[name], (int_(4) >> nm(2, 4))(vit.tensors[name]))
    any_chain = weights(vit, nm(2, 4) >> int_(4) >> hbfp(6))
    np.testing.assert_array_equal(any_chain[name], hbfp(6)((nm(2, 4) >> int_(4))(vit.tensors[name])))
    with pytest.raises(ValueError, match="an order is for a mask and a format together"):
        Compression(nm(2, 4), int_(4))


def test_refusals_name_the_tensor() -> None:
    with pytest.raises(Indivisible, match=r"tensor 'blocks.0.qkv.weight': axis 1 of length 128"):
        weights(model("vit-dense"), nm(2, 5))
    with pytest.raises(Indivisible, match=r"tensor 'blocks.0.qkv.weight'"):
        ordered_weights(model("vit-dense"), nm(2, 5), int_(4))
