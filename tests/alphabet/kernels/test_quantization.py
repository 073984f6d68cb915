"""Kernels of quantizers against the definition on whole arrays, bit for bit."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sqtheory.alphabet import kernels
from sqtheory.alphabet.formats import BFLOAT16, E2M1, E2M3, E3M2, E4M3, E5M2, E8M0, FLOAT16, FORMATS, NF4, FloatFormat
from sqtheory.alphabet.kernels import engine, maxima, quantization, rounders
from sqtheory.alphabet.kernels.levels import level_cuts
from sqtheory.alphabet.partition import Blocks, Channels, Columns, Partition, Rows, Tiles, Whole
from sqtheory.alphabet.quantizers import Quantizer, bcq, cast, hbfp, int_, mxfp, mxint, nf4, nvfp4, scaled
from sqtheory.alphabet.rounding import ROUNDINGS
from sqtheory.alphabet.scaling import (
    Exponent,
    Frozen,
    FullRange,
    HalfRange,
    Midpoint,
    Percentile,
    PowerOfTwo,
    SignedMax,
    StoredScale,
    mse,
)
from sqtheory.arrays import FixedArray
from sqtheory.theory.samples import SAMPLES
from tests.nightly import NIGHTLY, thin

QUANTIZERS: list[Quantizer] = [
    *(int_(k) for k in (2, 4, 8, 16)),
    *(int_(4, scaling=s) for s in (FullRange(), Midpoint(), HalfRange(), mse(3), Percentile(90))),
    *(int_(4, rounding=r) for r in ROUNDINGS.values()),
    *(hbfp(4), hbfp(8), hbfp(4, compat=1e-8), mxint(8), nvfp4(), nf4(), bcq(2), bcq(3, zero=True), bcq(8)),
    *(mxfp(f) for f in (E4M3, E5M2, E3M2, E2M3, E2M1)),
    *(mxfp(E2M1, scaling=PowerOfTwo(e)) for e in Exponent),
    *(mxfp(E2M1, rounding=r) for r in ROUNDINGS.values()),
    *(cast(f) for f in (E4M3, BFLOAT16, FLOAT16, E8M0, NF4)),
    *(scaled(f) for f in (E4M3, BFLOAT16, FLOAT16, E8M0)),
    *(cast(E5M2, saturate=False), scaled(BFLOAT16, saturate=False)),
    *(nf4(rounding=r) for r in ROUNDINGS.values()),
    *(int_(4, scaling=SignedMax(m), rounding=ROUNDINGS["half_up"]) for m in (False, True)),
    *(scaled(E2M1, scaling=StoredScale(f, least=0.0)) for f in (E4M3, E8M0)),
    scaled(FORMATS["iq4"], scaling=StoredScale(FLOAT16, SignedMax())),
    *(scaled(FORMATS[name]) for name in ("fp4", "dynamic8", "binary8p4se")),
    int_(4, scaling=Frozen(FixedArray(0.0))),
    bcq(2, scaling=Frozen(FixedArray(0.25))),
    *(f(FloatFormat("holed", 2, 1, 1, subnormals=False)) for f in (cast, scaled)),
    *(f(FloatFormat("unsigned", 2, 1, 1, signed=False)) for f in (cast, scaled)),
]
PARTITIONS: list[Partition] = [
    *(Blocks(8), Blocks(5), Blocks(1), Blocks(3, axis=0), Rows(), Columns(), Whole(), Channels(0)),
    Tiles(2, 4),
]
Image = Callable[[NDArray[Any]], NDArray[Any]]


def views(x: NDArray[Any]) -> list[NDArray[Any]]:
    """The same numbers in other memory, and some of them."""
    return [x, np.asfortranarray(x), x[::-1, ::2], np.broadcast_to(x[:1], x.shape)]


def disagreements(q: Quantizer, image: Image, dtype: type) -> list[str]:
    """The samples on which an image differs in a bit from the definition."""
    rng, found = np.random.default_rng(51), []
    for i, (name, sample) in enumerate(SAMPLES.items()):
        x = views(sample(rng, (6, 37), dtype))[(i + len(str(q))) % 4]
        with engine("definition"):
            expected = q(x)
        got = image(x)
        if got.dtype != x.dtype or got.shape != x.shape or got.tobytes() != expected.tobytes():
            found.append(name)
    return found


@thin(10)
@pytest.mark.usefixtures("loops", "tile")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("q", QUANTIZERS, ids=str)
def test_kernels_are_the_definition(q: Quantizer, dtype: type) -> None:
    for partition in PARTITIONS if dtype is np.float32 or NIGHTLY else PARTITIONS[len(str(q)) % 3 :: 3]:
        placed = replace(q, partition=partition)
        assert disagreements(placed, placed, dtype) == [], partition


@pytest.mark.usefixtures("loops", "tile")
@pytest.mark.parametrize("q", QUANTIZERS[::4], ids=str)
def test_the_result_goes_where_it_is_asked(q: Quantizer) -> None:
    x = np.random.default_rng(52).standard_normal((6, 37), np.float32)
    expected = q(x)
    for out in (x.copy(), np.asfortranarray(x), np.empty((6, 74), np.float32)[:, ::2]):
        source = x if out.strides == (296, 8) else out
        assert q(source, out=out) is out
        assert np.ascontiguousarray(out).tobytes() == expected.tobytes()
    shifted = np.concatenate([x.ravel(), [0]]).astype(np.float32)
    assert q(shifted[:-1].reshape(6, 37), out=shifted[1:].reshape(6, 37)).tobytes() == expected.tobytes()


@pytest.mark.usefixtures("loops", "tile")
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("q", [int_(4, block=8), mxfp(E4M3), nvfp4(), cast(E4M3), int_(4, per=Whole())], ids=str)
def test_what_is_no_number_is_left_to_the_definition(q: Quantizer, bad: float) -> None:
    x = np.ones((6, 37), np.float32)
    x[4, 30] = bad
    parts = (q.format, q.scaling, q.partition, q.rounding, q.saturate)
    assert not kernels.quantize(x, np.empty_like(x), *parts)
    with pytest.raises(ValueError, match=rf"{bad} at \(4, 30\), block"):
        q(x, out=x)


def test_most_quantizers_have_a_kernel() -> None:
    """Blocks that are no runs, and random rounding, do not."""
    x, out = np.ones((4, 64), np.float32), np.empty((4, 64), np.float32)
    for q in QUANTIZERS:
        assert kernels.quantize(x, out, q.format, q.scaling, q.partition, q.rounding, q.saturate), q
    assert not kernels.quantize(x, out, E4M3, PowerOfTwo(), Tiles(2, 4), ROUNDINGS["floor"], True)
    with engine("definition"):
        assert not kernels.quantize(x, out, E4M3, PowerOfTwo(), Blocks(8), ROUNDINGS["floor"], True)


def test_a_cell_as_wide_as_half_of_all_numbers_is_cut_in_its_middle() -> None:
    """From −10 to 1 of float64 are more numbers than 63 bits count."""
    iq4 = FORMATS["iq4"]
    for kind in (np.float32, np.float64):
        middles = (iq4.values[1:] + iq4.values[:-1]) / 2
        cuts = level_cuts(iq4, ROUNDINGS["half_up"], np.dtype(kind))
        np.testing.assert_array_equal(cuts, middles.astype(kind), strict=True)


def without_a_clip(v: NDArray[Any], bound: Callable[[], float]) -> None:
    np.add(np.rint(v), 0, out=v)


def half_away(v: NDArray[Any], bound: Callable[[], float]) -> None:
    v.clip(-7, 7, out=v)
    np.add(np.trunc(v + np.copysign(0.5, v)), 0, out=v)


def with_negative_zeros(v: NDArray[Any], bound: Callable[[], float]) -> None:
    np.rint(v.clip(-7, 7), out=v)


@pytest.mark.parametrize("wrong", [without_a_clip, half_away, with_negative_zeros])
def test_a_broken_rounding_loop_is_noticed(wrong: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantization, "rounder", lambda *parts: wrong)
    q = hbfp(4, block=8)
    assert disagreements(q, q, np.float32) != []


def test_broken_maxima_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = maxima.run_maxima
    monkeypatch.setattr(maxima, "run_maxima", lambda bits, size: sound(bits * (np.arange(bits.size) % size != 1), size))
    q = int_(4, block=8)
    assert disagreements(q, q, np.float32) != []


def test_a_step_too_long_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    coarse = replace(E4M3, name="coarse", m=2)
    sound = rounders._float_rounder
    monkeypatch.setattr(rounders, "_float_rounder", lambda fmt, dtype: sound(coarse, dtype))
    q = mxfp(E4M3, block=8)
    assert disagreements(q, q, np.float64) != []


@pytest.mark.parametrize("size", [1, 2, 3, 5, 6, 12, 32, 64, 96, 130])
def test_maxima_of_runs(size: int) -> None:
    for dtype in (np.float32, np.float64):
        x = SAMPLES["wide"](np.random.default_rng(size), (7, size), dtype)
        expected = np.abs(x).max(axis=1)
        for name in ("numpy", "numba"):
            with engine(name):
                found = maxima.amax_of_runs(x.ravel(), size)
                assert found.tolist() == expected.tolist() and found.dtype == dtype
        assert maxima.largest(x[:, ::-1]) == expected.max()
    assert maxima.largest(np.empty((0, 3))) == 0 and not maxima.finite(np.array([1.0, np.nan]))
