"""What instructions read is of their type, loses what it says, and products stay within their bound."""

import numpy as np
import pytest

from sqtheory.alphabet.formats import E4M3
from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import scaled
from sqtheory.arithmetic import OPERANDS, accumulated, accumulated_bound, accumulation, read
from sqtheory.exceptions import NonFinite


def draw(seed: int, rows: int, length: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((rows, length)) * 2.0 ** rng.integers(-9, 10, (rows, 1))).astype(np.float32)


@pytest.mark.parametrize("operand", OPERANDS)
def test_numbers_are_of_the_type_and_nearest(operand: str) -> None:
    one = OPERANDS[operand]
    x = draw(1, 7, 40)
    x[3] = 0
    found = read(x, one)
    assert found.numbers.dtype == np.float32 and found.factors.shape == (7, 1)
    np.testing.assert_array_equal(one.read(found.numbers, "x") if not one.cut else x, found.numbers)
    largest = np.abs(x).max(axis=1, keepdims=True)
    unit = 2.0 ** -(24 if one.cut else one.fraction_bits + 1) * (np.maximum(np.abs(x), largest * 2.0**-14))
    assert (np.abs(found.values - x) <= unit).all()


def test_eight_bits_are_the_scaled_quantizer_and_no_operand_is_float32() -> None:
    x = draw(2, 5, 64)
    found = read(x, OPERANDS["e4m3"])
    np.testing.assert_array_equal((found.numbers * found.factors).astype(np.float32), scaled(E4M3, per=Rows())(x))
    assert np.abs(found.numbers).max() == 448
    np.testing.assert_array_equal(read(x, None).numbers, x)


@pytest.mark.parametrize(
    "text", ["fp8_fast", "fp8_promoted", "bf16", "f16", "mma_sync(e5m2)", "float32_pairwise", "exact"]
)
@pytest.mark.parametrize("length", [31, 200])
def test_products_stay_within_the_bound(text: str, length: int) -> None:
    one = accumulation(text)
    x, w = read(draw(3, 6, length), one.reads), read(draw(4, 5, length), one.reads)
    made = accumulated(x, w, one)
    error = np.abs(made - x.values @ w.values.T)
    assert made.dtype == np.float32 and (error <= accumulated_bound(x, w, one)).all() and error.max() > 0


def test_a_factor_that_is_left_out_leaves_the_bound() -> None:
    one = accumulation("fp8_fast")
    x, w = read(draw(3, 6, 64), one.reads), read(draw(4, 5, 64), one.reads)
    broken = one.matmul(x.numbers, w.numbers) * x.factors
    assert (np.abs(broken - x.values @ w.values.T) > accumulated_bound(x, w, one)).mean() > 0.9


def test_what_a_type_cannot_hold_is_named() -> None:
    with pytest.raises(NonFinite, match=r"x\[0, 1\] = 1000000.0 is beyond the numbers of f16"):
        read(np.array([[1.0, 1e6]]), OPERANDS["f16"], "x")


def test_a_type_alone_is_short_for_its_instruction() -> None:
    assert accumulation("bf16") is accumulation("wgmma(bf16)")
