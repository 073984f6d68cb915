import numpy as np
import pytest

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.quantizers import Quantizer, hbfp, int_, mxfp, scaled
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.orders.applied import ENTRYWISE, Order, both
from sqtheory.theory.price import Prices, optimum, price_table, prices


@pytest.mark.parametrize("q", [int_(4, block=8), hbfp(4, block=8), mxfp(E2M1, block=8)], ids=str)
@pytest.mark.parametrize("p", [1, 2])
def test_ratios_of_every_block_of_a_small_tensor(q: Quantizer, p: int) -> None:
    x = np.random.default_rng(1).standard_normal((6, 32)).astype(np.float32)
    x[2] = 0
    s = nm(2, 4)
    found = prices(x, s, q, p, blocks=1000, rng=np.random.default_rng(0))
    two = both(x, s, q)
    rows = x.astype(np.float64).reshape(-1, 8)
    least = optimum(rows, q, s, p).errors
    for order, y in ((Order.sq, two.after_mask), (Order.qs, two.masked_image)):
        errors = np.linalg.norm(rows - y.astype(np.float64).reshape(-1, 8), p, axis=1)
        assert found.ratios[order] == pytest.approx(errors[least > 0] / least[least > 0], rel=1e-12)
    assert found.perfect == int((least == 0).sum()) >= 4
    assert all((r >= 1 - 1e-6).all() for r in found.ratios.values())
    assert (found.ratios[Order.gain] <= np.minimum(found.ratios[Order.sq], found.ratios[Order.qs]) * (1 + 1e-6)).all()


@pytest.mark.parametrize("q", [int_(4, block=32), scaled(E2M1, block=32), hbfp(4, block=32)], ids=str)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_what_is_compressed_already_has_no_price(q: Quantizer, dtype: type) -> None:
    """The images of a pipeline are rounded to their dtype: beside that their optimum is 0."""
    x = np.random.default_rng(2).standard_normal((16, 64)).astype(dtype)
    y = both(x, nm(2, 4), q).after_mask
    for p in (1, 2):
        found = prices(y, nm(2, 4), q, p, blocks=100, rng=np.random.default_rng(0))
        assert (found.perfect, found.summary(Order.sq)) == (32, {})


def test_a_sample_is_that_of_its_seed() -> None:
    x = np.random.default_rng(1).standard_normal((64, 64))
    one, two, other = (
        prices(x, nm(2, 4), int_(3, block=16), blocks=20, rng=np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert one.ratios[Order.sq].size == 20
    assert np.array_equal(one.ratios[Order.sq], two.ratios[Order.sq]) and not np.array_equal(
        one.ratios[Order.sq], other.ratios[Order.sq]
    )


def test_summaries_and_the_table() -> None:
    ratios = {name: np.array([1.0, 1.0, 1.5, 2.0]) for name in ENTRYWISE}
    part = Prices("nm(2, 4)", "int(4)", 2.0, ratios, 3)
    whole = Prices.together([part, part])
    told = whole.summary(Order.sq)
    assert (told["optimal"], told["median"], told["mean"], told["max"]) == (0.5, 1.25, 1.375, 2.0)
    assert whole.perfect == 6 and whole.to_dict()["blocks"] == 8
    assert [row[4] for row in price_table([whole]).rows] == ["S→Q", "Q→S", "best mask at the scales of x"]
    empty = Prices("nm(2, 4)", "int(4)", 2.0, dict.fromkeys(ratios, np.zeros(0)), 3)
    assert empty.summary(Order.qs) == {} and price_table([empty]).rows[0][5:] == ("–",) * 5


@pytest.mark.parametrize("fmt", [int_(4), mxfp(E2M1)], ids=str)
def test_on_real_weights_pruning_first_is_nearly_optimal_and_quantizing_first_is_not(fmt: Quantizer) -> None:
    with open_checkpoint("zoo:lm-dense") as checkpoint:
        x = checkpoint.read("layers.0.gate_proj.weight")
    found = prices(x, nm(2, 4), fmt, blocks=200, rng=np.random.default_rng(0))
    sq, qs = found.summary(Order.sq), found.summary(Order.qs)
    assert 1 <= sq["mean"] < 1.01 < qs["mean"] < 1.1


def test_blocks_of_several_sizes_are_refused() -> None:
    for shape, s in (((4, 96), nm(2, 4)), ((4, 64), nm(2, 4, axis=0))):
        with pytest.raises(ValueError, match="runs of one size along the last axis inside the blocks of"):
            prices(np.ones(shape), s, int_(4), blocks=4, rng=np.random.default_rng(0))
