"""What every format is: its numbers, codes, flags, and what it says to a wrong one. Rounding: test_rounding.py."""

import math
from fractions import Fraction
from itertools import pairwise, product

import ml_dtypes
import numpy as np
import pytest
from scipy.stats import norm

import sqtheory as sq
from sqtheory.alphabet import formats
from sqtheory.alphabet.formats import FORMATS, Codebook, FloatFormat, Format, IntFormat, SpecialCodes, bcq_format
from sqtheory.alphabet.rounding import ROUNDINGS, half_away, nearest_even
from tests.twins import formats as twin
from tests.twins.formats import GRIDS

NAMED = pytest.mark.parametrize("fmt", FORMATS.values(), ids=str)

#          name        bits      max   min normal  min subnormal  numbers
PUBLISHED = {
    "e4m3": (8, 448, 2.0**-6, 2.0**-9, 253),  # OCP OFP8 v1.0, table 1: 256 codes, two NaN, one zero twice
    "e5m2": (8, 57344, 2.0**-14, 2.0**-16, 247),
    "e3m2": (6, 28, 0.25, 0.0625, 63),  # OCP MX v1.0, tables 2 and 3
    "e2m3": (6, 7.5, 1.0, 0.125, 63),
    "e2m1": (4, 6, 1.0, 0.5, 15),
    "e8m0": (8, 2.0**127, 2.0**-127, None, 255),
    "bfloat16": (16, 3.3895313892515355e38, 2.0**-126, 2.0**-133, 65279),
    "float16": (16, 65504, 2.0**-14, 2.0**-24, 63487),
    "ue4m3": (7, 448, 2.0**-6, 2.0**-9, 127),
    "ue5m3": (8, 114688, 2.0**-14, 2.0**-17, 255),  # CUDA: no infinity, NaN is 0xFF alone
    "e4m3ieee": (8, 240, 2.0**-6, 2.0**-9, 239),
    "int8": (8, 127, None, None, 255),
    "int8full": (8, 127, None, None, 256),
    "int4": (4, 7, None, None, 15),
    "int2": (2, 1, None, None, 3),
    "int16": (16, 32767, None, None, 65535),
    "nf4": (4, 1, None, None, 16),
    "bcq3": (3, 7, None, None, 8),
    "bcq3zero": (4, 7, None, None, 9),
}

STORED = {
    "e4m3": ml_dtypes.float8_e4m3fn,
    "e5m2": ml_dtypes.float8_e5m2,
    "e3m2": ml_dtypes.float6_e3m2fn,
    "e2m3": ml_dtypes.float6_e2m3fn,
    "e2m1": ml_dtypes.float4_e2m1fn,
    "e8m0": ml_dtypes.float8_e8m0fnu,
    "e4m3ieee": ml_dtypes.float8_e4m3,
    "bfloat16": ml_dtypes.bfloat16,
    "float16": np.float16,
    "int8full": np.int8,
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_constants_are_those_of_the_specifications(name: str) -> None:
    fmt = FORMATS[name]
    assert (fmt.bits, fmt.max, fmt.min_normal, fmt.min_subnormal, fmt.values.size) == PUBLISHED[name]


def test_smallest_and_most_negative_numbers() -> None:
    assert [FORMATS[n].min for n in ("int8", "int8full", "e2m1", "e8m0", "nf4")] == [-127, -128, -6, 2.0**-127, -1]
    assert [FORMATS[n].smallest for n in ("int8", "e4m3", "e8m0", "bcq3")] == [1, 2.0**-9, 2.0**-127, 1]


@NAMED
def test_numbers_are_those_of_the_definition(fmt: Format) -> None:
    assert set(FORMATS) == set(GRIDS)
    assert [Fraction(v) for v in fmt.values.tolist()] == list(GRIDS[fmt.name].numbers)
    assert fmt.has_negative_zero == GRIDS[fmt.name].signed_zero


@pytest.mark.parametrize("name", STORED)
def test_every_code_decodes_as_the_stored_type_does(name: str) -> None:
    fmt, stored = FORMATS[name], np.dtype(STORED[name])
    codes = np.arange(1 << fmt.bits, dtype=np.uint16 if fmt.bits > 8 else np.uint8)
    expected = codes.view(stored).astype(np.float32)
    np.testing.assert_array_equal(fmt.decode(codes), expected, strict=True)
    number = np.isfinite(expected)
    np.testing.assert_array_equal(np.signbit(fmt.decode(codes))[number], np.signbit(expected)[number])


def test_the_nan_code_of_e8m0_is_255() -> None:
    assert np.isnan(formats.E8M0.decode(np.array([255]))).all() and np.isfinite(formats.E8M0.code_values[:255]).all()


@NAMED
def test_codes_and_values_go_round(fmt: Format) -> None:
    table = fmt.decode(np.arange(1 << fmt.bits), np.float64)
    codes = np.flatnonzero(np.isfinite(table))
    again = fmt.encode(table[codes])
    assert np.array_equal(again.astype(np.int64) & ((1 << fmt.bits) - 1), codes)
    back = fmt.decode(again, np.float64)
    assert np.array_equal(back, table[codes]) and np.array_equal(np.signbit(back), np.signbit(table[codes]))


@NAMED
def test_float32_values_encode_like_float64_ones(fmt: Format) -> None:
    np.testing.assert_array_equal(fmt.encode(fmt.values.astype(np.float32)), fmt.encode(fmt.values), strict=True)


@pytest.mark.parametrize(("k", "stored"), [(4, ml_dtypes.int4), (2, ml_dtypes.int2), (8, np.int8), (16, np.int16)])
def test_integer_codes_are_the_integers(k: int, stored: type) -> None:
    fmt = IntFormat(k, full_range=True)
    codes = fmt.encode(fmt.values)
    assert codes.dtype == (np.int8 if k <= 8 else np.int16)
    assert np.array_equal(codes, fmt.values) and np.array_equal(codes, fmt.values.astype(stored).astype(int))


@NAMED
def test_codes_fit_the_smallest_unsigned_type_and_keep_the_shape(fmt: Format) -> None:
    for shape in ((), (0,), (2, 3, 1)):
        codes = fmt.encode(np.full(shape, fmt.max, np.float32))
        assert isinstance(codes, np.ndarray) and codes.shape == shape
        assert codes.dtype.itemsize == (1 if fmt.bits <= 8 else 2)
        assert codes.dtype.kind == ("i" if isinstance(fmt, IntFormat) else "u")


def test_nine_bits_take_two_bytes() -> None:
    for fmt, dtype in ((IntFormat(9), np.int16), (FloatFormat("e5m3", 5, 3, 15), np.uint16)):
        codes = fmt.encode(fmt.values)
        assert codes.dtype == dtype and np.array_equal(fmt.decode(codes, np.float64), fmt.values)


@NAMED
def test_a_number_between_two_values_has_no_code(fmt: Format) -> None:
    for wrong in (np.nextafter(fmt.max, np.inf), np.nextafter(fmt.values[-2], np.inf), np.nan, np.inf):
        with pytest.raises(ValueError, match=f"is not a value of {fmt.name}"):
            fmt.encode(np.array([fmt.max, wrong]))


def test_levels_that_float32_lacks_are_encoded_in_the_dtype_of_the_values() -> None:
    tenths = Codebook("tenths", (-0.1, 0.0, 0.1, 0.3))
    for dtype in (np.float32, np.float64):
        assert tenths.encode(tenths.round(np.array([0.12, -9, 0.29], dtype))).tolist() == [2, 0, 3]


@NAMED
def test_step_is_the_gap_of_the_table(fmt: Format) -> None:
    grid = GRIDS[fmt.name]
    if len(grid.numbers) > 600:
        numbers, gaps = fmt.values, np.diff(fmt.values)
        assert np.array_equal(fmt.step((numbers[1:] + numbers[:-1]) / 2), gaps)
        up = numbers >= 0
        assert np.array_equal(fmt.step(numbers[up][:-1]), gaps[up[:-1]])
        assert np.array_equal(fmt.step(numbers[~up][1:]), gaps[: (~up).sum() - 1])
        return
    points = [*grid.numbers, *twin.midpoints(grid), 3 * grid.top, 3 * grid.bottom]
    given = np.array([float(p) for p in points])
    expected = [twin.gap_outward(p, grid) for p in points]
    if fmt == formats.E8M0:  # its largest number begins a binade, which continues with that binade's step
        expected = [grid.top if p >= grid.top else gap for p, gap in zip(points, expected, strict=True)]
    assert [Fraction(g) for g in fmt.step(given).tolist()] == expected
    assert fmt.step(given).dtype == np.float64 and fmt.step(given[:4].reshape(2, 2)).shape == (2, 2)
    assert float(fmt.step(float(given[0]))) == expected[0]


@pytest.mark.parametrize("fmt", [f for f in FORMATS.values() if f.bits <= 8], ids=str)
def test_flags_agree_with_brute_force(fmt: Format) -> None:
    grid = GRIDS[fmt.name]
    numbers = set(grid.numbers)
    assert fmt.odd == all(-n in numbers for n in numbers)
    assert fmt.has_zero == (0 in numbers)
    sizes = sorted({abs(p) for p in (*grid.numbers, *twin.midpoints(grid))})
    dense = sorted({*sizes, *((a + b) / 2 for a, b in pairwise(sizes)), 2 * sizes[-1]})
    for rule, rounding in ROUNDINGS.items():
        up = [twin.round_exactly(v, grid, rule) for v in dense]
        down = [twin.round_exactly(-v, grid, rule) for v in dense]
        ascending = all(abs(a) <= abs(b) for a, b in pairwise(up))
        same_size = all(abs(a) == abs(b) for a, b in zip(up, down, strict=True))
        faithful = all(a >= 0 >= b for v, a, b in zip(dense, up, down, strict=True) if v > 0)
        assert formats.is_monotone(fmt, rounding) == (ascending and same_size and faithful), rule
        assert formats.is_odd(fmt, rounding) == all(a == -b for a, b in zip(up, down, strict=True)), rule
    assert fmt.monotone == formats.is_monotone(fmt, half_away)


SMALL = [f for f in FORMATS.values() if f.bits <= 6]


@pytest.mark.parametrize("fmt", SMALL, ids=str)
@pytest.mark.parametrize("reach", ["all", "middle", "max", "beyond"])
def test_nearly_monotone_agrees_with_brute_force(fmt: Format, reach: str) -> None:
    """At levels, at midpoints, between all of them and at the end of what is reached."""
    grid = GRIDS[fmt.name]
    top = max(abs(n) for n in grid.numbers)
    middle = (grid.top - grid.bottom) / 2
    end = {"all": 4 * top, "middle": middle, "max": top, "beyond": middle + Fraction(1, 64)}[reach]
    sizes = sorted({abs(p) for p in (*grid.numbers, *twin.midpoints(grid))} | {2 * top, 3 * top, 0 * top, end})
    dense = [v for v in sorted({*sizes, *((a + b) / 2 for a, b in pairwise(sizes))}) if v <= end]
    for rule, rounding in ROUNDINGS.items():
        pairs = [(twin.round_exactly(v, grid, rule), -twin.round_exactly(-v, grid, rule)) for v in dense]
        faithful = all(min(pair) >= 0 for v, pair in zip(dense, pairs, strict=True) if v > 0)
        sizes_of = [sorted(map(abs, pair)) for pair in pairs]
        rising = all(high <= low for (_, high), (low, _) in pairwise(sizes_of))
        nearer = all(abs(v - low) <= abs(v - high) for v, (low, high) in zip(dense, sizes_of, strict=True))
        found = formats.is_nearly_monotone(fmt, rounding, None if reach == "all" else end)
        assert found == (faithful and rising and nearer), rule
        assert found or not formats.is_monotone(fmt, rounding)


def test_integers_of_full_range_are_nearly_monotone_up_to_the_middle_of_their_range() -> None:
    full, reach = IntFormat(4, full_range=True), Fraction(15, 2)
    assert formats.is_nearly_monotone(full, nearest_even, reach) and not formats.is_monotone(full, nearest_even)
    assert not formats.is_nearly_monotone(full, nearest_even, None)
    assert not formats.is_nearly_monotone(full, nearest_even, reach + Fraction(1, 2**60))


def test_a_rule_that_reverses_signs_keeps_no_order() -> None:
    one = formats.bcq_format(1)
    assert [str(r) for r in ROUNDINGS.values() if not formats.is_monotone(one, r)] == ["floor", "ceil"]


def test_bits_below_the_leading_one() -> None:
    expected = {"e4m3": 3, "e2m1": 1, "e8m0": 0, "float16": 10, "int8": 6, "int4": 2, "int2": 0, "nf4": 2, "bcq3": 1}
    assert {name: FORMATS[name].fraction_bits for name in expected} == expected


def test_nf4_levels_are_quantiles_of_the_normal_law() -> None:
    offset = 0.9677083
    positive = norm.ppf(np.linspace(offset, 0.5, 9)[:-1])
    negative = -norm.ppf(np.linspace(offset, 0.5, 8)[:-1])
    levels = np.sort(np.concatenate([negative, [0], positive])) / positive.max()
    np.testing.assert_allclose(formats.NF4.values, levels, rtol=0, atol=3e-7)
    assert np.array_equal(formats.NF4.values, np.float32(twin.NF4_PUBLISHED))


@pytest.mark.parametrize("k", range(1, 9))
def test_binary_coded_sums_are_all_sums_of_signed_powers(k: int) -> None:
    sums = {float(sum(s * 2**i for i, s in enumerate(signs))) for signs in product((-1, 1), repeat=k)}
    assert bcq_format(k).values.tolist() == sorted(sums)
    assert bcq_format(k, zero=True).values.tolist() == sorted({0.0, *sums})


def test_formats_without_subnormals_or_fraction_bits() -> None:
    flat, powers = FloatFormat("flat", 4, 3, 7, subnormals=False), FloatFormat("powers", 3, 0, 3)
    assert (flat.has_zero, flat.min_normal, flat.min_subnormal, flat.smallest) == (False, 2.0**-7, None, 2.0**-7)
    assert (powers.has_zero, powers.min_normal, powers.min_subnormal, powers.smallest) == (True, 0.25, None, 0.25)
    assert powers.round(np.array([0.1, 0.125, 0.126, 3.0, -6.1])).tolist() == [0, 0, 0.25, 4, -8]


def test_overflow_is_what_the_format_has() -> None:
    assert formats.E5M2.overflow == math.inf and formats.E4M3.overflow is not None and math.isnan(formats.E4M3.overflow)
    assert all(FORMATS[name].overflow is None for name in ("e2m1", "e3m2", "int8", "nf4"))


@NAMED
def test_formats_are_values_and_spell_their_name(fmt: Format) -> None:
    assert str(fmt) == fmt.name == next(name for name, other in FORMATS.items() if other == fmt)
    assert hash(fmt) == hash(FORMATS[fmt.name])


def test_impossible_formats_are_refused() -> None:
    for k in (1, 17):
        with pytest.raises(ValueError, match="2 to 16 bits"):
            IntFormat(k)
    for e, m in ((0, 3), (9, 3), (4, 11), (8, 8)):
        with pytest.raises(ValueError, match="exponent bits"):
            FloatFormat("odd", e, m, 1)
    with pytest.raises(ValueError, match="identifier"):
        FloatFormat("no name", 4, 3, 7)
    for special, least in ((SpecialCodes.ieee, -113), (SpecialCodes.nan_only, -112), (SpecialCodes.none, -112)):
        assert np.isfinite(FloatFormat("far", 4, 3, least, special).values.astype(np.float32)).all()
        assert FloatFormat("near", 4, 3, 147, special).smallest == np.finfo(np.float32).smallest_subnormal
        for bias in (least - 1, 148):
            with pytest.raises(ValueError, match="float32 does not have"):
                FloatFormat("far", 4, 3, bias, special)
    for levels in ((1.0,), (1.0, 1.0), (2.0, 1.0), (0.0, 2.0, 1.0), (0.0, np.nan), (0.0, np.inf)):
        with pytest.raises(ValueError, match="ascending order"):
            Codebook("c", levels)
    for levels in ((-2.0, -1.0), (-1.0, 0.0), (0.0, 1e39), (-1e39, 1.0)):
        with pytest.raises(ValueError, match="positive level, and none beyond"):
            Codebook("c", levels)
    for k in (0, 9):
        with pytest.raises(ValueError, match="1 to 8 bits"):
            bcq_format(k)


def test_a_format_without_infinity_or_nan_can_only_saturate() -> None:
    for name in ("e2m1", "int8", "nf4"):
        with pytest.raises(ValueError, match=f"{name} has no infinity and no NaN"):
            FORMATS[name].round(np.ones(1), nearest_even, saturate=False)


def test_one_exponent_bit_is_enough_and_nine_are_too_many() -> None:
    tiny = FloatFormat("e1m2", 1, 2, 1)
    assert tiny.max == 1.75 and tiny.fraction_bits == 2
    for e in (0, 9):
        with pytest.raises(ValueError, match="1–8 exponent bits"):
            FloatFormat("wrong", e, 2, 1)


def test_fraction_bits_of_unsigned_and_lopsided_formats() -> None:
    assert FloatFormat("ue4m3", 4, 3, 7, signed=False).fraction_bits == 3
    assert IntFormat(8, full_range=True).fraction_bits == 6 == IntFormat(8).fraction_bits


def test_the_old_name_of_special_codes_stays() -> None:
    assert sq.Nonfinite is sq.SpecialCodes and sq.E4M3.nonfinite is sq.SpecialCodes.nan_only
