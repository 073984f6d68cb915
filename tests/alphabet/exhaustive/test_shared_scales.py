"""Every format of OCP MX over the whole range of its shared scale, by the words of the standard in rational numbers.

Elements are what the standard says they are: minifloats, and integers times an implied 2^{−(k−2)}.
"""

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache

import gfloat
import gfloat.formats
import ml_dtypes
import numpy as np
import pytest
from numpy.typing import NDArray

from sqtheory.alphabet import kernels
from sqtheory.alphabet.formats import FORMATS, FloatFormat
from sqtheory.alphabet.partition import Blocks
from sqtheory.alphabet.quantized import NanRule
from sqtheory.alphabet.quantizers import Quantizer, mxfp, mxint
from sqtheory.alphabet.rationals import rationals
from sqtheory.alphabet.scaling import Exponent, PowerOfTwo
from sqtheory.exceptions import InputRefused
from sqtheory.files.packing import pack, unpack
from sqtheory.theory.decide import exact
from tests.nightly import thin
from tests.twins.formats import GRIDS, Grid, round_exactly
from tests.twins.quantizers import overflow_aware, power_of_two_above, power_of_two_below

FRACTION_BITS = {"e4m3": 3, "e5m2": 2, "e3m2": 2, "e2m3": 3, "e2m1": 1}
WIDTHS = (2, 3, 4, 6, 8, 16)
MX = (*FRACTION_BITS, *WIDTHS)
SIZE = 4
FEW = 17
"""Every so many of the blocks are tried where it is slow."""
E8M0 = range(-127, 128)
EXPONENTS = pytest.mark.parametrize("rule", Exponent, ids=str)
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
KINDS = pytest.mark.parametrize("kind", MX)


def quantizer(kind: str | int, rule: Exponent = Exponent.floor, block: int = SIZE) -> Quantizer:
    options = {"scaling": PowerOfTwo(rule), "per": Blocks(block)}
    if isinstance(kind, int):
        return mxint(kind, **options)  # type: ignore[arg-type]
    fmt = FORMATS[kind]
    assert isinstance(fmt, FloatFormat)
    return mxfp(fmt, **options)  # type: ignore[arg-type]


@lru_cache
def element(kind: str | int) -> Grid:
    """The element format of the standard: INT8 is two's complement times 2^−6, its most negative number left unused."""
    if isinstance(kind, str):
        return GRIDS[kind]
    codes = range(1 - 2 ** (kind - 1), 2 ** (kind - 1))
    return Grid(tuple(Fraction(n, 2 ** (kind - 2)) for n in codes), tuple(n % 2 == 0 for n in codes))


def shared_exponent(amax: Fraction, kind: str | int, rule: Exponent) -> int:
    """log₂ of the shared scale X of a block that is not zero."""
    grid = element(kind)
    e_max = power_of_two_below(grid.top)
    if rule is Exponent.rceil:
        found = power_of_two_above(amax / grid.top)
    elif rule is Exponent.ceil:
        found = power_of_two_above(amax) - e_max
    elif rule is Exponent.oas:
        found = overflow_aware(amax, grid)
    elif rule is Exponent.floor:
        found = power_of_two_below(amax) - e_max
    else:
        bits = kind - 2 if isinstance(kind, int) else FRACTION_BITS[kind]
        last = Fraction(2) ** (power_of_two_below(amax) - bits)
        found = power_of_two_below(round(amax / last) * last) - e_max
    return min(max(found, E8M0[0]), E8M0[-1])


def standard(block: list[float], kind: str | int, rule: Exponent, dtype: type) -> tuple[int | None, list[float]]:
    """log₂ X and the numbers X·P_i, the largest of the dtype for one that it has not; no X for a block of zeros."""
    exact_block = [Fraction(v) for v in block]
    amax = max(map(abs, exact_block))
    if amax == 0:
        return None, [0.0] * len(block)
    e = shared_exponent(amax, kind, rule)
    x, end = Fraction(2) ** e, Fraction(float(np.finfo(dtype).max))
    images = [x * round_exactly(v / x, element(kind), "nearest_even") for v in exact_block]
    return e, [float(min(max(v, -end), end)) for v in images]


def ends(kind: str | int, dtype: type) -> NDArray[np.floating]:
    """Blocks whose maxima are at, and one unit around, powers of two and the top of Γ, at both ends of E8M0 and beyond.

    They reach into the subnormal numbers of the dtype, to its ends, and hold zeros of both signs.
    """
    info, rng = np.finfo(dtype), np.random.default_rng(31)
    e_max = power_of_two_below(element(kind).top)
    far = [] if dtype is np.float32 else [-1074, -1060, -1022, -300, 300, 1023]
    powers = [*range(-149, -116 + e_max), *range(121 + e_max, 132 + e_max), *far]
    top = float(element(kind).top / Fraction(2) ** e_max)
    rows = [np.zeros(SIZE), np.full(SIZE, -0.0)]
    for e in powers:
        with np.errstate(over="ignore"):
            amax = [np.ldexp(dtype(m), e) for m in (1.0, 1.5, top, (1 + top) / 2, 1 - 2.0**-9, 2 - 2.0**-12)]
        for one in amax:
            for v in (one, np.nextafter(one, dtype(0)), np.nextafter(one, dtype(np.inf))):
                if 0 < v <= info.max:
                    shares = np.array([1, -rng.random(), rng.random() / 16, -(2.0**-5)], dtype)
                    rows.append(rng.permutation((shares * v).astype(dtype)))
    return np.array(rows, dtype)


def images(q: Quantizer, x: NDArray[np.floating]) -> Iterator[tuple[str, NDArray[np.floating]]]:
    """q(x) by every engine, with its codes, and in the rational numbers of ``decide``."""
    for name in kernels.ENGINES:
        with kernels.engine(name):
            yield name, q(x)
    yield "with its codes", q.quantize(x).values
    if x.dtype == np.float64:
        few, end = rationals(x[::FEW]), Fraction(float(np.finfo(x.dtype).max))
        given = q(x)
        given[::FEW] = np.clip(exact.image(q, few, exact.placed(q, few)), -end, end).astype(np.float64)
        yield "rational", given


@thin(15)
@EXPONENTS
@DTYPES
@KINDS
def test_both_ends_of_the_shared_scale(kind: str | int, rule: Exponent, dtype: type) -> None:
    x, q = ends(kind, dtype), quantizer(kind, rule)
    expected = [standard(row.tolist(), kind, rule, dtype) for row in x]
    wanted = np.array([image for _, image in expected], dtype)
    for name, got in images(q, x):
        np.testing.assert_array_equal(got, wanted, err_msg=name)
    implied = kind - 2 if isinstance(kind, int) else 0
    scales = [0 if e is None else 2.0 ** (e - implied) for e, _ in expected]
    np.testing.assert_array_equal(q.scales(x)[:, 0], scales)
    reached = {e for e, _ in expected}
    assert {None, *E8M0[:5]} <= reached and (dtype is np.float32 or set(E8M0[-5:]) <= reached)


@DTYPES
@KINDS
def test_every_number_of_every_shared_scale_is_its_own_image(kind: str | int, dtype: type) -> None:
    """Of 16 bits, some of them."""
    numbers = np.array([float(v) for v in element(kind).numbers])
    if kind == 16:
        numbers = numbers[:: numbers.size // 254]
        assert np.abs(numbers).max() == float(element(kind).top)
    held = [e for e in E8M0 if numbers[-1] * 2.0**e <= np.finfo(dtype).max]
    exponents = np.array(held)
    exact_numbers = np.ldexp(numbers, exponents[:, None])
    x = exact_numbers.astype(dtype)
    assert np.array_equal(x, exact_numbers) and (dtype is np.float32 or len(held) == 255)
    q = quantizer(kind, block=numbers.size)
    for name in kernels.ENGINES:
        with kernels.engine(name):
            np.testing.assert_array_equal(q(x), x, err_msg=name)
    packed = pack(x, q)
    assert packed.arrays["scales"][:, 0].tolist() == list(range(len(held))), "the code of the shared scale"
    assert np.array_equal(packed.arrays["scales"][:, 0].view(ml_dtypes.float8_e8m0fnu).astype(float), 2.0**exponents)
    np.testing.assert_array_equal(unpack(packed), x)


@KINDS
def test_a_block_that_is_not_finite_has_no_code(kind: str | int) -> None:
    """255 is the NaN of E8M0: such a block becomes NaN, and is refused where codes are stored."""
    x, q = np.ones((2, SIZE), np.float32), quantizer(kind)
    x[1, 3] = np.nan
    spoiled = Quantizer(q.format, q.scaling, q.partition, nan=NanRule.propagate)
    image = spoiled(x)
    assert np.isnan(image[1]).all() and np.array_equal(image[0], x[0])
    with pytest.raises((InputRefused, ValueError), match=r"NaN|nan"):
        pack(x, spoiled)


FOREIGN = {
    "e4m3": gfloat.formats.format_info_mxfp8_e4m3,
    "e5m2": gfloat.formats.format_info_mxfp8_e5m2,
    "e3m2": gfloat.formats.format_info_mxfp6_e3m2,
    "e2m3": gfloat.formats.format_info_mxfp6_e2m3,
    "e2m1": gfloat.formats.format_info_mxfp4_e2m1,
    8: gfloat.formats.format_info_mxint8,
}


def of_few_bits(x: NDArray[np.floating]) -> NDArray[np.floating]:
    """20 bits of every entry, which a logarithm in float64 tells from a power of two and float32 holds in a ratio."""
    significand, power = np.frexp(x)
    return np.ldexp(np.trunc(np.ldexp(significand, 20)), power - 20).astype(x.dtype)


@pytest.mark.parametrize("kind", FOREIGN)
def test_gfloat_agrees(kind: str | int) -> None:
    """Its INT8 has −2, which the standard lets be unused (§5.3.4): entries are positive there."""
    x = of_few_bits(ends(kind, np.float64)[::FEW])
    if kind == 8:
        x = np.abs(x)
    theirs = [gfloat.quantize_block(FOREIGN[kind], row, gfloat.compute_scale_amax) for row in x]
    np.testing.assert_array_equal(quantizer(kind)(x), theirs)


TYPES = {
    "e4m3": ml_dtypes.float8_e4m3fn,
    "e5m2": ml_dtypes.float8_e5m2,
    "e3m2": ml_dtypes.float6_e3m2fn,
    "e2m3": ml_dtypes.float6_e2m3fn,
    "e2m1": ml_dtypes.float4_e2m1fn,
}


@DTYPES
@pytest.mark.parametrize("kind", TYPES)
def test_ml_dtypes_agrees(kind: str, dtype: type) -> None:
    x = of_few_bits(ends(kind, dtype))
    top, scale = float(element(kind).top), quantizer(kind).scales(x).astype(np.float64)
    ratio = np.clip(x.astype(np.float64) / np.where(scale == 0, 1, scale), -top, top)
    theirs = ratio.astype(TYPES[kind]).astype(np.float64) * scale
    np.testing.assert_array_equal(quantizer(kind)(x), theirs.astype(dtype))
