"""Quantizers whose scales have a sign, are stored after codes are made, or divide by a reciprocal: against loops."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sqtheory.alphabet import kernels
from sqtheory.alphabet.formats import BFLOAT16, E2M1, E4M3, E8M0, FLOAT16, FORMATS, Codebook, FloatFormat
from sqtheory.alphabet.kernels import engine
from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.quantizers import Quantizer, int_, scaled
from sqtheory.alphabet.rounding import ROUNDINGS, half_away, half_up, nearest_even, stochastic
from sqtheory.alphabet.scaling import (
    AbsMean,
    DoubleQuantization,
    Exponent,
    Frozen,
    Midpoint,
    Numbers,
    PowerOfTwo,
    Reciprocal,
    RowDoubleQuantization,
    Scaling,
    SharedExponent,
    SignedMax,
    StoredScale,
    TwoLevel,
    Unscaled,
)
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.alphabet.storage import bits_per_entry
from sqtheory.alphabet.traits import IDEMPOTENT, MAX_DETERMINED, MONOTONE, ODD
from sqtheory.arrays import FixedArray
from sqtheory.exceptions import NonFinite
from sqtheory.orders.applied import both
from sqtheory.orders.pair import Pair
from sqtheory.theory.samples import SAMPLES
from tests.nightly import thin
from tests.twins import quantizers as twin
from tests.twins.formats import GRIDS

SIGNED, LARGEST, MIDDLE = twin.signed_max(False), twin.absmax, twin.midpoint
HALF = GRIDS["float16"]
Case = tuple[Quantizer, twin.Rule, twin.Rule | None, bool]
CASES: dict[str, Case] = {
    str(q): (q, rule, by, reciprocal)
    for q, rule, by, reciprocal in (
        (int_(4, block=8, scaling=SignedMax(), rounding=half_up), SIGNED, None, False),
        (int_(4, block=8, scaling=SignedMax(minimum=True)), twin.signed_max(True), None, False),
        (scaled(E2M1, block=8, scaling=StoredScale(E4M3)), twin.stored(LARGEST, GRIDS["e4m3"]), None, False),
        (int_(4, block=8, scaling=StoredScale(FLOAT16, late=True)), twin.stored(LARGEST, HALF), LARGEST, False),
        (int_(4, block=8, scaling=Reciprocal(Midpoint())), MIDDLE, None, True),
        (int_(8, block=8, scaling=Reciprocal(StoredScale(E4M3))), twin.stored(LARGEST, GRIDS["e4m3"]), None, True),
        (
            int_(
                5,
                block=8,
                rounding=half_up,
                scaling=StoredScale(FLOAT16, Reciprocal(SignedMax()), least=0.0, late=True),
            ),
            *(twin.stored(SIGNED, HALF, least=0.0), SIGNED, True),
        ),
    )
}


def expected(case: Case, x: NDArray[Any]) -> NDArray[Any]:
    q, rule, by, reciprocal = case
    boxes, grid = twin.blocks(x.shape, 8, -1), GRIDS[q.format.name]
    return twin.quantize(x, boxes, rule, grid, q.rounding.name, by, reciprocal)


@thin(2)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", CASES)
def test_images_are_those_of_loops(name: str, dtype: type) -> None:
    rng = np.random.default_rng(61)
    for kind, sample in SAMPLES.items():
        if kind != "wide":  # an image beyond the dtype is clipped, a loop has infinity
            x = sample(rng, (3, 20), dtype)
            np.testing.assert_array_equal(CASES[name][0](x), expected(CASES[name], x), err_msg=kind)


def wrong(name: str, **change: Any) -> bool:
    """A quantizer with something changed is told from the loops of the right one."""
    x = np.random.default_rng(62).normal(size=(8, 64)).astype(np.float32)
    x[0, :16] = [8, 3.5, -3.5, 0.5, -0.5, 1.5, -1.5, 0.4, 7, -7, 3.3, -3.3, 0.4, -0.4, 1, 0]
    return not np.array_equal(replace(CASES[name][0], **change)(x), expected(CASES[name], x))


def test_what_is_almost_right_is_noticed() -> None:
    first, *_, last = CASES
    assert not wrong(first) and not wrong(last)
    assert wrong(first, scaling=SignedMax(minimum=True)) and wrong(first, rounding=half_away)
    assert wrong(last, scaling=StoredScale(FLOAT16, Reciprocal(SignedMax()), late=False))
    assert wrong(last, scaling=StoredScale(BFLOAT16, Reciprocal(SignedMax()), late=True))


@pytest.mark.parametrize("name", CASES)
def test_every_engine_gives_the_same_bits_and_takes_nan_alike(name: str) -> None:
    q = CASES[name][0]
    x = np.random.default_rng(63).normal(size=(4, 72)).astype(np.float32)
    with engine("definition"):
        image = q(x)
    assert q(x).tobytes() == image.tobytes()
    taken = kernels.quantize(x, np.empty_like(x), q.format, q.scaling, q.partition, q.rounding, q.saturate)
    assert taken == q.scaling.direct
    x[2, 30] = np.nan
    with pytest.raises(NonFinite, match=r"nan at \(2, 30\), block \(2, 3\)"):
        q(x)
    spoiled = replace(q, nan=parse("int(4, nan=propagate)").nan)(x)  # type: ignore[attr-defined]
    assert np.isnan(spoiled[2, 24:32]).all() and np.isnan(spoiled).sum() == 8


@pytest.mark.parametrize("name", CASES)
def test_frozen_scales_make_the_same_image_again(name: str) -> None:
    q = CASES[name][0]
    x = np.random.default_rng(64).normal(size=(3, 20))
    held = q.frozen(x)
    assert np.array_equal(held(x), q(x)) and np.array_equal(held.scales(x / 2), q.scales(x))
    assert not np.array_equal(held(x / 2), q(x / 2))


@pytest.mark.parametrize("name", CASES)
def test_exact_images_are_those_before_rounding(name: str) -> None:
    """On numbers that hardly any arithmetic rounds: eighths, maxima 8."""
    from sqtheory.alphabet.rationals import rationals
    from sqtheory.theory.decide.exact import image, placed

    q = CASES[name][0]
    x = np.random.default_rng(65).integers(-63, 64, (2, 16)) / 8
    x[:, ::8] = [8.0, -8.0]
    exact = rationals(x)
    found = image(q, exact, placed(q, exact))
    assert all(isinstance(v, Fraction) for v in found.flat)
    close = np.isclose(found.astype(float), q(x), rtol=1e-12, atol=0)
    assert close.mean() > 0.9  # what lies on a midpoint may go the other way after rounding
    held = q.frozen(x)
    assert np.isclose(image(held, exact, placed(held, exact)).astype(float), q(x), rtol=1e-12, atol=0).mean() > 0.9


@pytest.mark.parametrize("rule", [PowerOfTwo(), SharedExponent(), AbsMean(1e-5), AbsMean()], ids=str)
def test_scales_of_scales_follow_units_as_the_scales_do(rule: Scaling) -> None:
    assert DoubleQuantization(rule).equivariance == rule.equivariance
    assert RowDoubleQuantization(DoubleQuantization(rule)).equivariance == rule.equivariance


@pytest.mark.parametrize("name", CASES)
def test_operators_are_read_as_they_are_written(name: str) -> None:
    q = CASES[name][0]
    assert parse(name) == q and str(parse(name)) == name


def test_spellings_name_what_differs() -> None:
    assert (
        str(StoredScale(E4M3)) == "stored(e4m3)"
        and str(Reciprocal(SignedMax(True))) == "reciprocal(signedmax(minimum=true))"
    )
    q = parse("scaled(e2m1, block=16, scaling=stored(e8m0, midpoint, rounding=ceil, least=1.0, late=true))")
    assert isinstance(q, Quantizer)
    assert q.scaling == StoredScale(E8M0, Midpoint(), ROUNDINGS["ceil"], 1.0, True) and parse(str(q)) == q


def test_what_no_stored_scale_can_be_is_refused() -> None:
    for rule in (TwoLevel(), Unscaled(), Frozen(FixedArray(1.0))):
        with pytest.raises(ValueError, match="not made of their block alone"):
            StoredScale(E4M3, rule)
    with pytest.raises(ValueError, match="signedmax can be negative, e8m0 has no negative number"):
        StoredScale(E8M0, SignedMax())
    with pytest.raises(ValueError, match="not rounded at random"):
        StoredScale(E4M3, rounding=stochastic(np.random.default_rng(0)))
    for least in (0.3, -1.0, 1e9):
        with pytest.raises(ValueError, match="is 0 or a positive number of e4m3"):
            StoredScale(E4M3, least=least)
    with pytest.raises(ValueError, match="needs a negative level"):
        scaled(Codebook("up", (0.0, 1.0)), scaling=SignedMax())
    with pytest.raises(TypeError):
        StoredScale(FORMATS["nf4"])  # type: ignore[arg-type]


def test_the_largest_entry_of_a_signed_scale_is_its_own_image() -> None:
    q = int_(4, block=4, scaling=SignedMax(), rounding=half_up)
    assert q([1.0, -1.0, 0.5, 0]).tolist() == [1, -0.875, 0.5, 0] and q([-1.0, 1.0, 0, 0]).tolist() == [-1, 0.875, 0, 0]
    assert not np.signbit(q(np.array([7.0, 0, -0.0, 0.1]))).any(), "0 times −7/8 is 0"
    least = replace(q, scaling=SignedMax(minimum=True))
    assert least([1.0, -1.0, 0, 0]).tolist() == [0.875, -1, 0, 0]
    assert ODD in q.traits and ODD not in least.traits
    assert not {MONOTONE, MAX_DETERMINED} & q.traits and IDEMPOTENT in q.traits
    mirror = replace(q, scaling=SignedMax(), format=FORMATS["iq4"])
    assert ODD in mirror.traits and mirror([0.0, 1, 0, 0])[0] != 0


def test_scales_stored_late_are_not_those_of_codes() -> None:
    """1/7 is no number of E4M3 and becomes 0.140625: 0.93 of 6.51 steps of 1/7, 6.61 steps of the stored scale."""
    late, soon = (int_(4, block=2, scaling=StoredScale(E4M3, late=flag)) for flag in (True, False))
    x = np.array([1.0, 0.9285])
    assert late(x).tolist() == [7 * 0.140625, 6 * 0.140625] and soon(x).tolist() == [7 * 0.140625, 7 * 0.140625]
    assert soon.nearest and not late.nearest and not late.scaling.exact_codes


def test_stored_scales_that_vanish() -> None:
    x = np.array([1e-9, 0, 0, 0])
    assert (
        scaled(E2M1, scaling=StoredScale(E4M3))(x)[0] == 0
        and scaled(E2M1, scaling=StoredScale(E4M3)).scales(x) == 2.0**-9
    )
    gone = scaled(E2M1, block=4, scaling=StoredScale(E4M3, least=0.0))
    many = np.resize(np.array([1e-9, 1e-5, 0, 1e-7, 4, 3, 2, 1], np.float32), 4096)
    with engine("definition"):
        image = gone(many)
    assert gone.scales(x) == 0 and gone(many).tobytes() == image.tobytes()
    assert np.count_nonzero(image) == 2048 and not image.reshape(-1, 8)[:, :4].any()
    assert scaled(E2M1, scaling=StoredScale(E4M3, least=2.0**-6)).scales(x) == 2.0**-6
    assert int_(4, scaling=StoredScale(FLOAT16, SignedMax())).scales(x) == -(2.0**-24)
    assert StoredScale(E8M0).values is Numbers.dyadic and StoredScale(E4M3).values is Numbers.real
    assert bits_per_entry(scaled(E2M1, block=16, scaling=StoredScale(E4M3)), (4, 64)) == Fraction(9, 2)


def test_doubly_quantized_scales_are_those_of_a_loop() -> None:
    """24 blocks, the last four of them under a scale of scales of their own; a block of zeros among them."""
    q = parse("nf4(block=8, scaling=double(count=20))")
    assert isinstance(q, Quantizer) and str(q) == "nf4(block=8, scaling=double(count=20))"
    x = np.random.default_rng(67).normal(size=(4, 48)) * 2.0 ** np.arange(4)[:, None]
    x[1, 8:16] = 0
    made = [max(abs(v) for v in x.reshape(-1, 8)[i]) for i in range(24)]
    alpha, sigma = float(np.mean(made)), []
    for part in (made[:20], made[20:]):
        tau = max(abs(v - alpha) for v in part)
        shares = [(v - alpha) / tau for v in part]
        sigma += [alpha + tau * min(FORMATS["dynamic8"].values, key=lambda c: abs(c - t)) for t in shares]
    np.testing.assert_allclose(q.scales(x).ravel(), sigma, rtol=1e-12)
    assert q.scales(x)[1, 1] != 0 and not q(x)[1, 8:16].any() and not q.nearest
    codes = FORMATS["nf4"].round(x.reshape(-1, 8) / np.where(np.array(made) == 0, 1, made)[:, None])
    np.testing.assert_allclose(q(x).reshape(-1, 8), codes * np.array(sigma)[:, None], rtol=1e-12)
    for rule in (TwoLevel(), StoredScale(E4M3, late=True)):
        with pytest.raises(ValueError, match="quantized once more"):
            DoubleQuantization(rule)


TURNED = [2048, 0, 0, 0, -4, -4.5, 5, -1, 32, 12, 18, -28, 1, 4.5, -2.5, 1]
"""Scales of 4 entries of which every other one becomes negative where it is doubly quantized."""


def test_scales_that_turn_signs_are_not_monotone_and_prune_first_can_lose() -> None:
    q, s, x = int_(4, block=4, scaling=DoubleQuantization()), nm(2, 4), np.array(TURNED, dtype=float)
    two = both(x, s, q)
    assert (q.scales(x) < 0).any() and np.array_equal(q.scales(x), q.scales(two.sparse))
    assert np.sum((x - two.after_mask) ** 2) > np.sum((x - two.masked_image) ** 2)
    for one in (q, q.frozen(x)):
        assert MONOTONE not in one.traits and not MONOTONE.holds(one, x)
        assert not Pair(s, one).on(x.shape).prune_first_dominates
    kept = int_(4, block=16, scaling=DoubleQuantization()).frozen(x)
    assert MONOTONE in kept.traits and MONOTONE.holds(kept, x)


def test_a_power_of_two_stored_upwards_is_that_of_rceil() -> None:
    x = np.random.default_rng(66).normal(size=(50, 32))
    for fmt in (E2M1, E4M3):
        stored = scaled(fmt, block=32, scaling=StoredScale(E8M0, rounding=ROUNDINGS["ceil"]))
        dyadic = scaled(fmt, block=32, scaling=PowerOfTwo(Exponent.rceil))
        assert np.array_equal(stored.scales(x), dyadic.scales(x))


HOLED = FloatFormat("holed", 2, 1, 1, subnormals=False)


@pytest.mark.parametrize("fmt", [E4M3, FLOAT16, E8M0, FORMATS["binary8p3se"], HOLED], ids=str)
def test_rational_numbers_round_as_floating_point_numbers_do(fmt: FloatFormat) -> None:
    levels = fmt.values[np.unique(np.linspace(0, fmt.values.size - 1, 200).astype(int))]
    points = np.concatenate([levels, (levels[1:] + levels[:-1]) / 2, levels * 1.01, np.array([0.0, 1e-12, 1e30])])
    for rounding in ROUNDINGS.values():
        found = [float(fmt.round_exactly(Fraction(v), rounding)) for v in points.tolist()]
        np.testing.assert_array_equal(found, fmt.round(points, rounding))
    assert fmt.round_exactly(Fraction(10, 3), nearest_even) == Fraction(float(fmt.round(np.array([10 / 3]))[0]))
