"""Casts against ml_dtypes at every number of 16 bits, and torch where it is installed; what is refused."""

import ml_dtypes
import numpy as np
import pytest

from sqtheory.alphabet.casts import DeviceCast, Overflow
from sqtheory.alphabet.formats import BFLOAT16, E2M1, E4M3, E4M3_IEEE, E5M2, E8M0, FLOAT16, INT4, FloatFormat
from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.quantized import NanRule
from sqtheory.alphabet.quantizers import cast
from sqtheory.alphabet.rounding import floor
from sqtheory.exceptions import NonFinite

EVERY16 = np.concatenate(
    [np.arange(1 << 16, dtype=np.uint16).view(t).astype(np.float32) for t in (np.float16, ml_dtypes.bfloat16)]
)
"""With NaN, infinities, subnormal numbers of both."""
REAL16 = EVERY16[np.isfinite(EVERY16)]
BESIDE = np.concatenate([np.nextafter(REAL16, side) for side in (np.float32(-1e30), np.float32(1e30))])
"""The neighbours in float32: beside every midpoint of formats of fewer bits."""
ORACLES: list[tuple[FloatFormat, Overflow, type]] = [
    (E4M3, Overflow.nan, ml_dtypes.float8_e4m3fn),
    (E5M2, Overflow.inf, ml_dtypes.float8_e5m2),
    (E4M3_IEEE, Overflow.inf, ml_dtypes.float8_e4m3),
    (E8M0, Overflow.nan, ml_dtypes.float8_e8m0fnu),
    (FLOAT16, Overflow.inf, np.float16),
    (BFLOAT16, Overflow.inf, ml_dtypes.bfloat16),
]


@pytest.mark.parametrize(("fmt", "overflow", "dtype"), ORACLES, ids=lambda v: str(getattr(v, "__name__", v)))
def test_every_number_becomes_that_of_ml_dtypes(fmt: FloatFormat, overflow: Overflow, dtype: type) -> None:
    with np.errstate(over="ignore", invalid="ignore"):
        for x in (EVERY16, BESIDE):
            expected = x.astype(dtype).astype(np.float32)
            np.testing.assert_array_equal(cast(fmt, overflow=overflow, nan=NanRule.propagate)(x), expected)


def test_the_values_of_the_field() -> None:
    e4m3, e5m2 = (np.array(v) for v in ([464, 464.1, -465, np.inf], [61439.9, 61440, -61440, np.inf]))
    np.testing.assert_array_equal(parse("cast(e4m3, overflow=nan)")(e4m3), [448, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(parse("cast(e4m3, overflow=saturate)")(e4m3), [448, 448, -448, 448])
    np.testing.assert_array_equal(parse("cast(e5m2, overflow=inf)")(e5m2), [57344, np.inf, -np.inf, np.inf])
    np.testing.assert_array_equal(parse("cast(e2m1, overflow=saturate)")([7, -np.inf, 5]), [6, -6, 4])
    powers = np.array([2.0**-149, 2.0**-127, 1.1 * 2.0**-127, 1.4 * 2.0**-126, 3.0, 1.4 * 2.0**127])
    for overflow in Overflow.nan, Overflow.saturate, Overflow.error:
        made = cast(E8M0, overflow=overflow)(powers)
        assert np.log2(made).tolist() == [-127, -127, -126, -126, 2, 127], "up, not to nearest, below 2^−126"
    assert np.log2(cast(E8M0)(powers))[2] == -127, "to nearest where no device is asked for"
    assert cast(E8M0, overflow=Overflow.saturate)([0, -3, 2.0**128]).tolist() == [2.0**-127, 2.0**-127, 2.0**127]


def test_torch_where_it_is_installed() -> None:
    """PyTorch 2.13.0 on a CPU: E4M3 saturates, infinity too; E8M0 of positive numbers; E5M2 overflows."""
    torch = pytest.importorskip("torch", minversion="2.13")
    x = EVERY16[~np.isnan(EVERY16)]
    for fmt, overflow, name in (
        (E4M3, Overflow.saturate, "float8_e4m3fn"),
        (E5M2, Overflow.inf, "float8_e5m2"),
        (E8M0, Overflow.nan, "float8_e8m0fnu"),
    ):
        given = x[x > 0] if fmt == E8M0 else x
        expected = torch.from_numpy(given).to(getattr(torch, name)).float().numpy()
        np.testing.assert_array_equal(cast(fmt, overflow=overflow)(given), expected)


def test_no_nan_is_silent() -> None:
    x = np.array([[1.0, 2.0], [np.nan, 500.0]])
    for overflow in (Overflow.saturate, Overflow.error):
        with pytest.raises(NonFinite, match=r"nan at \(1, 0\) is no number: refused by nan=error"):
            cast(E4M3, overflow=overflow)(x)
    with pytest.raises(NonFinite, match=r"500.0 at \(1, 1\) is beyond e4m3: refused by overflow=error"):
        cast(E4M3, overflow=Overflow.error, nan=NanRule.propagate)(x)
    with pytest.raises(NonFinite, match=r"7.0 at \(0,\) and 1 more is beyond e2m1"):
        cast(E2M1, overflow=Overflow.error)([7.0, np.inf])
    np.testing.assert_array_equal(cast(E4M3, overflow=Overflow.nan)(x), [[1, 2], [np.nan, np.nan]])


def test_codes_that_a_format_lacks_are_refused() -> None:
    for fmt, overflow, says in (
        (E5M2, Overflow.nan, "e5m2 overflows to inf"),
        (E4M3, Overflow.inf, "e4m3 overflows to nan"),
        (INT4, Overflow.nan, "int4 has no code for it"),
    ):
        with pytest.raises(ValueError, match=says):
            cast(fmt, overflow=overflow)
    with pytest.raises(TypeError, match="no block= beside it"):
        cast(E4M3, overflow=Overflow.nan, block=4)


def test_spelling_and_chains() -> None:
    one = cast(E4M3, overflow=Overflow.saturate, rounding=floor, nan=NanRule.propagate)
    assert str(one) == "cast(e4m3, overflow=saturate, rounding=floor, nan=propagate)" and parse(str(one)) == one
    assert isinstance(parse("2:4 >> cast(e4m3, overflow=nan)")([1, 2, 3, 1000.0])[3], float)
    large = np.linspace(-500, 500, 1 << 19).reshape(2, -1)
    np.testing.assert_array_equal((parse("2:4") >> one)(large), one(parse("2:4")(large)))
    assert DeviceCast(E4M3, Overflow.nan) == cast(E4M3, overflow=Overflow.nan)


def test_a_cast_that_drops_a_rule_is_caught() -> None:
    with np.errstate(over="ignore", invalid="ignore"):
        expected = EVERY16.astype(ml_dtypes.float8_e8m0fnu).astype(np.float32)
    nearest = cast(E8M0, saturate=False, nan=NanRule.propagate)(EVERY16)
    assert ((nearest != expected) & ~(np.isnan(nearest) & np.isnan(expected))).sum() > 50
