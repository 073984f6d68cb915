"""Channel permutations before n:m with scale blocks in place: against taking columns, and against moving blocks too."""

import numpy as np
import pytest

from sqtheory.alphabet.partition import Blocks, Partition, Rows, Tiles, Whole
from sqtheory.alphabet.procedures import PLAIN
from sqtheory.alphabet.procedures.conjugated import Conjugated
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm, top
from sqtheory.arrays import FixedArray
from sqtheory.orders.applied import both
from sqtheory.theory.case import Case
from sqtheory.theory.decide import decide
from sqtheory.theory.permuted import Permuted
from sqtheory.theory.theorems.overlap import MOVED

ORDERS = [tuple(np.random.default_rng(k).permutation(8).tolist()) for k in range(12)]
SAME = tuple(range(8))


@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_a_mask_of_permuted_channels_is_the_mask_of_the_permuted_tensor(order: tuple[int, ...]) -> None:
    x = np.random.default_rng(3).normal(size=(5, 8))
    kept = top(2, per=Permuted(Blocks(4), order)).mask(x)
    assert np.array_equal(kept[:, list(order)], nm(2, 4).mask(x[:, list(order)]))
    boxes, per_box = Permuted(Blocks(4), order), np.arange(10).reshape(5, 2)
    assert np.array_equal(boxes.join(boxes.split(x), x.shape), x)
    assert np.array_equal(boxes.spread(per_box, x.shape)[:, list(order)], Blocks(4).spread(per_box, x.shape))
    assert all(
        boxes.spread(per_box, x.shape)[i, j] == per_box[boxes.box_of((i, j), x.shape)] for i, j in np.ndindex(5, 8)
    )


@pytest.mark.parametrize("shape", [(1, 12), (4, 6)], ids=str)
@pytest.mark.parametrize("boxes", [Blocks(4), Blocks(6), Blocks(5), Rows(), Whole(), Tiles(1, 3)], ids=str)
def test_boxes_meet_as_their_labels_do(boxes: Partition, shape: tuple[int, int]) -> None:
    """In the order that they have the two ways to count agree, but for which of equal meetings they name."""
    same = Permuted(Blocks(3), tuple(range(shape[1])))
    one, other = boxes.overlaps(Blocks(3), shape), boxes.overlaps(same, shape)
    assert {pair[:3] for pair in one.pairs} == {pair[:3] for pair in other.pairs}
    assert same.overlaps(boxes, shape).nested == Blocks(3).overlaps(boxes, shape).nested


@pytest.mark.parametrize("order", [SAME, *ORDERS], ids=str)
def test_scales_move_as_soon_as_a_group_straddles(order: tuple[int, ...]) -> None:
    """2:4 over two blocks of four; every row of 0, 1, 2 is tried."""
    s, q = top(2, per=Permuted(Blocks(4), order)), int_(4, block=4)
    straddles = any(len({i // 4 for i in order[at : at + 4]}) > 1 for at in (0, 4))
    rows = np.array(np.meshgrid(*[range(3)] * 8)).reshape(8, -1).T.astype(float)
    assert bool(MOVED.of(Case.of(rows, q, s)).any()) == straddles
    found = decide("scale_kept", s, q, shape=(8,), rng=np.random.default_rng(0))
    assert found.verdict == ("refuted" if straddles else "proved")


def test_three_of_four_keep_scales_two_and_two() -> None:
    crossed = (0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11)
    s, q = top(3, per=Permuted(Blocks(4), crossed)), int_(4, block=6)
    assert decide("scale_kept", s, q, shape=(12,), rng=np.random.default_rng(0)).theorem == "overlap"
    two = top(2, per=Permuted(Blocks(4), crossed))
    assert decide("no_additional_error", two, q, shape=(12,), rng=np.random.default_rng(0)).verdict == "refuted"


@pytest.mark.parametrize("order", ORDERS[:3], ids=str)
def test_conjugated_by_the_permutation_the_blocks_move_too(order: tuple[int, ...]) -> None:
    """Then both orders are those of the permuted tensor, and no group straddles."""
    x, p = np.random.default_rng(4).normal(size=(3, 8)), np.eye(8)[:, list(order)]
    turned, s, q = Conjugated(PLAIN, FixedArray(p)), nm(2, 4), int_(4, block=4)
    there = both(x @ p, s, q)
    assert np.array_equal(turned.sparse_quantized(x, s, q), there.after_mask @ p.T)
    assert np.array_equal(turned.quantized_sparse(x, s, q), there.masked_image @ p.T)
    assert not MOVED.of(Case.of(x @ p, q, s)).any()


def test_what_is_no_permutation_is_refused() -> None:
    for order in ((0, 0, 1), (1, 2, 3)):
        with pytest.raises(ValueError, match="is no permutation of 3 channels"):
            Permuted(Blocks(3), order)
    with pytest.raises(ValueError, match="an order of 8 channels does not fit a tensor of shape"):
        top(2, per=Permuted(Blocks(4), SAME))(np.ones(12))
