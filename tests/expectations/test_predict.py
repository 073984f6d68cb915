from functools import cache

import numpy as np
import pytest

from sqtheory.checkpoints import open_checkpoint
from sqtheory.notation import parse
from sqtheory.order_gap import predict_order_gap
from sqtheory.quantizers import Quantizer, int_, nf4
from sqtheory.sparsifiers import Sparsifier, nm, top
from sqtheory.targets import Targets
from sqtheory.two_orders import both


@cache
def linears(model: str) -> tuple[np.ndarray, ...]:
    with open_checkpoint(model) as checkpoint:
        taken, _ = Targets((), ()).split(checkpoint.tensors)
        return tuple(checkpoint.read(t.name).astype(np.float64) for t in taken)


def measured(x: np.ndarray, s: Sparsifier, q: Quantizer, p: int) -> float:
    orders = both(x, s, q)
    return float((np.abs(x - orders.masked_image) ** p).sum() - (np.abs(x - orders.after_mask) ** p).sum())


@pytest.mark.parametrize("model", ["zoo:lm-dense", "zoo:vit-dense"])
@pytest.mark.parametrize("fmt", ["int6", "int4", "int3", "hbfp4"])
@pytest.mark.parametrize("p", [1, 2])
def test_every_linear_layer_of_the_models(model: str, fmt: str, p: int) -> None:
    """The total within 3 %, the tensors in proportion: correlation at least 0.99."""
    q, s = parse(fmt), nm(2, 4)
    assert isinstance(q, Quantizer)
    found = np.array([(predict_order_gap(q, s, x, p), measured(x, s, q, p)) for x in linears(model)])
    predicted, real = found.sum(axis=0)
    assert abs(real / predicted - 1) < 0.03
    assert np.corrcoef(found.T)[0, 1] > 0.99


@pytest.mark.parametrize(("fmt", "tolerance"), [("int8", 0.10), ("int2", 0.09), ("mxfp4", 0.07)])
def test_where_the_model_is_rougher(fmt: str, tolerance: float) -> None:
    """At 8 bits swaps are few; at 2 bits the block maximum, which is no independent draw, is one of three levels."""
    q, s = parse(fmt), nm(2, 4)
    assert isinstance(q, Quantizer)
    for model in ("zoo:lm-dense", "zoo:vit-dense"):
        found = np.array(
            [(predict_order_gap(q, s, x, p), measured(x, s, q, p)) for x in linears(model) for p in (1, 2)]
        )
        predicted, real = found[::2].sum(axis=0)
        assert abs(real / predicted - 1) < tolerance
        assert np.corrcoef(found[::2].T)[0, 1] > 0.96


def test_no_gap_where_there_is_none() -> None:
    assert predict_order_gap(int_(4), nm(2, 4), np.zeros((4, 64))) == 0


def test_refusals() -> None:
    x = np.random.default_rng(0).standard_normal((4, 96))
    with pytest.raises(ValueError, match="n:m masks by magnitude"):
        predict_order_gap(int_(4), top(0.5), x)
    with pytest.raises(ValueError, match="spans several blocks"):
        predict_order_gap(int_(4, block=6), nm(2, 4), x)
    with pytest.raises(ValueError, match="not a grid symmetric"):
        predict_order_gap(nf4(), nm(2, 4), x)
