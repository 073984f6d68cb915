"""Optimal brain compression as a procedure."""

from dataclasses import replace

import numpy as np
import pytest

from sqtheory.alphabet.compensation.column_grid import ColumnGrid, ScalesOf
from sqtheory.alphabet.compensation.greedy import removed, rounded_greedily
from sqtheory.alphabet.compensation.refit import refitted
from sqtheory.alphabet.compensation.second_moments import damped
from sqtheory.alphabet.procedures.greedy_removal import GreedyRemoval
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import FixedArray
from tests.alphabet.compensation.twins import layer

W, H = layer(5, 8)
WAY, S, Q, D = GreedyRemoval(FixedArray(H)), nm(2, 4), int_(3), damped(H)


def test_s_alone_is_refitted_and_both_orders_are_its_parts() -> None:
    sparse = WAY.sparse(W, S)
    np.testing.assert_allclose(sparse, refitted(W, sparse != 0, D), rtol=1e-8, atol=1e-10)
    image, grid = WAY.quantized(W, Q), ColumnGrid.of(Q, W)
    np.testing.assert_array_equal(image, rounded_greedily(W, D, grid))
    expected = rounded_greedily(sparse, D, ColumnGrid.of(Q, sparse), sparse != 0)
    np.testing.assert_array_equal(WAY.sparse_quantized(W, S, Q), expected)
    np.testing.assert_array_equal(WAY.quantized_sparse(W, S, Q), removed(image, D, S, rounding=grid)[0])
    np.testing.assert_array_equal(WAY.joint(W, S, Q), removed(W, D, S, grid, grid)[0])


def test_dense_scales_are_those_of_one_pass() -> None:
    dense = replace(WAY, scales=ScalesOf.dense)
    np.testing.assert_array_equal(dense.sparse_quantized(W, S, Q), removed(W, D, S, rounding=ColumnGrid.of(Q, W))[0])
    assert not np.array_equal(dense.sparse_quantized(W, S, Q), WAY.sparse_quantized(W, S, Q))


def test_scales_made_anew_by_blocks_are_refused() -> None:
    with pytest.raises(ValueError, match="no order of blocks"):
        GreedyRemoval(FixedArray(H), scales=ScalesOf.running)
