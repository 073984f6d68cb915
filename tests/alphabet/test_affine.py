"""Affine quantizers against loops over blocks and entries; what they declare; exact twins; refusals."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from fractions import Fraction

import numpy as np
import pytest

from sqtheory.alphabet.affine import RULES, Added, Offset, affine
from sqtheory.alphabet.formats import FLOAT16, INT4, UnsignedFormat
from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.partition import Blocks, Rows
from sqtheory.alphabet.quantizers import Quantizer, scaled
from sqtheory.alphabet.rationals import NotRational, rationals
from sqtheory.alphabet.rounding import half_away, nearest_even, stochastic
from sqtheory.alphabet.scaling import Edge, Minimum, Range, RealZero, ZeroPoint
from sqtheory.alphabet.traits import (
    DETERMINISTIC,
    DYADIC_EQUIVARIANT,
    IDEMPOTENT,
    KEEPS_ZERO,
    MAX_DETERMINED,
    MONOTONE,
    ODD,
    SCALE_EQUIVARIANT,
    TRAITS,
)
from sqtheory.arrays import Array
from sqtheory.exceptions import NonFinite, SpellingError
from sqtheory.theory.decide import exact

f = np.float32
SIZE = 8
TINYGEMM, QUANTO = "affine(4, offset=midpoint, block=8)", "affine(4, offset=float, block=8)"
GPTQ, TORCHAO = "affine(4, block=8)", "affine(4, reciprocal=true, block=8)"
ORT = "affine(4, added=before, zero_rounding=half_away, reciprocal=true, block=8, rounding=half_away)"
GGUF = "affine(4, offset=float, reciprocal=true, stored=float16, block=8, rounding=half_away)"
MLX = "affine(4, offset=edge, least=1e-07, block=8)"
HQQ = "affine(4, offset=real, most=20000.0, narrow=0.0001, block=8)"
HQQ_ROUNDED = "affine(4, offset=real, rounded=true, most=20000.0, narrow=0.0001, block=8)"
Twin = Callable[[list[f]], list[f]]


def away(v: f) -> f:
    whole = np.trunc(v)
    return f(whole + np.copysign(1, v) if abs(v - whole) >= 0.5 else whole)


def clip(v: f) -> f:
    return min(max(v, f(0)), f(15))


def gptq(block: list[f], by_reciprocal: bool = False) -> list[f]:
    lo, hi = min(*block, f(0)), max(*block, f(0))
    sigma = f(hi - lo) / f(15)
    if sigma == 0:
        return [f(0)] * len(block)
    z = clip(np.rint(-lo / sigma))
    ratios = [x * (f(1) / sigma) if by_reciprocal else x / sigma for x in block]
    return [(clip(np.rint(r) + z) - z) * sigma for r in ratios]


def ort(block: list[f]) -> list[f]:
    lo, hi = min(*block, f(0)), max(*block, f(0))
    sigma = f(hi - lo) / f(15)
    if sigma == 0:
        return [f(0)] * len(block)
    z = clip(away(-lo / sigma))
    return [(away(clip(x * (f(1) / sigma) + z)) - z) * sigma for x in block]


def minimum(block: list[f]) -> list[f]:
    lo, hi = min(block), max(block)
    sigma = f(hi - lo) / f(15)
    return [clip(np.rint((x - lo) / (sigma or f(1)))) * sigma + lo for x in block]


def gguf(block: list[f]) -> list[f]:
    lo, hi = min(block), max(block)
    sigma = f(hi - lo) / f(15)
    per = f(1) / (sigma or f(1))
    return [away(clip((x - lo) * per)) * f(np.float16(sigma)) + f(np.float16(lo)) for x in block]


def tinygemm(block: list[f]) -> list[f]:
    lo, hi = min(block), max(block)
    sigma = f(hi - lo) / f(15)
    middle = lo + sigma * f(8)
    codes = [clip(np.rint((x - (middle - sigma * f(8))) / (sigma or f(1)))) for x in block]
    return [(c - f(8)) * sigma + middle for c in codes]


def mlx(block: list[f]) -> list[f]:
    lo, hi = min(block), max(block)
    sigma = max(f(hi - lo) / f(15), f(1e-7))
    sigma, edge = (sigma, lo) if abs(lo) > abs(hi) else (-sigma, hi)
    n = np.rint(edge / sigma)
    sigma, edge = (edge / n, edge) if n else (sigma, f(0))
    return [clip(np.rint((x - edge) / sigma)) * sigma + edge for x in block]


def hqq(block: list[f], rounded: bool = False) -> list[f]:
    lo, hi = min(block), max(block)
    width = f(hi - lo)
    per = f(1) if width <= f(1e-4) else min(f(1) / width * f(15), f(2e4))
    z = np.rint(-lo * per) if rounded else -lo * per
    return [(clip(np.rint(x * per + z)) - z) * (f(1) / per) for x in block]


TWINS: dict[str, Twin] = {
    GPTQ: gptq,
    TORCHAO: lambda block: gptq(block, by_reciprocal=True),
    ORT: ort,
    QUANTO: minimum,
    GGUF: gguf,
    TINYGEMM: tinygemm,
    MLX: mlx,
    HQQ: hqq,
    HQQ_ROUNDED: lambda block: hqq(block, rounded=True),
}


def tensors() -> dict[str, Array]:
    rng = np.random.default_rng(5)
    normal = rng.normal(size=(4, 24)).astype(f)
    halves = (rng.integers(-16, 17, (4, 24)) / 2).astype(f)
    return {
        "normal": normal,
        "positive": np.abs(normal),
        "negative": -np.abs(normal),
        "sparse": normal * (rng.random(normal.shape) < 0.4),
        "halves": halves,
        "quarters": np.clip(halves, -3.5, 15) / 4,
        "far": normal + f(100),
        "zero": np.zeros((1, 24), f),
        "small": normal * f(2.0**-20),
    }


@pytest.mark.parametrize("text", TWINS)
def test_an_image_is_that_of_a_loop_over_entries(text: str) -> None:
    q = parse(text)
    for name, x in tensors().items():
        expected = [v for block in x.reshape(-1, SIZE) for v in TWINS[text](list(block))]
        np.testing.assert_array_equal(q(x), np.reshape(expected, x.shape), err_msg=name)


@pytest.mark.parametrize("text", TWINS)
def test_codes_scales_and_offsets_give_the_values(text: str) -> None:
    q, x = parse(text), tensors()["normal"]
    assert isinstance(q, Quantizer)
    made = q.quantize(x)
    assert made.offsets is not None and made.codes.min() >= 0 and made.codes.max() <= 15
    codes, sigma = made.codes.reshape(-1, SIZE).astype(f), made.scales.reshape(-1, 1)
    beside = made.offsets.reshape(-1, 1)
    by_zero = isinstance(q.scaling, ZeroPoint | RealZero)
    half = f(8) if text == TINYGEMM else f(0)
    again = (codes - beside) * sigma if by_zero else (codes - half) * sigma + beside
    np.testing.assert_array_equal(again.reshape(x.shape), made.values)
    np.testing.assert_array_equal(made.values, q(x))


@pytest.mark.parametrize("text", TWINS)
def test_it_is_read_as_it_is_printed(text: str) -> None:
    assert str(parse(text)) == text and parse(text) == parse(str(parse(text)))


COMMON = {DETERMINISTIC, DYADIC_EQUIVARIANT, SCALE_EQUIVARIANT}
DECLARED = {
    GPTQ: COMMON | {KEEPS_ZERO},
    ORT: COMMON | {KEEPS_ZERO},
    "affine(4, range=own, block=8)": COMMON | {KEEPS_ZERO},
    QUANTO: COMMON | {IDEMPOTENT},
    "affine(4, offset=float, range=with_zero, block=8)": COMMON | {IDEMPOTENT},
    TINYGEMM: COMMON | {IDEMPOTENT},
    GGUF: {DETERMINISTIC},
    "affine(4, offset=edge, block=8)": COMMON,
    MLX: {DETERMINISTIC},
    HQQ_ROUNDED: {DETERMINISTIC},
}


@pytest.mark.parametrize("text", DECLARED)
def test_traits_are_declared_and_hold(text: str) -> None:
    q = parse(text)
    assert q.traits == DECLARED[text]
    for name, x in tensors().items():
        if name in ("normal", "positive", "negative", "sparse"):  # elsewhere ties are decided by rounding errors
            for row in x[:, :SIZE].astype(np.float64):
                assert all(trait.holds(q, row) for trait in q.traits), name


@dataclass(frozen=True)
class Lost:
    """A tensor on which a quantizer lacks a trait."""

    text: str
    trait: object
    x: tuple[float, ...]


WITNESSES = (
    Lost(GPTQ, ODD, (-7.5, -6, 7.5)),
    Lost(GPTQ, MAX_DETERMINED, (2, 1, -1)),
    Lost(GPTQ, MONOTONE, (-27, 3, -3)),
    Lost(GPTQ, IDEMPOTENT, (-7.5, 1.5, -5)),
    Lost(ORT, MONOTONE, (-7, 8, 0.5, -0.5)),
    Lost(QUANTO, KEEPS_ZERO, (-3, 3)),
    Lost(QUANTO, MAX_DETERMINED, (-7.5, -6, -5)),
    Lost("affine(4, offset=float, range=with_zero, block=8)", KEEPS_ZERO, (-3, 3)),
    Lost(MLX, KEEPS_ZERO, (-6.5, -6, 2.5)),
)


@pytest.mark.parametrize("lost", WITNESSES, ids=lambda lost: f"{lost.trait} {lost.text}")
def test_what_is_not_declared_is_lost(lost: Lost) -> None:
    q = parse(lost.text)
    [trait] = [t for t in TRAITS if t is lost.trait]
    assert trait not in q.traits and not trait.holds(q, np.array(lost.x, f))


@pytest.mark.parametrize("text", [GPTQ, ORT, QUANTO, TINYGEMM, HQQ, HQQ_ROUNDED, "affine(4, offset=edge, block=8)"])
def test_exact_images_are_those_before_rounding(text: str) -> None:
    q = parse(text)
    assert isinstance(q, Quantizer)
    x = (np.random.default_rng(3).integers(-60, 61, (6, SIZE)) / 8).astype(np.float64)
    x[0] = np.abs(x[0])
    made = exact.image(q, rationals(x), exact.placed(q, rationals(x)))
    assert all(isinstance(v, Fraction) for v in made.flat)
    step = np.ptp(x, axis=1, keepdims=True) / 15
    wrong = np.abs(made.astype(np.float64) - q(x)) > 1e-9
    ties = (
        np.abs(np.abs(made.astype(np.float64) - q(x)) - step) < 1e-9
    )  # where a quotient rounds to a midpoint or off it
    assert not (wrong & ~ties).any() and wrong.mean() < 0.1


def test_exact_images_break_ties_as_the_rules_do() -> None:
    """Of powers of two every quotient is exact, and both arithmetics give one image."""
    x = np.array([[-7, 8, 0.5, -0.5, 1.5, -1.5, 2.5, -2.5], [-27, 3, -3, 1, -1, 5 - 2, 2, -2]], np.float64)
    for text in (GPTQ, ORT, QUANTO, TINYGEMM, "affine(4, added=before, block=8)"):
        q = parse(text)
        assert isinstance(q, Quantizer)
        for row in x:
            made = exact.image(q, rationals(row[None]), exact.placed(q, rationals(row[None])))
            np.testing.assert_array_equal(made.astype(np.float64), q(row[None]), err_msg=text)


def test_stored_scales_are_not_computed_in_rational_numbers() -> None:
    q = parse(GGUF)
    assert isinstance(q, Quantizer)
    with pytest.raises(NotRational, match="stored in float16"):
        exact.placed(q, rationals(np.ones((1, SIZE))))


@pytest.mark.parametrize("text", [*TWINS, "affine(4, range=own, block=8)"])
def test_frozen_it_makes_of_its_tensor_what_it_made(text: str) -> None:
    q, x = parse(text), tensors()["normal"]
    assert isinstance(q, Quantizer)
    fixed = q.frozen(x)
    np.testing.assert_array_equal(fixed(x), q(x))
    smaller = x * (np.abs(x) > 0.5)
    expected = [
        image
        for block, of in zip(smaller.reshape(-1, SIZE), x.reshape(-1, SIZE), strict=True)
        for image in at_grid_of(q, block, of)
    ]
    np.testing.assert_array_equal(fixed(smaller), np.reshape(expected, x.shape))
    assert {KEEPS_ZERO} & fixed.traits == {KEEPS_ZERO} & q.traits and MAX_DETERMINED in fixed.traits
    assert fixed.frozen(smaller) == fixed and fixed.quantize(smaller).scales.tolist() == q.quantize(x).scales.tolist()
    with pytest.raises(ValueError, match="the blocks form the grid"):
        fixed(x[:2])


def at_grid_of(q: Quantizer, block: Array, of: Array) -> list[f]:
    """Each entry alone among the entries of the block whose grid it is put on."""
    place = [int(np.argmin(np.abs(of))) for _ in block]
    lo, hi = int(np.argmin(of)), int(np.argmax(of))
    images = []
    for v, at in zip(block, place, strict=True):
        given = of.copy()
        assert at not in (lo, hi)
        given[at] = v
        images.append(q(given)[at])
    return images


@pytest.mark.parametrize(
    "text", [GPTQ, "affine(4, range=own, block=8)", QUANTO, TINYGEMM, HQQ, "affine(4, offset=edge)"]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nothing_is_lost_at_the_ends_of_the_range(text: str, dtype: type) -> None:
    q, most, least = parse(text), np.finfo(dtype).max, np.finfo(dtype).smallest_subnormal
    wide = q(np.array([most, -most, most / 2, 0], dtype))
    assert np.isfinite(wide).all() and np.abs(wide - [most, -most, most / 2, 0]).max() <= most * (2 / 15)
    narrow = q(np.array([least, 0, 7 * least, 15 * least], dtype))
    assert np.isfinite(narrow).all() and np.abs(narrow).max() <= 32 * least
    np.testing.assert_allclose(
        q(np.full(4, 3, dtype)), 3, rtol=1e-3 if text == HQQ else 1e-6, atol=0.5 if text == HQQ else 0
    )


def test_a_block_with_nan_is_refused_or_becomes_nan() -> None:
    x = np.array([[np.nan, *range(7)], [*range(8)]], f)
    with pytest.raises(NonFinite, match="refused by nan=error"):
        affine(4, block=8)(x)
    image = parse("affine(4, block=8, nan=propagate)")(x)
    assert np.isnan(image[0]).all() and np.isfinite(image[1]).all()


REFUSED = {
    "affine(4, offset=float, added=before)": "added= says nothing of offset=float",
    "affine(4, least=0.5)": "least= says nothing of offset=integer",
    "affine(4, offset=real, stored=float16)": "stored= says nothing of offset=real",
    "affine(4, offset=edge, least=-1.0)": "the least scale is not negative",
    "affine(17)": "an unsigned format needs 1 to 16 bits",
    "affine(4, scaling=absmax)": "unknown option 'scaling'",
    "affine(4, offset=half)": "unknown offset 'half'",
    "scaled(uint0)": "an unsigned format needs 1 to 16 bits",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(SpellingError, match=REFUSED[text]):
        parse(text)


def test_parts_of_other_kinds_are_refused() -> None:
    with pytest.raises(ValueError, match="needs an unsigned format, got int4"):
        scaled(INT4, scaling=ZeroPoint())
    with pytest.raises(TypeError, match="range="):
        Minimum("own")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="deterministic"):
        affine(4, zero_rounding=stochastic(np.random.default_rng(0)))
    with pytest.raises(TypeError, match="exclude each other"):
        affine(4, block=8, per=Rows())
    with pytest.raises(TypeError, match="unknown option"):
        affine(4, saturate=False)  # type: ignore[call-arg]


def test_every_offset_has_a_rule_of_its_own() -> None:
    assert set(RULES) == set(Offset) and len(set(RULES.values())) == len(RULES)
    assert affine(4, offset=Offset.edge).scaling == Edge() and affine(4, added=Added.before) != affine(4)
    assert affine(4, range=Range.own).scaling == ZeroPoint(Range.own)
    assert affine(4, stored=FLOAT16).scaling.offset_bits(UnsignedFormat(4)) == 4
    assert Minimum().offset_bits(UnsignedFormat(4), 16) == 16
    assert Quantizer(UnsignedFormat(4), ZeroPoint(), Blocks(64)) == affine(4)
    assert {half_away.odd, nearest_even.odd} == {True}


@pytest.mark.parametrize("offset", Offset, ids=str)
@pytest.mark.parametrize("real", [np.float32, np.float64])
def test_blocks_at_the_ends_of_the_range_have_images(offset: Offset, real: type) -> None:
    """1/σ or σ is beyond the dtype; 0 and what lies at the offset are no product with ∞."""
    least, most = np.finfo(real).smallest_subnormal, np.finfo(real).max
    small = np.array([-5, 0, 2, 1], real) * least
    large = np.array([-most, most, most / 2, 0], real)
    for options in ({}, {"reciprocal": True}, {"reciprocal": True, "stored": FLOAT16}, {"rounded": True}):
        if not options.keys() <= {f.name for f in fields(RULES[offset])}:
            continue
        for k in (1, 4):
            q = affine(k, offset=offset, block=4, **options)
            with np.errstate(all="raise", under="ignore"):
                image = q(small)
                assert np.isfinite(image).all() and np.isfinite(q(large)).all()
            assert np.array_equal(q.quantize(small).values, image)
