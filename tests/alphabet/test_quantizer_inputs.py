"""What a quantizer takes and gives: layouts, precisions, empty tensors, NaN, ``out``, codes, refusals."""

import pickle
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sqtheory.alphabet.formats import BFLOAT16, E2M1, E4M3, E5M2, FORMATS, INT4
from sqtheory.alphabet.partition import Blocks, Columns, Rows, Tail, Tiles, Whole
from sqtheory.alphabet.quantized import NanRule
from sqtheory.alphabet.quantizers import Quantizer, bcq, cast, hbfp, int_, mxfp, mxint, nf4, nvfp4, scaled
from sqtheory.alphabet.rounding import floor, half_away, nearest_even, stochastic
from sqtheory.alphabet.scaling import AbsMax, Exponent, Frozen, FullRange, HalfRange, Percentile, PowerOfTwo, mse
from sqtheory.arrays import FixedArray
from sqtheory.exceptions import Indivisible, NonFinite
from sqtheory.theory.samples import SAMPLES

NAMED: list[Quantizer] = [
    *(int_(4, block=8), int_(8, per=Rows()), int_(8, per=Rows(), scaling=HalfRange()), hbfp(6, block=8)),
    *(mxfp(E4M3, block=8), mxfp(E2M1, per=Tiles(2, 4)), mxint(), nvfp4(block=4), nf4(per=Whole()), bcq(3, block=8)),
    *(cast(E4M3), scaled(E4M3, per=Whole()), int_(4, per=Columns()), int_(4, per=Blocks(2, axis=0))),
    *(int_(4, scaling=mse(10), block=8), int_(4, scaling=Percentile(90), block=8)),
]
QUANTIZERS = pytest.mark.parametrize("q", NAMED, ids=str)


@QUANTIZERS
def test_half_precision_is_read_as_float32(q: Quantizer) -> None:
    x = np.random.default_rng(31).normal(size=(4, 20)).astype(np.float32)
    for kind in (np.float16, ml_dtypes.bfloat16):
        np.testing.assert_array_equal(q(x.astype(kind)), q(x.astype(kind).astype(np.float32)), strict=True)
    integers = np.arange(-40, 40).reshape(4, 20)
    np.testing.assert_array_equal(q(integers), q(integers.astype(np.float64)), strict=True)
    np.testing.assert_array_equal(q(integers.tolist()), q(integers), strict=True)


@QUANTIZERS
def test_the_layout_in_memory_does_not_matter(q: Quantizer) -> None:
    for dtype in (np.float32, np.float64):
        base = np.random.default_rng(32).normal(size=(6, 24)).astype(dtype)
        swapped = base.astype(base.dtype.newbyteorder(">"))
        for view in (np.asfortranarray(base), base[::-1, ::2], base[:, ::-1], swapped, swapped[:, ::3]):
            plain = np.ascontiguousarray(view).astype(dtype)
            before, image = view.copy(), q(view)
            assert image.tobytes() == q(plain).tobytes() and image.dtype == np.dtype(dtype)
            assert np.array_equal(view, before)
        constant = np.broadcast_to(base[:1], base.shape)
        np.testing.assert_array_equal(q(constant), q(constant.copy()))


@QUANTIZERS
def test_the_result_may_be_written_over_the_input(q: Quantizer) -> None:
    x = np.random.default_rng(33).normal(size=(4, 24))
    expected, given_, half = q(x), x.copy(), np.asfortranarray(x)
    for out in (given_, half, np.empty((4, 48))[:, ::2]):
        source = out if out is given_ or out is half else x
        assert q(source, out=out) is out
        np.testing.assert_array_equal(out, expected)
    for wrong in (np.empty((4, 24), np.float32), np.empty((4, 23))):
        with pytest.raises(ValueError, match=r"out needs float64 \(4, 24\)"):
            q(x, out=wrong)


@QUANTIZERS
def test_empty_and_higher_tensors(q: Quantizer) -> None:
    for shape in ((0, 8), (3, 0), (2, 0, 8)):
        empty = np.empty(shape, np.float32)
        image, result = q(empty), q.quantize(empty)
        assert image.shape == shape and image.dtype == np.float32 and not np.may_share_memory(image, empty)
        assert result.codes.shape == shape and result.scales.size == 0 and result.saturated == 0
    x = np.random.default_rng(34).normal(size=(2, 4, 16))
    if q.partition not in (Whole(), Blocks(2, axis=0)) and q != nvfp4(block=4):
        np.testing.assert_array_equal(q(x), [q(part) for part in x])


def test_vectors_and_single_numbers() -> None:
    assert int_(4)([7, 2.5, 1, 1]).shape == (4,)
    result = int_(4, per=Whole()).quantize(np.float32(3.5))
    assert result.values.shape == result.codes.shape == result.scales.shape == ()
    assert result.values == np.float32(3.5) and result.codes == 7 and result.scales == np.float32(0.5)
    with pytest.raises(ValueError, match="axis -1 does not exist in a tensor of shape"):
        int_(4)(3.5)
    with pytest.raises(TypeError, match="got dtype complex128"):
        int_(4)(np.ones(3, complex))


@QUANTIZERS
@given(data=st.data())
def test_values_are_scales_times_decoded_codes(q: Quantizer, data: st.DataObject) -> None:
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    width = 32 if dtype is np.float32 else 64
    numbers = st.floats(-(2.0**100), 2.0**100, width=width) | st.integers(-20, 20).map(lambda n: n / 2)
    x = data.draw(hnp.arrays(dtype, st.tuples(st.integers(1, 3), st.integers(1, 9)), elements=numbers))
    result = q.quantize(x)
    assert result.values.tobytes() == q(x).tobytes()
    assert result.values.dtype == result.scales.dtype == dtype and result.codes.shape == x.shape
    ones = q.partition.split(np.ones(x.shape, dtype))
    scales = [s[:, None] * one for s, one in zip(q.partition.split_grid(result.scales, x.shape), ones, strict=True)]
    expanded = q.partition.join(scales, x.shape)
    np.testing.assert_array_equal(result.values, q.format.decode(result.codes, dtype) * expanded)
    np.testing.assert_array_equal(result.scales, q.scales(x))
    assert (result.format, result.partition) == (q.format, q.partition)


def test_codes_by_hand() -> None:
    integers = int_(4).quantize([7.0, -7, 0, 2.5])
    assert integers.codes.dtype == np.int8 and integers.codes.tolist() == [7, -7, 0, 2] and integers.saturated == 2
    floats = mxfp(E2M1).quantize([6.0, -0.5, 0.0, -0.0])
    assert floats.codes.dtype == np.uint8 and floats.codes.tolist() == [7, 9, 0, 8] and floats.scales.tolist() == [1]
    assert cast(FORMATS["bfloat16"]).quantize([1.0, -2]).codes.tolist() == [0x3F80, 0xC000]
    assert nf4().quantize([1.0, 0, -1]).codes.tolist() == [15, 7, 0]
    assert int_(8, scaling=FullRange()).quantize([-1.0, 1]).codes.tolist() == [-128, 127]


@QUANTIZERS
def test_nan_and_infinity_are_refused_by_place_and_rule(q: Quantizer) -> None:
    for bad in (np.nan, np.inf, -np.inf):
        x = np.ones((4, 16))
        x[2, 9] = bad
        block = q.partition.box_of((2, 9), x.shape)
        for ask in (q, q.quantize, q.frozen):
            with pytest.raises(NonFinite) as refused:
                ask(x)
            assert str(refused.value) == f"{bad} at (2, 9), block {block} of {q.partition}: refused by nan=error"
        x[3] = np.nan
        with pytest.raises(NonFinite, match=r"at \(2, 9\) and 16 more, block"):
            q(x)


@QUANTIZERS
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_propagation_spoils_the_block_and_nothing_else(q: Quantizer, bad: float) -> None:
    x = np.random.default_rng(35).normal(scale=1e-3, size=(4, 21)).astype(np.float32)
    x[2, 9] = bad
    lenient = Quantizer(q.format, q.scaling, q.partition, q.rounding, nan=NanRule.propagate)
    boxes = [q.partition.box_of(i, x.shape) == q.partition.box_of((2, 9), x.shape) for i in np.ndindex(x.shape)]
    spoiled = np.reshape(boxes, x.shape)
    image = lenient(x)
    assert np.array_equal(np.isnan(image), spoiled) and image.dtype == np.float32
    np.testing.assert_array_equal(image[~spoiled], q(np.where(np.isfinite(x), x, 0))[~spoiled])
    with pytest.raises(ValueError, match=f"nan is not a value of {q.format}"):
        lenient.quantize(x)
    with pytest.raises(ValueError, match="frozen scale needs finite"):
        lenient.frozen(x)
    assert np.array_equal(lenient(np.nan_to_num(x)), q(np.nan_to_num(x)))


def test_overflow_may_show() -> None:
    x = np.array([500.0, -1e9, 448])
    np.testing.assert_array_equal(cast(E4M3, saturate=False)(x), [np.nan, np.nan, 448])
    np.testing.assert_array_equal(cast(E5M2, saturate=False)(x * 1e4), [np.inf, -np.inf, np.inf])
    assert cast(E4M3)(x).tolist() == [448, -448, 448]
    end = np.array([3.4e38, -3.4e38, 3e38], np.float32)
    assert cast(BFLOAT16, saturate=False)(end).tolist()[:2] == [np.inf, -np.inf]
    assert np.isfinite(cast(BFLOAT16)(end)).all(), "at the end of the range of the dtype itself"
    with pytest.raises(ValueError, match="e2m1 has no infinity and no NaN, so it can only saturate"):
        mxfp(E2M1, saturate=False)
    with pytest.raises(ValueError, match="nan is not a value of e4m3"):
        cast(E4M3, saturate=False).quantize(x)


def test_short_blocks_are_scaled_alone_or_refused() -> None:
    x = np.array([[7.0, 1, 0.4, 100, 0.6]])
    np.testing.assert_array_equal(int_(4, block=3)(x)[:, 3:], int_(4, block=3)(x[:, 3:]))
    with pytest.raises(Indivisible, match="axis 1 of length 5 is not a whole number of blocks of 3"):
        int_(4, block=3, tail=Tail.error)(x)


def test_full_range_scales_need_full_range_integers() -> None:
    assert int_(4, scaling=FullRange()).format == FORMATS["int4full"]
    with pytest.raises(ValueError, match="scaling=fullrange needs a full-range integer format, got int4"):
        Quantizer(INT4, FullRange(), Blocks(8))


def test_options_are_a_closed_list() -> None:
    with pytest.raises(TypeError, match="unknown option 'blocks'"):
        int_(4, blocks=3)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="see mxint for integers"):
        mxfp(INT4)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="block= and per= exclude each other"):
        int_(4, block=3, per=Whole())
    for wrong in ({"rounding": "near"}, {"per": "row"}, {"nan": "error"}, {"scaling": "mse"}, {"saturate": 1}):
        with pytest.raises(TypeError, match="= needs "):
            int_(4, **wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="number of bits"):
        int_(4.5)  # type: ignore[arg-type]
    assert mxfp(E4M3, scaling=PowerOfTwo(Exponent.ceil)).scaling == PowerOfTwo(Exponent.ceil)


def test_blocks_are_those_of_the_literature_unless_told() -> None:
    of_64 = (int_(4), hbfp(4), nf4(), bcq(3), scaled(E4M3))
    assert all(q.partition == Blocks(64) for q in of_64)
    assert mxfp(E4M3).partition == mxint().partition == Blocks(32) and nvfp4().partition == Blocks(16)
    assert cast(E4M3).partition == Blocks(1) and mxint().format == FORMATS["int8"]


def test_quantizers_are_values() -> None:
    table = {q: str(q) for q in NAMED}
    assert len(table) == len(NAMED) == len(set(table.values()))
    for q in (*NAMED, int_(4, per=Whole()).frozen([1.0, 2.0])):
        again = pickle.loads(pickle.dumps(q))
        assert again == q and hash(again) == hash(q) and str(again) == str(q)
    assert int_(4) == scaled(INT4) == Quantizer(INT4, AbsMax(), Blocks(64)) and int_(4) != int_(4, block=32)
    rng = np.random.default_rng(0)
    assert int_(4, rounding=stochastic(rng)) != int_(4, rounding=stochastic(rng))


SPELLINGS: list[tuple[Quantizer, str]] = [
    (int_(4), "int(4)"),
    (int_(4, block=32), "int(4, block=32)"),
    (int_(8, per=Rows(), scaling=HalfRange()), "int(8, per=row, scaling=halfrange)"),
    (hbfp(6, compat=1e-8, rounding=half_away), "hbfp(6, compat=1e-08, rounding=half_away)"),
    (mxfp(E5M2, scaling=PowerOfTwo(Exponent.rceil)), "mxfp(e5m2, scaling=rceil)"),
    (mxfp(E5M2, saturate=False, nan=NanRule.propagate), "mxfp(e5m2, saturate=false, nan=propagate)"),
    (mxint(8, tail=Tail.error), "mxint(8, tail=error)"),
    (nvfp4(), "nvfp4()"),
    (nf4(block=128), "nf4(block=128)"),
    (bcq(3, zero=True), "bcq(3, zero=true)"),
    (bcq(2, rounding=nearest_even), "bcq(2, rounding=nearest_even)"),
    (bcq(1), "bcq(1)"),
    (bcq(1, zero=True, block=3), "bcq(1, zero=true, block=3)"),
    (cast(E4M3), "cast(e4m3)"),
    (scaled(E4M3, per=Whole(), rounding=floor), "scaled(e4m3, per=tensor, rounding=floor)"),
    (int_(4, scaling=Frozen(FixedArray(0.5))), "int(4, scaling=frozen(0.5))"),
]


@pytest.mark.parametrize(("q", "text"), SPELLINGS, ids=[text for _, text in SPELLINGS])
def test_spelling(q: Quantizer, text: str) -> None:
    assert str(q) == text


@QUANTIZERS
def test_no_sample_makes_numpy_complain(q: Any) -> None:
    """Warnings are errors in this test suite."""
    rng = np.random.default_rng(36)
    for sample in SAMPLES.values():
        for dtype in (np.float32, np.float64):
            image = q(sample(rng, (5, 21), dtype))
            assert np.isfinite(image).all()
