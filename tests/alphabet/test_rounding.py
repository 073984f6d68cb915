"""Rounding onto a grid, against the exact rule and two independent libraries. Randomness: test_stochastic.py."""

from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import gfloat
import gfloat.formats as gf
import ml_dtypes
import numpy as np
import pytest
from gfloat import RoundMode
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sqtheory.alphabet.formats import E4M3, E5M2, E8M0, FORMATS, NF4, Codebook, FloatFormat, Format, bcq_format
from sqtheory.alphabet.rounding import (
    ROUNDINGS,
    NearestEven,
    Rounding,
    against_middle,
    half_away,
    nearest_even,
    stochastic,
    toward_zero,
)
from tests.alphabet.test_formats import STORED
from tests.nightly import thin
from tests.twins.formats import (
    GRIDS,
    OVERFLOWS,
    Grid,
    gap_outward,
    levels,
    midpoints,
    minifloat,
    round_exactly,
    round_or_overflow,
)

NAMED = pytest.mark.parametrize("fmt", FORMATS.values(), ids=str)
RULES = pytest.mark.parametrize("rounding", ROUNDINGS.values(), ids=str)
DECIMAL = {
    "nearest_even": ROUND_HALF_EVEN,
    "half_away": ROUND_HALF_UP,
    "half_toward_zero": ROUND_HALF_DOWN,
    "toward_zero": ROUND_DOWN,
    "floor": ROUND_FLOOR,
    "ceil": ROUND_CEILING,
}
GFLOAT = {
    "e4m3": gf.format_info_ocp_e4m3,
    "e5m2": gf.format_info_ocp_e5m2,
    "e3m2": gf.format_info_ocp_e3m2,
    "e2m3": gf.format_info_ocp_e2m3,
    "e2m1": gf.format_info_ocp_e2m1,
    "bfloat16": gf.format_info_bfloat16,
    "float16": gf.format_info_binary16,
    "binary8p3se": gf.format_info_p3109(8, 3),
    "binary8p4se": gf.format_info_p3109(8, 4),
}
MODES = {
    "nearest_even": RoundMode.TiesToEven,
    "half_away": RoundMode.TiesToAway,
    "toward_zero": RoundMode.TowardZero,
    "floor": RoundMode.TowardNegative,
    "ceil": RoundMode.TowardPositive,
}


KNOWN = pytest.mark.parametrize("rounding", [ROUNDINGS[name] for name in MODES], ids=str)
"""The rules that gfloat has too."""


def all_sixteen_bit_numbers() -> NDArray[np.float32]:
    """Every finite float16 and every finite bfloat16."""
    patterns = np.arange(1 << 16, dtype=np.uint16)
    with np.errstate(invalid="ignore"):
        both = [patterns.view(kind).astype(np.float32) for kind in (np.float16, ml_dtypes.bfloat16)]
    return np.concatenate([v[np.isfinite(v)] for v in both])


EVERY16 = all_sixteen_bit_numbers()


def near_cell_boundaries(fmt: Format, dtype: type) -> NDArray[Any]:
    """Numbers of the grid, midpoints, and their neighbours in the dtype; a sample of the long tables."""
    points = np.concatenate([fmt.values, (fmt.values[1:] + fmt.values[:-1]) / 2])
    if points.size > 1500:
        points = points[np.unique(np.linspace(0, points.size - 1, 400).astype(int))]
    given = points.astype(dtype)
    return np.concatenate([given, np.nextafter(given, dtype(np.inf)), np.nextafter(given, dtype(-np.inf))])


def assert_same_bits(got: NDArray[Any], expected: NDArray[Any]) -> None:
    np.testing.assert_array_equal(got, expected, strict=True)
    np.testing.assert_array_equal(np.signbit(got), np.signbit(expected))


def exactly(v: NDArray[Any], grid: Grid, rule: str) -> NDArray[Any]:
    rounded = np.array([float(round_exactly(Fraction(float(one)), grid, rule)) for one in v], v.dtype)
    return np.where(rounded == 0, np.copysign(rounded, v) if grid.signed_zero else np.abs(rounded), rounded)


@pytest.mark.parametrize("name", STORED)
def test_every_sixteen_bit_number_rounds_as_ml_dtypes_does(name: str) -> None:
    """On subnormal float32 ml_dtypes 0.6.0 sends E8M0 the wrong way (1.01·2^−127 ↦ 2^−126), so that is left out."""
    fmt = FORMATS[name]
    v = EVERY16[(EVERY16 >= (2.0**-126 if name == "e8m0" else fmt.min)) & (EVERY16 <= fmt.max)]
    expected = np.rint(v) + np.float32(0) if name == "int8full" else v.astype(STORED[name]).astype(np.float32)
    assert v.size > 20_000
    assert_same_bits(fmt.round(v), expected)


@pytest.mark.parametrize("k", [2, 3, 4, 8])
@pytest.mark.parametrize("full", [False, True])
def test_integers_are_rint_and_clip(k: int, full: bool) -> None:
    fmt, top = FORMATS[f"int{k}{'full' if full else ''}"], 2 ** (k - 1) - 1
    assert_same_bits(fmt.round(EVERY16), np.clip(np.rint(EVERY16), -top - full, top) + np.float32(0))


@KNOWN
@pytest.mark.parametrize("name", GFLOAT)
def test_every_sixteen_bit_number_rounds_as_gfloat_does(name: str, rounding: Rounding) -> None:
    fmt = FORMATS[name]
    wide = np.concatenate([EVERY16.astype(np.float64), near_cell_boundaries(fmt, np.float64)])
    expected = gfloat.round_ndarray(GFLOAT[name], wide, MODES[rounding.name], sat=True)
    assert_same_bits(fmt.round(wide, rounding), expected)
    assert_same_bits(fmt.round(EVERY16, rounding), expected[: EVERY16.size].astype(np.float32))


@KNOWN
def test_powers_of_two_round_as_in_gfloat_apart_from_even_midpoints(rounding: Rounding) -> None:
    v = np.concatenate([EVERY16.astype(np.float64), near_cell_boundaries(E8M0, np.float64)])
    v = v[(v >= E8M0.min) & (v <= E8M0.max)]
    if rounding == nearest_even:
        v = v[np.frexp(v)[0] != 0.75]
    expected = gfloat.round_ndarray(gf.format_info_ocp_e8m0, v, MODES[rounding.name], sat=True)
    np.testing.assert_array_equal(E8M0.round(v, rounding), expected, strict=True)


@KNOWN
@pytest.mark.parametrize("name", ["e4m3", "e5m2", "bfloat16", "float16", "binary8p3se", "binary8p4se"])
def test_overflow_without_saturation_is_that_of_gfloat(name: str, rounding: Rounding) -> None:
    fmt = FORMATS[name]
    beyond = fmt.max * np.array([1 + 2.0**-12, 1.02, 1 + 1 / 28, 1.04, 1.06, 1 + 1 / 14, 1.08, 1.2, 3, 1e9])
    edges = np.concatenate([beyond, np.nextafter(beyond, 0), [np.inf]])
    v = np.concatenate([edges, -edges, near_cell_boundaries(fmt, np.float64), [np.nan]])
    expected = gfloat.round_ndarray(GFLOAT[name], v, MODES[rounding.name], sat=False)
    np.testing.assert_array_equal(fmt.round(v, rounding, saturate=False), expected, strict=True)


@pytest.mark.parametrize("name", ["e4m3", "e5m2", "float16", "bfloat16", "e4m3ieee"])
def test_overflow_without_saturation_is_that_of_ml_dtypes(name: str) -> None:
    with np.errstate(over="ignore"):
        expected = EVERY16.astype(STORED[name]).astype(np.float32)
    np.testing.assert_array_equal(FORMATS[name].round(EVERY16, saturate=False), expected, strict=True)


def test_first_numbers_that_overflow() -> None:
    e4m3 = E4M3.round(np.array([464, 464.1, -464.1, 1e4]), saturate=False)
    np.testing.assert_array_equal(e4m3, [448, np.nan, np.nan, np.nan])
    assert E5M2.round(np.array([61439.9, 61440, -61440]), saturate=False).tolist() == [57344, np.inf, -np.inf]
    np.testing.assert_array_equal(E8M0.round(np.array([0.0, -1, 2.0**128]), saturate=False), [np.nan] * 3)


@thin(2)
@RULES
@NAMED
def test_cell_boundaries_round_by_the_exact_rule(fmt: Format, rounding: Rounding) -> None:
    for dtype in (np.float32, np.float64):
        v = near_cell_boundaries(fmt, dtype)
        assert_same_bits(fmt.round(v, rounding), exactly(v, GRIDS[fmt.name], rounding.name))


@RULES
@pytest.mark.parametrize(("e", "m", "bias"), [(4, 3, 7), (2, 0, 0), (3, 1, 140)])
def test_without_subnormals_nothing_rounds_into_the_hole_at_zero(e: int, m: int, bias: int, rounding: Rounding) -> None:
    fmt, grid = FloatFormat("flat", e, m, bias, subnormals=False), minifloat(e, m, bias, "none", subnormal=False)
    for dtype in (np.float32, np.float64):
        inside = np.linspace(-1, 1, 9) * fmt.min_normal
        v = np.concatenate([near_cell_boundaries(fmt, dtype), inside.astype(dtype)])
        assert_same_bits(fmt.round(v, rounding), exactly(v, grid, rounding.name))
        assert fmt.step(inside).tolist() == [float(gap_outward(Fraction(one), grid)) for one in inside]


@RULES
@pytest.mark.parametrize(("e", "m", "bias"), [(4, 3, 7), (3, 1, 140)])
def test_an_unsigned_format_has_one_zero(e: int, m: int, bias: int, rounding: Rounding) -> None:
    fmt, grid = FloatFormat("unsigned", e, m, bias, signed=False), minifloat(e, m, bias, "none", signed=False)
    for dtype in (np.float32, np.float64):
        v = np.concatenate([near_cell_boundaries(fmt, dtype), np.array([-0.0, -1], dtype)])
        assert_same_bits(fmt.round(v, rounding), exactly(v, grid, rounding.name))


@RULES
@pytest.mark.parametrize("name", ["e4m3", "e5m2", "float16", "bfloat16", "e4m3ieee"])
def test_overflow_is_judged_by_the_exact_rule(name: str, rounding: Rounding) -> None:
    fmt, grid = FORMATS[name], GRIDS[name]
    gap = float(grid.top - grid.numbers[-2])
    v = fmt.max + gap * np.array([0, 0.25, 0.5, 0.75, 1, 1.5, 2, 3.5])
    v = np.concatenate([v, np.nextafter(v, 0), np.nextafter(v, np.inf)])
    for signed in (v, -v):
        exact = [round_or_overflow(Fraction(float(one)), grid, rounding.name) for one in signed]
        expected = [np.copysign(fmt.overflow or 0, signed[0]) if e == OVERFLOWS else float(e) for e in exact]
        np.testing.assert_array_equal(fmt.round(signed, rounding, saturate=False), expected)


@NAMED
def test_infinity_saturates_and_nan_stays_nan(fmt: Format) -> None:
    for rounding in (*ROUNDINGS.values(), stochastic(np.random.default_rng(0))):
        for dtype in (np.float32, np.float64):
            v = np.array([np.inf, -np.inf, np.nan, np.finfo(dtype).max, np.finfo(dtype).min], dtype)
            np.testing.assert_array_equal(fmt.round(v, rounding), [fmt.max, fmt.min, np.nan, fmt.max, fmt.min])
            if fmt.overflow is not None:
                assert np.isnan(fmt.round(v, rounding, saturate=False)[2])


def test_float64_is_rounded_once() -> None:
    assert E4M3.round(np.array([1 + 2**-4 + 2**-40])) == 1.125
    assert E4M3.round(np.array([1 + 2**-4], np.float32)) == 1.0


def test_a_midpoint_of_powers_of_two_goes_to_the_larger() -> None:
    """IEEE 754-2019 §4.3.1, as in ml_dtypes; gfloat takes the even exponent instead (6 ↦ 8, but 3 ↦ 2)."""
    assert E8M0.round(np.array([1.5, 3, 6, 12])).tolist() == [2, 4, 8, 16]


def test_shapes_and_dtypes_pass_through() -> None:
    for fmt in (E4M3, NF4, FORMATS["int4"]):
        for shape in ((), (0, 3), (2, 1, 2)):
            for dtype in (np.float32, np.float64):
                v = np.full(shape, 0.7, dtype)
                assert fmt.round(v).shape == shape and fmt.round(v).dtype == dtype
        base = np.linspace(-2, 2, 24).reshape(4, 6)
        for view in (base.T, base[::2, ::-1], np.asfortranarray(base)):
            np.testing.assert_array_equal(fmt.round(view), fmt.round(view.copy()), strict=True)


FLOATS = st.floats(-(2.0**60), 2.0**60) | st.integers(-400, 400).map(lambda n: n / 4) | st.just(0.49999999999999994)


@RULES
@given(v=FLOATS)
def test_integers_round_as_in_decimal_arithmetic(rounding: Rounding, v: float) -> None:
    got = rounding.integer(np.array([v]))
    mode = DECIMAL.get(rounding.name, ROUND_HALF_UP if v > 0 else ROUND_HALF_DOWN)
    assert float(got[0]) == int(Decimal(v).to_integral_value(mode))
    assert np.signbit(got[0]) == np.signbit(v)


@RULES
@given(
    values=st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=9, unique=True).map(sorted),
    at=st.integers(0, 7),
    part=st.sampled_from([0.0, 0.25, 0.5, 0.75]) | st.floats(0, 1),
    nudge=st.integers(-1, 1),
)
def test_any_codebook_rounds_by_the_exact_rule(
    rounding: Rounding, values: list[float], at: int, part: float, nudge: int
) -> None:
    book = Codebook("book", (*values, max(values[-1], 0) + 1.0))
    lo, hi = book.levels[at % len(values)], book.levels[at % len(values) + 1]
    v = np.array([lo + part * (hi - lo)])
    v = np.nextafter(v, np.inf * nudge) if nudge else v
    assert book.round(v, rounding)[0] == exactly(v, levels(book.levels), rounding.name)[0]


def test_a_midpoint_that_float64_lacks_is_still_decided_exactly() -> None:
    """(0.1 + 0.7)/2 lies strictly between two float64 numbers; the one nearest to it is on a known side."""
    for lo, hi in ((0.1, 0.7), (1e-30, 1.0), (-1e-20, 3.0)):
        book, v = Codebook("book", (lo, hi)), np.array([lo / 2 + hi / 2])
        exact = (Fraction(lo) + Fraction(hi)) / 2
        assert exact != Fraction(float(v[0])) and midpoints(levels([lo, hi])) == [exact]
        for rounding in (nearest_even, half_away):
            assert book.round(v, rounding)[0] == (hi if Fraction(float(v[0])) > exact else lo)


def test_toward_zero_without_a_zero_keeps_the_sign() -> None:
    assert bcq_format(2).round(np.array([0.3, -0.3, 0.0, -0.0]), toward_zero).tolist() == [1, -1, 1, 1]
    lopsided = Codebook("lopsided", (-1.0, 3.0))
    assert lopsided.round(np.array([2.9, -0.9, 3.0]), toward_zero).tolist() == [-1, -1, 3]


def test_rules_know_what_they_are() -> None:
    assert {r.name: (r.nearest, r.odd, r.deterministic) for r in ROUNDINGS.values()} == {
        "nearest_even": (True, True, True),
        "half_away": (True, True, True),
        "half_toward_zero": (True, True, True),
        "half_up": (True, False, True),
        "toward_zero": (False, True, True),
        "floor": (False, False, True),
        "ceil": (False, False, True),
    }
    assert all(str(rule) == name for name, rule in ROUNDINGS.items())
    assert NearestEven() == nearest_even and nearest_even != half_away


@given(exponents=st.tuples(st.integers(-60, 60), st.integers(-60, 60)), seed=st.integers(0, 2**32 - 1))
def test_midpoints_of_far_and_near_numbers_are_decided_exactly(exponents: tuple[int, int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    low = rng.standard_normal(64) * 2.0 ** exponents[0]
    high = low + np.abs(rng.standard_normal(64)) * 2.0 ** exponents[1]
    for lo, hi in zip(low[low < high].tolist(), high[low < high].tolist(), strict=True):
        v = np.array([lo / 2 + hi / 2])
        above, at = against_middle(v, np.array([lo]), np.array([hi]))
        exact = (Fraction(lo) + Fraction(hi)) / 2
        assert (bool(above[0]), bool(at[0])) == (Fraction(float(v[0])) > exact, Fraction(float(v[0])) == exact)
