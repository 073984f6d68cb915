"""SparseGPT as a procedure: one pass or two, before or after rounding, slabs as published or exact."""

from dataclasses import replace

import numpy as np
import pytest

from sqtheory.alphabet.compensation.column_grid import ColumnGrid, ScalesOf
from sqtheory.alphabet.compensation.pruning import SlabMasks, pruned
from sqtheory.alphabet.compensation.rounding import rounded
from sqtheory.alphabet.compensation.second_moments import damped
from sqtheory.alphabet.procedures.error_feedback import ErrorFeedback
from sqtheory.alphabet.procedures.pruning_feedback import PruningFeedback
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import fixed, nm, top
from sqtheory.arrays import FixedArray
from tests.alphabet.compensation.twins import layer

W, H = layer(6, 16)
WAY, S, Q = PruningFeedback(FixedArray(H), columns=8), nm(2, 4), int_(4, block=8)


def test_s_alone_q_alone_and_both() -> None:
    h, masks, grid = damped(H), SlabMasks(S, 8), ColumnGrid.of(Q, W)
    sparse, keep = pruned(W, h, masks)
    np.testing.assert_array_equal(WAY.sparse(W, S), sparse)
    np.testing.assert_array_equal(WAY.quantized(W, Q), ErrorFeedback(FixedArray(H)).quantized(W, Q))
    found = WAY.sparse_quantized(W, S, Q)
    np.testing.assert_array_equal(found, rounded(sparse, h, ColumnGrid.of(Q, sparse), keep))
    np.testing.assert_array_equal(WAY.joint(W, S, Q), pruned(W, h, masks, grid)[0])
    np.testing.assert_array_equal(WAY.quantized_sparse(W, S, Q), pruned(WAY.quantized(W, Q), h, masks, grid)[0])


def test_quantizing_first_stays_on_the_dense_grid_though_survivors_move() -> None:
    image, made = WAY.quantized(W, Q), WAY.quantized_sparse(W, S, Q)
    assert np.array_equal(Q.frozen(W)(made), made)
    assert (made[made != 0] != image[made != 0]).any()


def test_at_a_given_mask_and_dense_scales_joint_is_pruning_first() -> None:
    dense, s = replace(WAY, scales=ScalesOf.dense), fixed(S.mask(W))
    np.testing.assert_allclose(dense.sparse_quantized(W, s, Q), dense.joint(W, s, Q), rtol=1e-9, atol=1e-12)


def test_slabs_as_published_prune_one_more_each() -> None:
    s = top(0.5)
    exact, more = (np.count_nonzero(replace(WAY, inclusive=flag).sparse(W, s)) for flag in (False, True))
    assert (exact, more) == (48, 46)
    with pytest.raises(ValueError, match="at least one column"):
        replace(WAY, columns=0)
