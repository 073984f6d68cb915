"""GPTQ as a procedure: zeros held or not, scales of which weight, columns in which order."""

import numpy as np
import pytest

from sqtheory.alphabet.compensation.column_grid import ColumnGrid, ScalesOf
from sqtheory.alphabet.compensation.rounding import ColumnOrder, Zeros, rounded
from sqtheory.alphabet.compensation.second_moments import damped
from sqtheory.alphabet.procedures.error_feedback import ErrorFeedback
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm, top
from sqtheory.alphabet.ties import by_original
from sqtheory.arrays import FixedArray
from tests.alphabet.compensation.twins import layer

W, H = layer(6, 16)
M, S, Q = FixedArray(H), nm(2, 4), int_(4, block=8)


def test_pruning_first_is_a_sweep_over_what_is_left() -> None:
    sparse, keep, h = S(W), S.mask(W), damped(H)
    for scales, grid in ((ScalesOf.given, ColumnGrid.of(Q, sparse)), (ScalesOf.dense, ColumnGrid.of(Q, W))):
        found = ErrorFeedback(M, scales=scales).sparse_quantized(W, S, Q)
        np.testing.assert_array_equal(found, rounded(sparse, h, grid, keep))
    running = ErrorFeedback(M, scales=ScalesOf.running).sparse_quantized(W, S, Q)
    np.testing.assert_array_equal(running, rounded(sparse, h, ColumnGrid.of(Q, sparse), keep, renew=True))


def test_pruning_last_is_entry_by_entry_and_sees_the_original_in_ties() -> None:
    s = top(0.5, ties=by_original)
    way = ErrorFeedback(M)
    image = way.quantized(W, int_(2))
    np.testing.assert_array_equal(way.quantized_sparse(W, s, int_(2)), np.where(s.mask(image, W), image, 0))
    assert not np.array_equal(s.mask(image, W), s.mask(image))


def test_a_mask_that_nobody_holds_is_refilled() -> None:
    w, x = np.random.default_rng(1).standard_normal((2, 200, 24))
    h = FixedArray(x.T @ x + 40 * np.ones((24, 24)) + np.outer(np.arange(24), np.arange(24)))
    for zeros in Zeros:
        way = ErrorFeedback(h, zeros=zeros)
        filled = way.sparse_quantized(w[:20], S, int_(4))[~S.mask(w[:20])]
        assert filled.any() == (zeros is Zeros.refilled) == (not way.keeps_pattern)


def test_columns_of_large_power_first() -> None:
    way = ErrorFeedback(M, order=ColumnOrder.power)
    expected = rounded(W, damped(H), ColumnGrid.of(Q, W), order=ColumnOrder.power)
    np.testing.assert_array_equal(way.quantized(W, Q), expected)
    assert not np.array_equal(expected, ErrorFeedback(M).quantized(W, Q)) and way.joint(W, S, Q) is None
    with pytest.raises(ValueError, match="natural order"):
        ErrorFeedback(M, order=ColumnOrder.power, scales=ScalesOf.running)
