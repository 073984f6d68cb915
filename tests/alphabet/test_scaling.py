"""Scales of blocks, each rule against its definition in scalar arithmetic and exact rationals."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sqtheory.alphabet.formats import (
    BFLOAT16,
    E2M1,
    E2M3,
    E3M2,
    E4M3,
    E5M2,
    E8M0,
    FORMATS,
    INT4,
    INT8,
    Codebook,
    Format,
    IntFormat,
)
from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.partition import Blocks, Rows, Tiles, Whole
from sqtheory.alphabet.quantizers import int_, scaled
from sqtheory.alphabet.rounding import ceil, floor, nearest_even
from sqtheory.alphabet.scaling import (
    SCALINGS,
    AbsMax,
    AbsMean,
    BlockError,
    Exponent,
    FloorFull,
    FourOverSix,
    Frozen,
    FullRange,
    HalfRange,
    LeastNorm,
    LeastOfHistogram,
    Midpoint,
    Percentile,
    PowerOfTwo,
    Reciprocal,
    Scaling,
    SharedExponent,
    SignedMax,
    StoredScale,
    TwoLevel,
    Unclipped,
    Unscaled,
    mse,
)
from sqtheory.alphabet.scaling.dyadic import doubled_from
from sqtheory.arrays import FixedArray
from sqtheory.theory.samples import SAMPLES
from tests.nightly import thin
from tests.twins import quantizers as twin
from tests.twins.formats import GRIDS, round_exactly

ELEMENTS = [(E4M3, 3), (E5M2, 2), (E3M2, 2), (E2M3, 3), (E2M1, 1), (INT8, 6)]
"""Each element with its bits below the leading one."""
FULL8, FULL4 = IntFormat(8, full_range=True), IntFormat(4, full_range=True)
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
RULES: list[tuple[Scaling, Format, twin.Rule]] = [
    *((AbsMax(), fmt, twin.absmax) for fmt in (INT4, INT8, E4M3, E2M1, FORMATS["nf4"], FORMATS["bcq3"])),
    *((FullRange(), fmt, twin.fullrange) for fmt in (FULL4, FULL8)),
    *((Midpoint(), fmt, twin.midpoint) for fmt in (FULL4, FULL8)),
    *((HalfRange(), fmt, twin.halfrange) for fmt in (FULL4, FULL8)),
    *((Unclipped(), fmt, twin.unclipped) for fmt in (FULL4, FULL8, FORMATS["iq4"])),
    *((FloorFull(), fmt, twin.floor_full) for fmt in (FULL4, FULL8)),
    *((PowerOfTwo(e), fmt, twin.power_of_two(e.name, m, m * (fmt == INT8))) for e in Exponent for fmt, m in ELEMENTS),
    *((SharedExponent(), IntFormat(k), twin.shared_exponent) for k in (2, 3, 4, 8)),
    (TwoLevel(), E2M1, twin.two_level),
    *((FourOverSix(e), fmt, twin.four_over_six(e.value)) for e in BlockError for fmt in (E2M1, INT4)),
    *((SignedMax(minimum=m), fmt, twin.signed_max(m)) for m in (False, True) for fmt in (FULL4, FORMATS["iq4"])),
    (StoredScale(E4M3), E2M1, twin.stored(twin.absmax, GRIDS["e4m3"])),
    (StoredScale(E4M3, least=2.0**-6), E2M1, twin.stored(twin.absmax, GRIDS["e4m3"], least=2.0**-6)),
    (StoredScale(E5M2, least=0.0), E2M1, twin.stored(twin.absmax, GRIDS["e5m2"], least=0.0)),
    (StoredScale(E8M0, rounding=ceil), E2M1, twin.stored(twin.absmax, GRIDS["e8m0"], "ceil")),
    (StoredScale(E8M0, Midpoint()), FULL4, twin.stored(twin.midpoint, GRIDS["e8m0"])),
    (StoredScale(BFLOAT16, SignedMax(), floor), FULL4, twin.stored(twin.signed_max(False), GRIDS["bfloat16"], "floor")),
    (Reciprocal(AbsMax()), INT8, twin.absmax),
    (Unscaled(), E4M3, twin.unscaled),
]


@DTYPES
@pytest.mark.parametrize(("rule", "fmt", "definition"), RULES, ids=lambda v: "" if callable(v) else str(v))
def test_scales_are_those_of_the_definition(rule: Scaling, fmt: Format, definition: twin.Rule, dtype: type) -> None:
    rng = np.random.default_rng(11)
    for name, sample in SAMPLES.items():
        x = sample(rng, (4, 27), dtype)
        got = rule.scales(x, Blocks(8), fmt)
        assert got.dtype == dtype and got.shape == (4, -(-x.shape[1] // 8)), name
        boxes, grid = twin.blocks(x.shape, 8, -1), GRIDS[fmt.name]
        expected = [definition([x[i] for i in box], list(x.flat), grid) for box in boxes]
        np.testing.assert_array_equal(got.ravel(), expected, err_msg=name)
        assert not np.signbit(got if not rule.signed else got[got == 0]).any(), name


@pytest.mark.parametrize("power", [-126, -60, -1, 0, 1, 7, 100, 127])
def test_one_step_below_a_power_of_two_the_exponent_stays(power: int) -> None:
    """The correctly rounded float32 log₂ is the integer there, so a floor of it is one too many."""
    amax = np.nextafter(np.float32(2) ** power, np.float32(0))
    if abs(power) > 20:
        assert np.floor(np.log2(amax)) == power
    expected = np.ldexp(1.0, max(power - 1 - 8, -127))
    assert PowerOfTwo().scales(np.array([amax]), Whole(), E4M3) == expected
    assert PowerOfTwo(Exponent.ceil).scales(np.array([amax]), Whole(), E4M3) == max(2.0 ** (power - 8), 2.0**-127)


def test_shared_powers_of_two_are_those_e8m0_can_hold() -> None:
    x = np.ldexp(1.0, np.array([-1000, -140, -119, -118, 0, 134, 135, 136, 1000]))
    got = PowerOfTwo().scales(x, Blocks(1), E4M3)
    assert np.log2(got).tolist() == [-127, -127, -127, -126, -8, 126, 127, 127, 127]
    assert np.isin(got, FORMATS["e8m0"].values).all()


def test_which_scale_never_saturates() -> None:
    """Of the five rules only rceil keeps every maximum within the format, and with the smallest such scale."""
    amax = np.random.default_rng(12).uniform(1, 4, 5000).astype(np.float32)
    for fmt, m in ELEMENTS:
        ratio = {e: amax / PowerOfTwo(e).scales(amax, Blocks(1), fmt) for e in Exponent}
        lead, rounds_up = 2.0 ** np.floor(np.log2(fmt.max)), 1 - 2.0 ** -(m + 2)
        assert lead <= ratio[Exponent.floor].min() and fmt.max < ratio[Exponent.floor].max() < 2 * lead
        assert lead / 2 < ratio[Exponent.ceil].min() and ratio[Exponent.ceil].max() <= lead
        assert fmt.max / 2 < ratio[Exponent.rceil].min() and ratio[Exponent.rceil].max() <= fmt.max
        limit = float(doubled_from(fmt))
        assert limit / 2 < ratio[Exponent.oas].min() and ratio[Exponent.oas].max() <= limit
        assert lead * rounds_up <= ratio[Exponent.even].min() and ratio[Exponent.even].max() < 2 * lead * rounds_up


@given(st.floats(0, 2.0**100, width=32), st.sampled_from([2, 3, 4, 6, 8]))
def test_emulated_exponent_is_a_float32_logarithm(amax: float, k: int) -> None:
    for dtype in (np.float32, np.float64):
        x = np.array([amax, -amax / 2], dtype)
        expected = twin.shared_exponent_emulated(list(x), list(x), GRIDS[f"int{k}"])
        assert SharedExponent(1e-8).scales(x, Whole(), IntFormat(k)) == expected


def test_emulated_exponent_differs_from_the_exact_one_where_it_should() -> None:
    exact, emulated = (SharedExponent(e).scales for e in (None, 1e-8))
    cases = np.array([0, 1e-9, 2.0**-20, 1.0, 2**20 + 0.125], np.float32)
    logs = [np.log2(rule(cases[1:], Blocks(1), INT4)).tolist() for rule in (exact, emulated)]
    assert logs == [[-32, -23, -3, 18], [-29, -22, -3, 17]]
    assert exact(cases[:1], Whole(), INT4) == 0 and emulated(cases[:1], Whole(), INT4) == 2.0**-29


def test_half_range_is_the_quantizer_of_gptq() -> None:
    rng = np.random.default_rng(13)
    for name, sample in SAMPLES.items():
        for bits in (2, 3, 4, 8):
            x = sample(rng, (6, 21), np.float32)
            got = int_(bits, per=Rows(), scaling=HalfRange())(x)
            np.testing.assert_array_equal(got, [twin.gptq(list(row), bits) for row in x], err_msg=name)


def test_half_range_loses_half_of_a_block_without_a_negative_entry() -> None:
    q = int_(8, per=Whole(), scaling=HalfRange())
    assert q.scales(np.array([1, 0.9, 0.8])) == 1 / 255
    np.testing.assert_allclose(q(np.array([1, 0.9, 0.8])), 127 / 255, rtol=1e-15)
    np.testing.assert_allclose(q(np.array([1, 0.9, -0.8])), [1, 0.9, -0.8], atol=2 / 255)
    assert q.scales(np.zeros(3)) == 2 / 255 and q(np.zeros(3)).tolist() == [0, 0, 0]


def test_a_mask_that_takes_the_last_negative_entry_reverses_the_order() -> None:
    """Under half range, quantizing after the mask is the worse order: the mask halves what the codes reach."""
    x, mask = np.array([1, 0.9, 0.8, -0.1]), np.array([1, 1, 1, 0])
    q = int_(8, per=Whole(), scaling=HalfRange())
    error = {"mask first": np.abs(x - q(mask * x)).sum(), "mask last": np.abs(x - mask * q(x)).sum()}
    assert error["mask last"] < 0.12 < 1.2 < error["mask first"]


@DTYPES
def test_the_mean_of_magnitudes_is_that_of_exact_sums(dtype: type) -> None:
    """Relative to n − 1 = 7 additions, a division and a rounding of float64, then one rounding to the dtype."""
    rounding = 9 * 2.0**-53 + float(np.finfo(dtype).eps) / 2
    for name, sample in SAMPLES.items():
        x = sample(np.random.default_rng(16), (4, 27), dtype)
        got = AbsMean().scales(x, Blocks(8), IntFormat(2))
        assert got.dtype == dtype, name
        for box, scale in zip(twin.blocks(x.shape, 8, -1), got.ravel(), strict=True):
            mean = sum(Fraction(float(abs(x[i]))) for i in box) / len(box)
            assert (scale == 0) == (mean == 0), name
            assert abs(float(scale) - float(mean)) <= rounding * float(mean) + float(np.finfo(dtype).tiny), name


def test_ternary_weights_are_those_of_bitnet() -> None:
    """round(w/γ) clipped to −1, 0, 1, times γ = mean |w|; a tensor of small mean is divided by 1e-5 instead."""
    w = np.array([[2.0, -0.5, 0.25, 1.25], [-0.1, 0.0, 1.9, -2.0]])
    q = int_(2, per=Whole(), scaling=AbsMean())
    assert q.scales(w) == 1 and q(w).tolist() == [[1, 0, 0, 1], [0, 0, 1, -1]]
    held = int_(2, per=Whole(), scaling=AbsMean(1e-5))
    np.testing.assert_array_equal(held(w), q(w))
    assert held.scales(w * 1e-9) == 1e-5 and not held(w * 1e-9).any() and q(w * 1e-9).any()
    assert str(held) == "int(2, per=tensor, scaling=absmean(1e-05))" and parse(str(held)) == held
    for wrong in (-1.0, np.inf, np.nan):
        with pytest.raises(ValueError, match="finite and not negative"):
            AbsMean(wrong)


@pytest.mark.parametrize("fmt", [INT4, E2M1, FORMATS["nf4"]], ids=str)
@pytest.mark.parametrize("name", ["normal", "heavy", "one_signed"])
def test_a_scale_of_a_histogram_by_loops_over_its_bins(fmt: Format, name: str) -> None:
    """The sums of squares are those of the definition within n ε, so no middle that is tried loses less."""
    x = SAMPLES[name](np.random.default_rng(17), (3, 200), np.float64)
    for row, scale in zip(x, LeastOfHistogram(40).scales(x, Rows(), fmt).ravel(), strict=True):
        top = max(abs(row))
        middles = [(i + 0.5) / 40 for i in range(40)]
        counts = [0] * 40
        for v in row:
            counts[min(int(abs(v) / top * 40), 39)] += 1

        def loss(i: int, counts: list[int] = counts, middles: list[float] = middles) -> float:
            sigma = middles[i] / fmt.max
            levels = [sigma * float(level) for level in fmt.values]
            return sum(n * min(abs(c - level) for level in levels) ** 2 for n, c in zip(counts, middles, strict=True))

        coarse = min(range(0, 40, 4), key=loss)
        tried = range(max(coarse - 4, 0), min(coarse + 4, 36) + 1)
        chosen = round(float(scale) * fmt.max / top * 40 - 0.5)
        assert chosen in tried and scale == pytest.approx(middles[chosen] * top / fmt.max, rel=1e-14)
        assert loss(chosen) <= min(map(loss, tried)) * (1 + 1e-12)


def test_a_histogram_clips_an_outlier_and_refuses_too_few_bins() -> None:
    x = np.append(np.random.default_rng(18).normal(size=4000), 20.0)
    clipped, full = LeastOfHistogram().scales(x, Whole(), INT4), AbsMax().scales(x, Whole(), INT4)
    assert clipped < full / 3
    q = [int_(4, per=Whole(), scaling=rule) for rule in (LeastOfHistogram(), AbsMax())]
    assert np.linalg.norm(x - q[0](x)) < 0.75 * np.linalg.norm(x - q[1](x))
    for wrong in (9, 4097):
        with pytest.raises(ValueError, match="10 to 4096 bins"):
            LeastOfHistogram(wrong)


def test_two_levels_by_hand() -> None:
    x = np.array([[2688.0, 1, 0, 0], [30, 1, 0, 0], [0.001, 0, 0, 0], [0, 0, 0, 0]])
    got = TwoLevel().scales(x, Blocks(4), E2M1)
    assert got.ravel().tolist() == [448, 5, 2.0**-9, 0]
    assert TwoLevel(E5M2).scales(x, Blocks(4), E2M1)[0, 0] == pytest.approx(448)
    assert TwoLevel().scales(np.zeros((2, 4)), Blocks(4), E2M1).tolist() == [[0], [0]]


def test_frozen_scales_are_given() -> None:
    x = np.ones((4, 6))
    assert Frozen(FixedArray(0.25)).scales(x, Tiles(2, 3), INT4).tolist() == [[0.25] * 2] * 2
    grid = np.array([[1.0, 2.0], [3.0, 0.0]])
    assert Frozen(FixedArray(grid)).scales(x, Tiles(2, 3), INT4).tolist() == grid.tolist()
    assert scaled(INT4, per=Tiles(2, 3), scaling=Frozen(FixedArray(grid)))(x)[3].tolist() == [3 * 0.0] * 6
    with pytest.raises(ValueError, match=r"shape \(2, 2\), the blocks form the grid \(4, 1\)"):
        Frozen(FixedArray(grid)).scales(x, Rows(), INT4)
    for wrong in (-1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="finite numbers that are not negative"):
            Frozen(FixedArray(wrong))
    with pytest.raises(ValueError, match=r"1e\+300 is beyond the range of float32"):
        Frozen(FixedArray(1e300)).scales(np.ones(3, np.float32), Whole(), INT4)
    assert Frozen(FixedArray(1e-300)).scales(np.ones(3, np.float32), Whole(), INT4) == np.float32(2.0**-149)


@pytest.mark.parametrize("p", [0.5, 25, 50, 90, 99.9])
@DTYPES
def test_percentiles_interpolate_linearly(p: float, dtype: type) -> None:
    x = np.random.default_rng(14).normal(size=(5, 37)).astype(dtype)
    got = Percentile(p).scales(x, Rows(), INT8)
    for row, scale in zip(x, got.ravel(), strict=True):
        sizes = sorted(Fraction(float(abs(v))) for v in row)
        place = Fraction(p) / 100 * (len(sizes) - 1)
        below = int(place)
        cut = sizes[below] + (place - below) * (sizes[min(below + 1, len(sizes) - 1)] - sizes[below])
        assert float(scale) == pytest.approx(float(cut / 127), rel=4 * float(np.finfo(dtype).eps))


def test_a_percentile_of_zero_gives_way_to_the_maximum() -> None:
    x = np.array([[0, 0, 0, 0, 7], [0, 0, 0, 0, 0]])
    assert Percentile(50).scales(x * 1.0, Rows(), INT4).tolist() == [[1], [0]]
    for p in (0, 100, -1, np.nan):
        with pytest.raises(ValueError, match=r"lies in \(0, 100\)"):
            Percentile(p)


def losses(block: NDArray[Any], scale: Any, fmt: Format, p: float = 2) -> Fraction:
    """‖x − σρ(x/σ)‖_p^p (p a whole number), the norm for p = ∞: exactly, of the block as the dtype computes it."""
    errors = []
    for v in block:
        ratio = round_exactly(Fraction(float(v / scale)), GRIDS[fmt.name], "nearest_even")
        errors.append(abs(Fraction(float(v)) - Fraction(float(scale * v.dtype.type(float(ratio))))))
    return max(errors) if p == np.inf else sum((e ** int(p) for e in errors), Fraction(0))


@thin(12)
@DTYPES
@pytest.mark.parametrize("fmt", [INT4, E2M1, FORMATS["nf4"]], ids=str)
@pytest.mark.parametrize("name", ["normal", "heavy", "one_signed", "ties"])
@pytest.mark.parametrize("p", [2, 1, 3, np.inf])
def test_scales_of_least_error_by_brute_force(fmt: Format, name: str, p: float, dtype: type) -> None:
    rule = LeastNorm(p, 40)
    assert [rule.fits(other) for other in (1, 2, 3, np.inf)] == [p == other for other in (1, 2, 3, np.inf)]
    for factor in (1.0, 2.0**-140 if dtype is np.float32 else 2.0**-600):
        x = SAMPLES[name](np.random.default_rng(15), (3, 12), dtype) * dtype(factor)
        got = rule.scales(x, Rows(), fmt).ravel()
        for row, scale in zip(x, got, strict=True):
            full = twin.absmax(list(row), list(row), GRIDS[fmt.name])
            candidates = [twin.kept_positive(full * dtype(i / 40), True) for i in range(40, 0, -1)]
            assert scale in candidates
            least = min(losses(row, c, fmt, p) for c in candidates)
            assert losses(row, scale, fmt, p) <= least * (1 + Fraction(1, 10**5))


def test_of_equal_losses_the_largest_scale_is_taken() -> None:
    assert mse().scales(np.array([7.0, 1, -3, 0]), Whole(), INT4) == 1
    assert mse().scales(np.zeros(4), Whole(), INT4) == 0
    assert mse(1).scales(np.array([7.0, 0.6]), Whole(), INT4) == 1
    assert mse(2).scales(np.array([7.0, *[0.5] * 100]), Whole(), INT4) == 0.5
    assert mse(2).scales(np.array([1.0, 0.5]), Whole(), IntFormat(2)) == 1  # 0² + ½² = ½² + 0²
    with pytest.raises(ValueError, match="at least one step"):
        mse(0)
    with pytest.raises(ValueError, match="a p-norm needs p in"):
        LeastNorm(0)
    assert str(LeastNorm(1)) == "lp(1)" and str(LeastNorm(np.inf, 7)) == "lp(inf, 7)" and LeastNorm(2, 7) == mse(7)


def test_a_rule_of_one_candidate_fits_every_norm() -> None:
    """It follows from the maximum: of the numbers that do, those that it chooses from, there is one."""
    for rule in (AbsMax(), TwoLevel(), TwoLevel().by_rows(), PowerOfTwo(), mse(1)):
        assert all(rule.fits(p) for p in (0.5, 1, 2, np.inf))
    for other in (Percentile(99), Unscaled(), SharedExponent(1e-3), mse(2)):
        assert other.fits(1) == other.follows_maximum


@thin(3)
@pytest.mark.parametrize("name", ["int8", "int2", "e4m3", "e2m1", "nf4"])
@pytest.mark.parametrize("rule", [*SCALINGS.values(), SharedExponent(), SharedExponent(1e-8), Percentile(50)], ids=str)
def test_scales_too_small_for_the_arithmetic_never_divide_by_zero(name: str, rule: Scaling) -> None:
    """Every maximum of 1 … 2000 steps of the smallest subnormal: no NaN, no infinity, codes within their range."""
    fmt = FORMATS[name + "full" if rule.full_range and name.startswith("int") else name]
    steps = np.arange(2000)
    x = np.stack([steps, -steps // 2, 0 * steps, steps // 3], axis=1).astype(np.float32) * np.float32(2.0**-149)
    result = scaled(fmt, scaling=rule, per=Rows()).quantize(x)
    assert np.isfinite(result.values).all() and np.isfinite(result.scales).all()
    assert np.all((result.scales[1:] if not rule.signed else np.abs(result.scales[1:])) > 0) and np.all(
        result.values[0] == 0
    )
    decoded = fmt.decode(result.codes)
    assert decoded.min() >= fmt.min and decoded.max() <= fmt.max
    np.testing.assert_array_equal(result.values, decoded * result.scales)


@DTYPES
def test_the_largest_numbers_do_not_overflow(dtype: type) -> None:
    top = np.finfo(dtype).max
    x = top * np.array([[1, 0.3, -0.7], [-1, -1, 1], [0, 1, 0.5], [-1, 0, 1e-9]], dtype)
    for rule in (*SCALINGS.values(), SharedExponent(), SharedExponent(1e-8), Percentile(60), Unscaled()):
        for fmt in (FULL8 if rule.full_range else INT8, E4M3, E2M1, FORMATS["nf4"], FORMATS["bcq3"]):
            image = scaled(fmt, scaling=rule, per=Rows())(x)
            assert np.isfinite(image).all(), (rule, fmt)
    assert np.isfinite(scaled(E2M1, scaling=TwoLevel(), per=Rows())(x)).all()
    low = scaled(Codebook("low", (-8.0, 0.0, 1.0)), scaling=Frozen(FixedArray(top / 5)), per=Rows())
    assert low(x[1]).tolist() == [-top, -top, top / 5]
    rounded_up = scaled(E2M3, scaling=PowerOfTwo(Exponent.ceil))(x[:1, :1])
    assert rounded_up == (top if dtype is np.float32 else 7.5 * 2.0**127)


def test_rules_spell_themselves_and_know_what_reproduces() -> None:
    assert all(str(rule) == name for name, rule in SCALINGS.items())
    others = [SharedExponent(), SharedExponent(1e-8), TwoLevel(), TwoLevel(E5M2), Percentile(99), mse(7)]
    assert "shared shared(1e-08) twolevel twolevel(e5m2) percentile(99) mse(7)" == " ".join(map(str, others))
    assert str(Unscaled()) == "unscaled" and str(Frozen(FixedArray(0.5))) == "frozen(0.5)"
    assert PowerOfTwo().reproduces(E4M3, nearest_even) and not PowerOfTwo().reproduces(FORMATS["nf4"], nearest_even)
    assert not PowerOfTwo().reproduces(FORMATS["bcq3"], nearest_even), "2·3 = 6 is no level"
    assert not PowerOfTwo().reproduces(FULL8, nearest_even) and AbsMax().reproduces(FULL8, nearest_even)
    assert mse().reproduces(INT8, nearest_even) and not mse().reproduces(INT8, floor)
    assert not mse().reproduces(FULL8, nearest_even) and not AbsMax().reproduces(INT8, floor)
    with pytest.raises(ValueError, match="positive epsilon"):
        SharedExponent(0.0)


SHARED = (SharedExponent(), SharedExponent(1e-8))


@pytest.mark.parametrize("rule", [*SCALINGS.values(), *SHARED, TwoLevel(), Unscaled()], ids=str)
def test_a_block_of_zeros_has_scale_zero_where_the_rule_says_so(rule: Scaling) -> None:
    scale = rule.scales(np.zeros((1, 4), np.float32), Rows(), IntFormat(4, rule.full_range))
    assert bool(scale.item() == 0) == (rule.zero_block_is_zero or rule == SCALINGS["double"])  # that of one block


@pytest.mark.parametrize("exponent", Exponent)
def test_only_an_exponent_rounded_to_even_asks_for_nearest_rounding(exponent: Exponent) -> None:
    rule = PowerOfTwo(exponent)
    assert rule.reproduces(E4M3, nearest_even)
    assert rule.reproduces(E4M3, floor) == (exponent is not Exponent.even)
    assert Frozen(FixedArray(0.5)).reproduces(INT8, nearest_even) is True
    assert Frozen(FixedArray(0.5)).reproduces(INT8, floor) is False


def test_scales_of_maxima_follow_every_factor_and_powers_of_two_only_powers_of_two() -> None:
    factors = {True: 3.0, False: 8.0}
    x = np.array([[0.7, -1.9, 0.3, 0.1]])
    for rule in (AbsMax(), mse(7), PowerOfTwo(), Unscaled()):
        held = {1.0: True} | {
            c: bool(np.allclose(rule.scales(c * x, Rows(), INT8), c * rule.scales(x, Rows(), INT8), rtol=1e-12))
            for c in factors.values()
        }
        named = {str(trait) for trait in rule.equivariance}
        assert held[8.0] == bool(named) and (held[3.0] or len(named) < 2), (rule, named, held)


def test_half_range_of_a_format_as_wide_as_the_dtype() -> None:
    """max Γ − min Γ of bfloat16 is beyond float32; σ is not."""
    top = np.float32(BFLOAT16.max)
    for x in ([1, 2], [1, -2]):
        sigma = HalfRange().scales(np.array([x], np.float32), Rows(), BFLOAT16)
        np.testing.assert_array_equal(sigma, np.float32(2) / top / (2 if min(x) > 0 else 1))
