"""Quantizers bit for bit against loops over blocks and entries. Layouts and refusals: test_quantizer_inputs.py."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sqtheory.alphabet.formats import E2M1, E2M3, E3M2, E4M3, E5M2, FORMATS, INT8, FloatFormat
from sqtheory.alphabet.partition import Blocks, Columns, Partition, Rows, Tiles, Whole
from sqtheory.alphabet.quantizers import Quantizer, bcq, cast, hbfp, int_, mxfp, mxint, nf4, nvfp4, scaled
from sqtheory.alphabet.rounding import ROUNDINGS, half_away
from sqtheory.alphabet.scaling import Exponent, FullRange, HalfRange, Midpoint, PowerOfTwo
from sqtheory.theory.samples import SAMPLES
from tests.nightly import thin
from tests.twins import quantizers as twin
from tests.twins.formats import BCQ2, BCQ3, BCQ3_ZERO, GRIDS, NF4, Grid, integers

ELEMENTS = {"e4m3": 3, "e5m2": 2, "e3m2": 2, "e2m3": 3, "e2m1": 1}
PARTITIONS: list[tuple[Partition, Callable[[tuple[int, ...]], list[list[twin.Index]]]]] = [
    (Blocks(8), lambda shape: twin.blocks(shape, 8, -1)),
    (Blocks(3, axis=0), lambda shape: twin.blocks(shape, 3, 0)),
    (Rows(), twin.rows),
    (Columns(), twin.columns),
    (Whole(), twin.whole),
    (Tiles(2, 4), lambda shape: twin.tiles(shape, 2, 4)),
]
Definition = tuple[twin.Rule, Grid, str]


def mx(element: str, exponent: Exponent) -> tuple[Quantizer, Definition]:
    fmt = FORMATS[element]
    assert isinstance(fmt, FloatFormat)
    rule = twin.power_of_two(exponent.name, ELEMENTS[element])
    return mxfp(fmt, scaling=PowerOfTwo(exponent)), (rule, GRIDS[element], "nearest_even")


QUANTIZERS: list[tuple[Quantizer, Definition]] = [
    *((int_(k), (twin.absmax, integers(k), "nearest_even")) for k in (2, 3, 4, 8)),
    *((int_(4, rounding=r), (twin.absmax, integers(4), name)) for name, r in ROUNDINGS.items()),
    (int_(4, scaling=FullRange()), (twin.fullrange, integers(4, full=True), "nearest_even")),
    (int_(4, scaling=Midpoint()), (twin.midpoint, integers(4, full=True), "nearest_even")),
    (int_(8, scaling=HalfRange()), (twin.halfrange, integers(8, full=True), "nearest_even")),
    *((hbfp(k), (twin.shared_exponent, integers(k), "nearest_even")) for k in (3, 4, 6, 8)),
    (hbfp(4, compat=1e-8), (twin.shared_exponent_emulated, integers(4), "nearest_even")),
    *(mx(element, exponent) for element in ELEMENTS for exponent in Exponent),
    (mxfp(E2M1, rounding=half_away), (twin.power_of_two("floor", 1), GRIDS["e2m1"], "half_away")),
    (mxint(8), (twin.power_of_two("floor", 6, implied=6), integers(8), "nearest_even")),
    (nvfp4(), (twin.two_level, GRIDS["e2m1"], "nearest_even")),
    (nf4(), (twin.absmax, NF4, "nearest_even")),
    (bcq(2), (twin.absmax, BCQ2, "half_away")),
    (bcq(3), (twin.absmax, BCQ3, "half_away")),
    (bcq(3, zero=True), (twin.absmax, BCQ3_ZERO, "half_away")),
    (cast(E4M3), (twin.unscaled, GRIDS["e4m3"], "nearest_even")),
    (cast(FORMATS["bfloat16"]), (twin.unscaled, GRIDS["bfloat16"], "nearest_even")),
    (scaled(E4M3, per=Whole()), (twin.absmax, GRIDS["e4m3"], "nearest_even")),
]


def disagreements(
    q: Callable[[NDArray[Any]], NDArray[Any]], partition: Partition, definition: Definition, dtype: type
) -> list[str]:
    """The samples on which q and the definition differ in a bit."""
    rule, grid, rounding = definition
    boxes = next(listed for known, listed in PARTITIONS if known == partition)
    rng, found = np.random.default_rng(21), []
    for name, sample in SAMPLES.items():
        x = sample(rng, (3, 21), dtype)
        expected = twin.quantize(x, boxes(x.shape), rule, grid, rounding)
        got = q(x)
        if got.dtype != x.dtype or got.shape != x.shape or got.tobytes() != expected.tobytes():
            found.append(name)
    return found


@thin(2)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("q", "definition"), QUANTIZERS, ids=lambda v: str(v) if isinstance(v, Quantizer) else "")
def test_quantizers_are_their_definition(q: Quantizer, definition: Definition, dtype: type) -> None:
    for partition in (Blocks(8), Whole()):
        placed = Quantizer(q.format, q.scaling, partition, q.rounding)
        assert disagreements(placed, partition, definition, dtype) == []


@pytest.mark.parametrize(("partition", "boxes"), PARTITIONS, ids=lambda v: str(v) if isinstance(v, Partition) else "")
@pytest.mark.parametrize("shape", [(7, 13), (2, 5, 9), (1, 1)])
def test_every_partition_scales_its_own_boxes(partition: Partition, boxes: Any, shape: tuple[int, ...]) -> None:
    x = SAMPLES["wide"](np.random.default_rng(22), shape, np.float32)
    for q, (rule, grid, rounding) in ((q, d) for q, d in QUANTIZERS if q in (int_(4), mxfp(E4M3), nvfp4(), bcq(3))):
        expected = twin.quantize(x, boxes(shape), rule, grid, rounding)
        got = Quantizer(q.format, q.scaling, partition, q.rounding).quantize(x)
        np.testing.assert_array_equal(got.values, expected, strict=True)
        assert got.scales.size == len(boxes(shape)) and got.scales.shape == partition.grid(shape)


# Deliberately wrong quantizers, each with the definition it claims to follow.


def through_float16(x: NDArray[Any]) -> NDArray[Any]:
    return mxfp(E4M3, block=8)(x.clip(-6e4, 6e4).astype(np.float16).astype(x.dtype))


def with_a_rounded_logarithm(x: NDArray[Any]) -> NDArray[Any]:
    padded = np.pad(x.astype(np.float32), [(0, 0), (0, -x.shape[1] % 8)]).reshape(len(x), -1, 8)
    amax = np.abs(padded).max(axis=2, keepdims=True)
    power = np.floor(np.log2(np.where(amax == 0, 1, amax).astype(np.float32)))
    scale = np.where(amax == 0, 1, np.ldexp(np.float32(1), np.clip(power - 8, -127, 127).astype(int)))
    return (E4M3.round(padded / scale) * scale).reshape(len(x), -1)[:, : x.shape[1]].astype(x.dtype)


def without_a_clip(x: NDArray[Any]) -> NDArray[Any]:
    scales = np.repeat(mxint(block=8).scales(x), 8, axis=1)[:, : x.shape[1]]
    return (np.rint(x / np.where(scales == 0, 1, scales)) + x.dtype.type(0)) * scales


def with_flushed_subnormals(x: NDArray[Any]) -> NDArray[Any]:
    image = mxfp(E2M1, block=8)(x)
    scales = np.repeat(mxfp(E2M1, block=8).scales(x), 8, axis=1)[:, : x.shape[1]]
    return np.where(np.abs(image) < scales, image * 0, image)


def without_negative_zero(x: NDArray[Any]) -> NDArray[Any]:
    return mxfp(E4M3, block=8)(x) + x.dtype.type(0)


def with_the_largest_signed_entry(x: NDArray[Any]) -> NDArray[Any]:
    top = Blocks(8).reduce(x, lambda rows: np.maximum(rows.max(axis=1), 0))
    scale = np.repeat(np.where(top == 0, 1, top / x.dtype.type(7)), 8, axis=1)[:, : x.shape[1]].astype(x.dtype)
    with np.errstate(over="ignore"):
        return FORMATS["int4"].round(x / scale) * scale


def wide(q: Quantizer) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """Computed in float64 and rounded to the dtype at the end."""
    return lambda x: q(x.astype(np.float64)).astype(x.dtype)


MX8 = (twin.power_of_two("floor", 3), GRIDS["e4m3"], "nearest_even")
MX4 = (twin.power_of_two("floor", 1), GRIDS["e2m1"], "nearest_even")
INTEGERS4 = (twin.absmax, integers(4), "nearest_even")
WRONG: dict[str, tuple[Callable[[NDArray[Any]], NDArray[Any]], Definition]] = {
    "rounded through float16 first": (through_float16, MX8),
    "half away for half even": (mxfp(E4M3, block=8, rounding=half_away), MX8),
    "float32 logarithm": (with_a_rounded_logarithm, MX8),
    "no clip": (without_a_clip, (twin.power_of_two("floor", 6, implied=6), integers(8), "nearest_even")),
    "subnormals flushed": (with_flushed_subnormals, MX4),
    "negative zero lost": (without_negative_zero, MX8),
    "maximum of signed entries": (with_the_largest_signed_entry, INTEGERS4),
    "blocks of seven": (int_(4, block=7), INTEGERS4),
    "blocks along the wrong axis": (int_(4, per=Blocks(8, axis=0)), INTEGERS4),
    "scale 2·amax/(2^k − 1)": (int_(4, scaling=Midpoint()), INTEGERS4),
    "code −8 used": (int_(4, scaling=FullRange()), INTEGERS4),
    "arithmetic in float64": (wide(int_(4, block=8)), INTEGERS4),
    "exponent rounded up": (mxfp(E2M1, block=8, scaling=PowerOfTwo(Exponent.rceil)), MX4),
    "one level of scale": (scaled(E2M1, block=8), (twin.two_level, GRIDS["e2m1"], "nearest_even")),
    "a zero added": (bcq(3, zero=True, block=8), (twin.absmax, BCQ3, "half_away")),
    "ε forgotten": (hbfp(4, block=8), (twin.shared_exponent_emulated, integers(4), "nearest_even")),
    "infinity reserved": (mxfp(FORMATS["e4m3ieee"], block=8), MX8),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_the_comparison_notices(wrong: str) -> None:
    q, definition = WRONG[wrong]
    assert disagreements(q, Blocks(8), definition, np.float32) != []


def test_documented_blocks() -> None:
    assert int_(4)([7, 2.5, 1, 1]).tolist() == [7, 2, 1, 1]
    assert hbfp(3, block=2)([-5 / 8, -3 / 8]).tolist() == [-1 / 2, -1 / 2]
    once = hbfp(6)([0.501, 0.3, 0.1])
    assert once[0] == 0.5 and hbfp(6)(once)[0] == 0.484375
    assert hbfp(4)([4.0, 3.9]).tolist() == [3.5, 3.5]
    assert mxfp(E2M1)([7.9, 5.0, 0.25, -0.75]).tolist() == [6, 4, 0, -1]
    assert nvfp4()([2688.0, 100]).tolist() == [2688, 0] and bcq(2)([3.0, 0, -0.1]).tolist() == [3, 1, -1]
    assert nf4()([1.0, 0.08, -1]).tolist() == [1, float(np.float32(0.07958029955625534)), -1]


@pytest.mark.parametrize(
    ("fmt", "share", "worst"),
    [
        *((fmt, 1 / 4, 1 / 8) for fmt in (E4M3, E5M2, E3M2)),
        *((E2M3, 1 / 8, 1 / 16), (E2M1, 1 / 2, 1 / 4), (INT8, 1 / 64, 1 / 128)),
    ],
    ids=str,
)
def test_share_of_maxima_that_saturate_under_the_floor_exponent(fmt: Any, share: float, worst: float) -> None:
    """Of 2^12 equidistant significands in [1, 2), those above that of max Γ; the last of them errs most."""
    significands = 1 + (np.arange(4096) + 0.5) / 4096
    q = scaled(fmt, block=1, scaling=PowerOfTwo())
    beyond = significands / q.scales(significands) > fmt.max
    assert Fraction(int(beyond.sum()), 4096) == Fraction(share)
    error = (significands - q(significands)) / significands
    assert set(q(significands[beyond])) == {2 * np.frexp(fmt.max)[0]}
    assert worst - 2**-13 < error[-1] < worst
    assert np.abs(error).max() == error[-1]


@pytest.mark.parametrize("k", [3, 4, 8])
def test_a_maximum_that_is_a_power_of_two_errs_by_a_whole_step_in_hbfp(k: int) -> None:
    x = np.ldexp(1.0, np.arange(-9, 9))
    q = hbfp(k, block=1)
    np.testing.assert_array_equal(x - q(x), q.scales(x))


def test_quantizing_at_the_scales_of_another_tensor() -> None:
    rng = np.random.default_rng(23)
    x = rng.normal(size=(6, 20))
    mask = rng.random((6, 20)) < 0.5
    for q in (int_(4, block=8), mxfp(E4M3, block=8), nvfp4(block=8), hbfp(4, per=Rows())):
        frozen = q.frozen(x)
        np.testing.assert_array_equal(frozen(x), q(x))
        np.testing.assert_array_equal(frozen(mask * x), mask * q(x))
        assert frozen.scales(mask * x).tolist() == q.scales(x).tolist() and frozen == q.frozen(x)
