"""Binary coding of weights block by block: against codes of single rows, with and without a mask in the fit."""

import numpy as np
import pytest

from sqtheory.alphabet.binary.fitting import alternated, greedy
from sqtheory.alphabet.binary.powers import PowerSums
from sqtheory.alphabet.partition import Columns, Tiles
from sqtheory.alphabet.procedures.binary_coding import BinaryCoding
from sqtheory.alphabet.quantizers import bcq, int_
from sqtheory.alphabet.sparsifiers import nm

W = np.random.default_rng(0).standard_normal((8, 16))
S = nm(2, 4)


@pytest.mark.parametrize("bits", [1, 2, 3])
@pytest.mark.parametrize("rounded", [None, PowerSums(3)])
def test_every_block_is_fitted_alone(bits: int, rounded: PowerSums | None) -> None:
    found = BinaryCoding(5, rounded).quantized(W, bcq(bits, block=8))
    for i in range(8):
        for j in (0, 8):
            row = W[i : i + 1, j : j + 8]
            code = alternated(row, greedy(row, bits), 5 if bits > 1 else 0, rounded)
            np.testing.assert_allclose(found[i, j : j + 8], code.values[0], rtol=1e-12, atol=1e-15)
            assert np.unique(np.abs(found[i, j : j + 8])).size <= 2 ** (bits - 1)


def test_columns_and_tiles_share_scales_where_told() -> None:
    by_column = BinaryCoding(per=Columns()).quantized(W, int_(2))
    by_row = BinaryCoding().quantized(W.T.copy(), bcq(2, block=8))
    np.testing.assert_allclose(by_column, by_row.T, rtol=1e-12, atol=1e-15)
    tile = BinaryCoding(0, per=Tiles(4, 8)).quantized(W, bcq(1))[:4, :8]
    assert np.allclose(np.abs(tile), np.abs(W[:4, :8]).mean(), rtol=1e-14)


def test_a_masked_fit_keeps_zeros_and_an_unmasked_one_loses_them() -> None:
    kept = S.mask(W)
    for bits in (1, 3):
        masked, unmasked = (BinaryCoding(masked=m).sparse_quantized(W, S, bcq(bits, block=8)) for m in (True, False))
        assert np.array_equal(masked != 0, kept) and (unmasked[~kept] != 0).mean() > 0.9
        assert np.linalg.norm(masked - W) < np.linalg.norm(unmasked - W)


def test_two_equal_scales_have_a_zero_that_half_pruned_rows_can_find() -> None:
    """The alternation makes both scales equal where half of a row is 0 and the rest of one size."""
    row = np.array([[3.0, 0, -3, 0, 3, 3, 0, 0]])
    np.testing.assert_allclose(BinaryCoding(masked=False).quantized(row, bcq(2)), row, rtol=0, atol=1e-14)


def test_pruned_second_the_pattern_is_that_of_the_image() -> None:
    coding = BinaryCoding()
    image = coding.quantized(W, bcq(3))
    np.testing.assert_array_equal(coding.quantized_sparse(W, S, bcq(3)), S(image))
    np.testing.assert_array_equal(coding.sparse(W, S), S(W))
    assert coding.joint(W, S, bcq(3)) is None


def test_of_one_bit_no_order_of_the_same_mask_loses_less() -> None:
    coding = BinaryCoding()
    rng = np.random.default_rng(1)
    for _ in range(50):
        w = rng.standard_normal((1, 16))
        first, second = coding.sparse_quantized(w, S, bcq(1)), coding.quantized_sparse(w, S, bcq(1))
        assert np.linalg.norm(w - first) <= np.linalg.norm(w - second) * (1 + 1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_precision_scale_and_empty_blocks(dtype: type) -> None:
    w = W.astype(dtype)
    w[0] = 0
    found = BinaryCoding().sparse_quantized(w, S, bcq(2))
    assert found.dtype == dtype and not found[0].any() and np.isfinite(found).all()
    np.testing.assert_array_equal(
        BinaryCoding().sparse_quantized(w * dtype(2.0**90), S, bcq(2)), found * dtype(2.0**90)
    )


def test_it_says_what_it_is() -> None:
    masked, plain = BinaryCoding(rounded=PowerSums(3)), BinaryCoding(masked=False)
    assert masked.title == "binary codes fitted to survivors of each block, scales of 3 powers of two"
    assert masked.keeps_pattern and not plain.keeps_pattern and not masked.on_grid
    with pytest.raises(ValueError, match="0 times or more, got -1"):
        BinaryCoding(-1)
