"""The plain procedure is the composition of operators, in either order."""

import numpy as np

from sqtheory.alphabet.procedures import PLAIN, Plain
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm

W = np.random.default_rng(0).standard_normal((6, 8)).astype(np.float32)
S, Q = nm(2, 4), int_(4)


def test_it_is_the_operators_as_they_are() -> None:
    np.testing.assert_array_equal(PLAIN.sparse(W, S), S(W))
    np.testing.assert_array_equal(PLAIN.quantized(W, Q), Q(W))
    np.testing.assert_array_equal(PLAIN.sparse_quantized(W, S, Q), Q(S(W)))
    np.testing.assert_array_equal(PLAIN.quantized_sparse(W, S, Q), S(Q(W)))


def test_it_has_no_joint_pass_and_promises_pattern_and_grid() -> None:
    assert PLAIN.joint(W, S, Q) is None and Plain() == PLAIN
    assert PLAIN.keeps_pattern and PLAIN.on_grid and PLAIN.title == "entry by entry"
