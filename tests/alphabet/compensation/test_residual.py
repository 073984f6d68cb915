"""The residual of a backbone: what remains is what its own quantization loses, entry by entry."""

import numpy as np
import pytest

from sqtheory.alphabet.compensation.residual import Residual
from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.quantizers import Quantizer, int_, mxfp, nvfp4
from sqtheory.alphabet.sparsifiers import nm

S = nm(2, 4)
FORMATS = [int_(4, block=16), nvfp4(), mxfp(E2M1, block=16)]
X = np.random.default_rng(0).integers(-64, 65, (6, 32)) / 8.0 * np.where(np.arange(32) % 16 == 3, 8, 1)
"""Multiples of 1/8 with an outlier in every block."""
formats = pytest.mark.parametrize("q", FORMATS, ids=str)


@formats
def test_the_total_error_is_that_of_quantizing_the_residual_whichever_backbone_there_is(q: Quantizer) -> None:
    for total, backbone in (
        (Residual().sparse_quantized(X, S, q), q(S(X))),
        (Residual().quantized_sparse(X, S, q), S(q(X))),
    ):
        residual = X - backbone
        np.testing.assert_allclose(X - total, residual - q(residual), atol=1e-13)
        assert not np.array_equal(total, backbone)


@formats
def test_against_the_quantized_backbone_the_residual_takes_up_both_errors(q: Quantizer) -> None:
    """Against the sparse values the error of the backbone's codes stays: ε_q(s(x)) and ε_q(x − s(x)) together."""
    sparse = S(X)
    stays = Residual(of_sparse=True).sparse_quantized(X, S, q)
    np.testing.assert_allclose(X - stays, (sparse - q(sparse)) + (X - sparse - q(X - sparse)), atol=1e-13)
    ours = np.linalg.norm(X - Residual().sparse_quantized(X, S, q))
    assert ours < np.linalg.norm(X - stays) < np.linalg.norm(X - q(sparse))
    image = q(X)
    whole = Residual(of_sparse=True).quantized_sparse(X, S, q)
    np.testing.assert_allclose(X - whole, (X - image) + (image - S(image) - q(image - S(image))), atol=1e-13)


def test_of_integers_the_largest_error_of_a_block_is_divided_by_twice_the_largest_code() -> None:
    """σ = max |r|/7 for the residual r of the block, and rounding to nearest misses by half of that at most."""
    q, blocks = int_(4, block=16), (6, 2, 16)
    backbone = X - q(S(X))
    left = np.abs(X - Residual().sparse_quantized(X, S, q)).reshape(blocks).max(axis=2)
    assert (left <= np.abs(backbone).reshape(blocks).max(axis=2) / 14 * (1 + 1e-12)).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_results_are_dense_and_of_the_dtype_of_the_tensor(dtype: type) -> None:
    procedure, x = Residual(), X.astype(dtype)
    both = procedure.sparse_quantized(x, S, nvfp4())
    assert both.dtype == dtype and not procedure.keeps_pattern and not procedure.on_grid
    assert np.count_nonzero(both) > x.size / 2
    np.testing.assert_array_equal(procedure.sparse(x, S), S(x))
    np.testing.assert_array_equal(procedure.quantized(x, nvfp4()), nvfp4()(x))
    assert "unquantized" in Residual(of_sparse=True).title and "unquantized" not in procedure.title
