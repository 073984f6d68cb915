"""What a procedure makes of a weight is what is counted, refused and said of it."""

from dataclasses import dataclass, replace
from typing import final

import numpy as np
import pytest

from sqtheory.alphabet.procedures import PLAIN, Procedure
from sqtheory.alphabet.quantizers import Quantizer, int_
from sqtheory.alphabet.sparsifiers import Sparsifier, nm
from sqtheory.arrays import Array, FixedArray
from sqtheory.exceptions import NonFinite
from sqtheory.orders.applied import Order
from sqtheory.orders.grid import pipeline_rows, pipeline_table, sentences
from sqtheory.orders.pair import Pair
from sqtheory.orders.procedural import ProcedureImages, ordered_image, quantized_image, sparse_image
from sqtheory.orders.together import together


@final
@dataclass(frozen=True)
class Shifted(Procedure):
    """Every survivor of s moves by a constant, which no mask and no format does."""

    by: float
    both: bool = True
    title = "with every survivor moved"
    keeps_pattern = True
    on_grid = False

    def sparse(self, w: Array, s: Sparsifier) -> Array:
        kept = s.mask(w)
        return np.where(kept, w + w.dtype.type(self.by), w.dtype.type(0))

    def quantized(self, w: Array, q: Quantizer) -> Array:
        return q(w)

    def sparse_quantized(self, w: Array, s: Sparsifier, q: Quantizer) -> Array:
        return q(self.sparse(w, s))

    def quantized_sparse(self, w: Array, s: Sparsifier, q: Quantizer) -> Array:
        return self.sparse(q(w), s)

    @property
    def has_joint(self) -> bool:
        return self.both

    def joint(self, w: Array, s: Sparsifier, q: Quantizer) -> Array | None:
        return 2 * q(s(w)) if self.both else None


RNG = np.random.default_rng(3)
W = RNG.standard_normal((6, 8)).astype(np.float32)
X = RNG.standard_normal((20, 8)) * [4, 1, 1, 1, 2, 1, 1, 1]
S, Q = nm(2, 4), int_(4)
PAIR = Pair(S, Q, Shifted(0.25), FixedArray(X.T @ X))


def lost(made: Array) -> float:
    """From the samples, not from their second moments."""
    return float(np.linalg.norm(X @ (W.astype(np.float64) - made).T))


def test_rows_have_the_errors_of_the_procedure_and_of_the_output() -> None:
    [row] = pipeline_rows("w", W, [PAIR])
    by, e = PAIR.procedure, row.order.errors
    made = (by.sparse(W, S), by.quantized(W, Q), by.sparse_quantized(W, S, Q), by.quantized_sparse(W, S, Q))
    wanted = [float(np.linalg.norm(W.astype(np.float64) - one)) for one in made]
    np.testing.assert_allclose([e.s, e.q, e.sq, e.qs], wanted, rtol=1e-12)
    assert row.order.winner.name == ("sq" if wanted[2] < wanted[3] else "qs")
    assert row.output is not None and row.output.joint is not None
    np.testing.assert_allclose(row.output.errors, [lost(np.zeros_like(W)), *map(lost, made)], rtol=1e-9)
    np.testing.assert_allclose(row.output.joint, lost(2 * Q(S(W))), rtol=1e-9)
    assert row.output.sign == np.sign(lost(made[3]) - lost(made[2]))


def test_no_theorem_on_entries_explains_a_procedure() -> None:
    [row] = pipeline_rows("w", W, [PAIR])
    assert row.reason.theorem is None and str(row.reason) == "not entrywise"
    known = PAIR.on(W.shape)
    assert not (known.prune_first_dominates or known.selection.closed or known.scale.closed)
    assert known.zero.closed and "with every survivor moved" in known.scale.why
    assert not row.guarantee_broken


def test_channels_count_what_the_procedure_does() -> None:
    [row] = pipeline_rows("w", W, [PAIR])
    sparse, sq, qs = sparse_image(W, PAIR), ordered_image(W, PAIR, Order.sq), ordered_image(W, PAIR, Order.qs)
    groups = ((sq != 0) != (qs != 0)).reshape(-1, 4).any(axis=1)
    assert row.channels.selection.count == groups.sum() and row.channels.selection.total == 12
    assert row.channels.scale.count == (Q.scales(sparse) != Q.scales(W)).sum() > 0
    assert row.channels.zero.count == 0 and row.channels.zero.total == (sparse == 0).sum()


def test_the_plain_procedure_with_moments_has_the_rows_of_the_operators() -> None:
    [row], [plain] = pipeline_rows("w", W, [Pair(S, Q, PLAIN, PAIR.moments)]), pipeline_rows("w", W, [Pair(S, Q)])
    assert row.output is not None and plain.output is None
    assert replace(row, output=None) == plain
    assert row.output.joint is None and row.output.sq == pytest.approx(lost(Q(S(W))))


def test_tables_and_sentences_speak_of_outputs_where_they_are_known() -> None:
    [row], [plain] = pipeline_rows("w", W, [PAIR]), pipeline_rows("w", W, [Pair(S, Q)])
    table = pipeline_table([row], [row])
    assert table.header[-1] == "XWᵀ: joint %" and len(table.rows[0]) == len(table.header)
    assert "XWᵀ: joint %" not in pipeline_table([plain], [plain]).header
    assert any("Of the outputs of 1 layers" in line for line in sentences([row]))
    assert row.to_dict()["output"]["sq"] == row.output.sq  # type: ignore[union-attr]
    whole = together("w", (2, 6, 8), [row, row]).output
    assert whole is not None and whole.sq == pytest.approx(np.sqrt(2) * row.output.sq)  # type: ignore[union-attr]
    assert together("w", (2, 6, 8), [row, plain]).output is None


@pytest.mark.parametrize("order", [Order.sq, Order.qs, Order.gain])
def test_an_order_of_plain_operators_is_theirs(order: Order) -> None:
    made, pair = ordered_image(W, Pair(S, Q), order), Pair(S, Q)
    wanted = {Order.sq: Q(S(W)), Order.qs: S(Q(W))}.get(order)
    if wanted is None:
        assert np.linalg.norm(W - made) <= min(np.linalg.norm(W - Q(S(W))), np.linalg.norm(W - S(Q(W)))) + 1e-6
    else:
        np.testing.assert_array_equal(made, wanted)
    np.testing.assert_array_equal(sparse_image(W, pair), S(W))
    np.testing.assert_array_equal(quantized_image(W, pair), Q(W))


def test_what_a_procedure_cannot_take_is_refused() -> None:
    with pytest.raises(ValueError, match="no joint pass of nm"):
        ordered_image(W, Pair(S, Q), Order.joint)
    with pytest.raises(ValueError, match=r"no joint pass of nm.*with every survivor moved"):
        ordered_image(W, Pair(S, Q, Shifted(1, both=False)), Order.joint)
    with pytest.raises(ValueError, match=r"is for matrices.*got shape \(8,\)"):
        ordered_image(W[0], PAIR, Order.sq)
    large = W.astype(np.float64)
    large[1, 2] = 2.0**501
    with pytest.raises(ValueError, match=r"at \(1, 2\): .* squares entries, which may be 3\.27e\+150 at most"):
        ordered_image(large, PAIR, Order.sq)
    spoiled = W.copy()
    spoiled[1, 2] = np.nan
    with pytest.raises(NonFinite, match=r"nan at \(1, 2\).*needs finite numbers"):
        ProcedureImages.of(spoiled, PAIR)
