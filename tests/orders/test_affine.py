"""Formats with offsets in both orders: no single pass takes them, a moved offset counts, no theorem is claimed."""

import numpy as np
import pytest

from sqtheory.alphabet.affine import Offset, affine
from sqtheory.alphabet.compensation.column_grid import ColumnGrid
from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.quantizers import Quantizer, int_
from sqtheory.alphabet.scaling import Range
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.alphabet.storage import stored_bits
from sqtheory.alphabet.traits import KEEPS_ZERO
from sqtheory.orders import batches, definition, fused, grid
from sqtheory.orders.applied import both
from sqtheory.orders.pair import Pair
from sqtheory.theory.decide import Effort, decide

FORMATS = [
    affine(4, block=16),
    affine(4, range=Range.own, block=16),
    *(affine(3, offset=offset, block=16) for offset in Offset),
]
S = nm(2, 4)


@pytest.mark.parametrize("q", FORMATS, ids=str)
@pytest.mark.parametrize("p", [1.0, 2.0, float("inf")])
def test_every_way_counts_what_the_definition_counts(q: Quantizer, p: float) -> None:
    x = np.random.default_rng(2).normal(size=(80, 96)).astype(np.float32)
    x[:20] = np.abs(x[:20])
    expected = definition.counts_of(both(x, S, q), q, p)
    assert fused.counts_of(x, Pair(S, q), p) is None
    assert grid.tensor_rows("w", x, [S], [q], p) == [grid.Row.of("w", Pair(S, q).on(x.shape), expected)]
    stack = x.reshape(4, 20, 96)
    each = batches.each_quantizer(q, (20, 96))
    two = both(stack, batches.each_mask(S, (20, 96)), each)
    alone = [definition.counts_of(both(one, S, q), q, p) for one in stack]
    assert [c.openings for c in batches.counts_of_each(two, each, p)] == [c.openings for c in alone]


def test_an_offset_that_moves_is_counted_where_the_scale_stays() -> None:
    q = affine(4, offset=Offset.float, block=4)
    stays = np.array([[3, -2, 1, 0.5]])
    assert definition.counts_of(both(stays, S, q), q, 2.0).openings.moved == 0
    moves = np.array([[6, 5, 4, 3]])  # the range goes from [3, 6] to [0, 6]
    assert definition.counts_of(both(moves, S, q), q, 2.0).openings.moved == 1
    whole = affine(4, offset=Offset.float, block=8)
    other = np.array([[-5, -5, -4, -3, 5, 5, 4, 4]])
    assert definition.counts_of(both(other, S, whole), whole, 2.0).openings.moved == 0
    one, shifted = whole.placed(np.array([[0.0, 3.0]])), whole.placed(np.array([[1.0, 4.0]]))
    assert one[0] == shifted[0] and definition.replaced(one, shifted).all()


def test_no_entry_within_half_a_step_of_the_ends_saturates() -> None:
    x = np.random.default_rng(4).normal(size=(50, 32))
    for q in (affine(4, block=16), affine(4, offset=Offset.float, block=16), affine(4, offset=Offset.real, block=16)):
        assert definition.counts_of(both(x, S, q), q, 2.0).openings.saturated == 0
    edge = affine(4, offset=Offset.edge, block=16)  # whose range is narrower where n is rounded up
    assert definition.counts_of(both(x, S, edge), edge, 2.0).openings.saturated > 0
    fixed = affine(4, block=16).frozen(x)
    assert definition.counts_of(both(2 * x, S, fixed), fixed, 2.0).openings.saturated > 50


@pytest.mark.parametrize("q", FORMATS, ids=str)
def test_no_order_is_said_to_be_better(q: Quantizer) -> None:
    known = Pair(S, q).on((4, 16))
    assert not (known.scale.closed or known.monotone.closed or known.selection.closed or known.prune_first_dominates)
    assert (
        known.zero.closed
        == (KEEPS_ZERO in q.traits)
        == (q in (*FORMATS[:3], affine(3, offset=Offset.searched, block=16)))
    )


@pytest.mark.parametrize("text", ["affine(4, block=8)", "affine(3, offset=float, block=8)", "affine(3, offset=edge)"])
def test_dominance_is_refuted_in_rational_arithmetic(text: str) -> None:
    q = parse(text)
    assert isinstance(q, Quantizer)
    answer = decide("prune_first_dominates", S, q, rng=np.random.default_rng(0), effort=Effort(seconds=20))
    assert answer.verdict == "refuted" and answer.witness is not None
    assert "rational" in answer.witness.arithmetic


def test_codes_with_an_offset_are_not_rounded_by_columns() -> None:
    x = np.random.default_rng(1).normal(size=(4, 16))
    with pytest.raises(ValueError, match="which has offsets"):
        ColumnGrid.of(FORMATS[0], x)


def test_an_offset_takes_bits_of_its_own() -> None:
    plain = stored_bits(int_(4, block=16), (4, 16), real=16)
    assert stored_bits(affine(4, block=16), (4, 16), real=16) == plain + 4 * 4
    assert stored_bits(affine(4, offset=Offset.float, block=16), (4, 16), real=16) == plain + 4 * 16
