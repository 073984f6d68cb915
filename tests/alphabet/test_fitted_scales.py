"""Scales found by fitting and stored in super-blocks: against loops, exact twins, bounds, refusals; GGUF's K-quants."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from sqtheory.alphabet.aliases import K_QUANTS, Preset
from sqtheory.alphabet.formats import E2M1, FORMATS, INT4, Format, IntFormat
from sqtheory.alphabet.notation import parse_as
from sqtheory.alphabet.partition import Blocks, Rows
from sqtheory.alphabet.quantizers import Quantizer, int_, scaled
from sqtheory.alphabet.rationals import NotRational, rationals
from sqtheory.alphabet.scaling import (
    AbsMax,
    CandidateSearch,
    CoordinateDescent,
    FittedOffset,
    LeastSquares,
    Misfit,
    Scaling,
    SuperBlock,
)
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.alphabet.storage import bits_per_entry
from sqtheory.alphabet.traits import DETERMINISTIC, KEEPS_ZERO, ODD
from sqtheory.arrays import Array
from sqtheory.exceptions import SpellingError
from sqtheory.files.checkpoints.gguf_header import TYPES
from sqtheory.theory.decide import exact
from sqtheory.theory.decide.draws import draws
from sqtheory.theory.decide.rational import rational_orders
from sqtheory.theory.samples import SAMPLES
from tests.twins import fits
from tests.twins.formats import GRIDS
from tests.twins.quantizers import Rule

FAR = ("wide", "subnormal")
FULL3, FULL6 = IntFormat(3, full_range=True), IntFormat(6, full_range=True)
RULES: list[tuple[Scaling, Format, Rule]] = [
    *((LeastSquares(), fmt, fits.least_squares) for fmt in (INT4, E2M1, FORMATS["iq4"])),
    *((CandidateSearch(), fmt, fits.search) for fmt in (FULL6, FULL3)),
    (CoordinateDescent(), FULL3, fits.descent),
]
ALONE = (
    *("int(4, scaling=leastsquares)", "int(6, scaling=search)", "int(3, scaling=descent)"),
    "scaled(bfloat16, scaling=leastsquares)",
)
REALS = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def tensors(dtype: type, width: int = 12) -> dict[str, Array]:
    """Of moderate exponents, where no product that a rule compares leaves the range."""
    rng = np.random.default_rng(23)
    kinds = {name: sample(rng, (2, width), dtype) for name, sample in SAMPLES.items() if name not in FAR}
    kinds["mixed"] = rng.normal(size=(2, width)) * 2.0 ** rng.integers(-6, 7, (2, 1))
    kinds["negative"] = -np.abs(rng.normal(size=(2, width)))
    kinds["empty"] = np.zeros((2, width))
    return {name: x.astype(dtype) for name, x in kinds.items()}


def apart(rule: Scaling, fmt: Format, definition: Rule, dtype: type) -> list[str]:
    """On which tensors a rule is not its definition."""
    found = []
    for name, x in tensors(dtype).items():
        blocks = [list(row[at : at + 8]) for row in x for at in range(0, x.shape[1], 8)]
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):  # as numpy's arrays do
            expected = [definition(block, [], GRIDS[fmt.name]) for block in blocks]
        found += [] if np.array_equal(rule.scales(x, Blocks(8), fmt).ravel(), expected) else [name]
    return found


@REALS
@pytest.mark.parametrize(("rule", "fmt", "definition"), RULES, ids=lambda v: "" if callable(v) else str(v))
def test_a_scale_is_that_of_loops(rule: Scaling, fmt: Format, definition: Rule, dtype: type) -> None:
    assert apart(rule, fmt, definition, dtype) == []


def test_another_rule_is_told_from_that_of_the_loops() -> None:
    assert apart(CandidateSearch(3), FULL6, fits.search, np.float64)
    assert apart(CoordinateDescent(0), FULL3, fits.descent, np.float64)
    assert apart(LeastSquares(1), INT4, fits.least_squares, np.float64)


@REALS
@pytest.mark.parametrize("rule", [FittedOffset(), FittedOffset(Misfit.absolute, 5, 4, 3)], ids=str)
def test_scale_and_offset_are_those_of_loops(rule: FittedOffset, dtype: type) -> None:
    q = parse_as(Quantizer, "format", f"affine(2, {', '.join(rule.arguments)}, block=8)")
    for name, x in tensors(dtype, 28).items():
        sigma, offset = q.placed(x)
        for row, got, beside in zip(x, sigma, offset, strict=True):
            blocks = [list(row[at : at + 8]) for at in range(0, len(row), 8)]
            pairs = [fits.fitted(block, 2, rule.below, rule.misfit is Misfit.absolute) for block in blocks]
            for at in range(0, len(pairs), rule.count):
                part = slice(at, at + rule.count)
                first, second = zip(*pairs[part], strict=True)
                assert got[part].tolist() == fits.stored_unsigned(first, rule.scale_bits), name
                assert (-beside[part]).tolist() == fits.stored_unsigned([-v for v in second], rule.scale_bits), name


@REALS
@pytest.mark.parametrize("rule", [AbsMax(), CandidateSearch(), CoordinateDescent()], ids=str)
def test_scales_in_super_blocks_are_integers_under_a_float16_number(rule: Scaling, dtype: type) -> None:
    for name, x in tensors(dtype, 28).items():
        made, got = (r.scales(x, Blocks(4), FULL3) for r in (rule, SuperBlock(5, rule, 4)))
        for row, found in zip(made, got, strict=True):
            expected = [v for at in range(0, len(row), 4) for v in fits.stored_signed(row[at : at + 4], 5)]
            assert found.tolist() == expected, name


@pytest.mark.parametrize("one", K_QUANTS, ids=lambda one: one.name)
def test_a_k_quant_takes_the_bits_of_its_gguf_type_and_declares_what_it_keeps(one: Preset) -> None:
    q = one.make()
    size, octets = next((size, octets) for name, size, octets in TYPES.values() if name == one.name)
    assert size == 256 and bits_per_entry(q, (3, 256)) == Fraction(8 * octets, 256)
    minima = q.scaling.shifts
    assert q.traits == {DETERMINISTIC, *(() if minima else (KEEPS_ZERO,)), *((ODD,) if one.name == "Q6_K" else ())}


def test_q6_k_is_odd_and_q3_k_is_not() -> None:
    """Where the first largest entry is positive the fit starts below 0 and is not improved; half of the others are."""
    x = np.random.default_rng(4).normal(size=(4, 256)).astype(np.float32)
    q6, q3 = (parse_as(Quantizer, "format", name) for name in ("Q6_K", "Q3_K"))
    assert np.array_equal(q6(-x), -q6(x)) and not np.array_equal(q3(-x), -q3(x))
    plain, five = CoordinateDescent(0), CoordinateDescent()
    signs = Blocks(16).reduce(x, lambda rows: np.array([np.sign(fits.peak(list(row))) for row in rows]))
    moved = five.scales(x, Blocks(16), FULL3) != plain.scales(x, Blocks(16), FULL3)
    assert not moved[signs > 0].any() and moved[signs < 0].mean() > 0.4


def loss(x: Array, sigma: Array, fmt: Format) -> Array:
    y = x.astype(np.float64)
    image = np.where(sigma == 0, 0, fmt.round(y / np.where(sigma == 0, 1, sigma)) * sigma)
    return np.asarray(((y - image) ** 2).sum(axis=1))


def test_least_squares_never_lose_more_for_another_round_and_come_to_rest() -> None:
    """Within the rounding of σ: the loss is quadratic in it at a minimum, and 1e-6 is far above ε² of float64."""
    for name, x in tensors(np.float64, 40).items():
        losses = [loss(x, LeastSquares(r).scales(x, Rows(), INT4), INT4) for r in (1, 2, 3, 20, 40)]
        losses.insert(0, loss(x, AbsMax().scales(x, Rows(), INT4), INT4))
        for before, after in pairwise(losses):
            assert np.all(after <= before * (1 + 1e-6) + 1e-300), name
        np.testing.assert_array_equal(*(LeastSquares(r).scales(x, Rows(), INT4) for r in (40, 80)))


def test_least_squares_by_hand() -> None:
    """(7, 4, −4): codes (7, 4, −4) at σ = 1; (14, 5, −5)/2 rounds ties to even, so (7, 2, −2) and σ = 118/57."""
    rule = LeastSquares(1)
    assert rule.scales(np.array([[7.0, 4, -4]]), Rows(), INT4).item() == 1
    x = rationals(np.array([[14.0, 5, -5]]))
    assert rule.exact(x, Rows(), INT4).item() == Fraction(118, 57)


def test_a_search_loses_no_more_than_any_candidate() -> None:
    """Σ x² (x − σc)² of the codes of all t, by an independent fit in float64."""
    x = tensors(np.float64, 16)["normal"]
    sigma = CandidateSearch().scales(x, Rows(), FULL6)
    for row, found in zip(x, sigma.ravel(), strict=True):
        most = fits.peak(list(row))
        tried = []
        for t in range(-9, 10):
            c = np.clip(np.rint(-(32 + t / 10) / most * row), -32, 31)
            s = np.sum(row**3 * c) / np.sum(row**2 * c**2)
            tried.append((np.sum(row**2 * (row - s * c) ** 2), s))
        least, best = min(tried)
        assert found == pytest.approx(best, rel=1e-12) or least == pytest.approx(sorted(tried)[1][0], rel=1e-9)


@pytest.mark.parametrize("text", ["Q2_K", "Q3_K", "Q6_K", "int(4, block=16, scaling=leastsquares)"])
def test_in_rational_arithmetic_images_are_those_before_rounding(text: str) -> None:
    """Scales of a few steps of float16 apart where floats decide a comparison otherwise: in few blocks."""
    q, x = parse_as(Quantizer, "format", text), np.random.default_rng(8).integers(-64, 65, (1, 64)) / 16
    placed = exact.placed(q, rationals(x))
    image = exact.image(q, rationals(x), placed)
    assert all(isinstance(v, Fraction | int) for v in image.flat)
    np.testing.assert_allclose(image.astype(np.float64), q(x), rtol=1e-12, atol=1e-12)


def test_a_mean_square_without_a_rational_root_is_not_rational() -> None:
    rule, fmt = FittedOffset(), parse_as(Quantizer, "format", "Q4_K").format
    with pytest.raises(NotRational, match="no rational root"):
        rule.exact(rationals(np.eye(1, 32)), Blocks(32), fmt)
    x = np.zeros((1, 32))
    x[0, :3] = 23, -23, 20
    assert np.isclose(float(rule.exact(rationals(x), Blocks(32), fmt).item()), rule.scales(x, Blocks(32), fmt).item())


@pytest.mark.parametrize(
    ("name", "x"),
    [
        ("Q2_K", (1, -1, 1)),
        ("Q3_K", (1, -1, 1)),
        ("Q4_K", (73, -73, 72)),
        ("Q5_K", (-46, -46, -40)),
        ("Q6_K", (3, 3, 5)),
    ],
)
def test_rational_tensors_refute_the_order_and_zeros_that_minima_bring_back(name: str, x: tuple[int, ...]) -> None:
    """Their mean squares, of 32 entries and of the two that 2:4 keeps, have rational roots."""
    q, whole = parse_as(Quantizer, "format", name), np.zeros((1, 32))
    whole[0, :3] = x
    [draw] = draws(nm(2, 4), q, whole.shape, np.random.default_rng(0))
    made = rational_orders(draw, rationals(whole))
    sq = sum((v - image) ** 2 for v, image in zip(made.x, made.after_mask, strict=True))
    qs = sum((v - k * image) ** 2 for v, image, k in zip(made.x, made.image, made.image_mask, strict=True))
    assert isinstance(sq, Fraction) and sq > qs
    assert any(y for y, kept in zip(made.after_mask, made.mask, strict=True) if not kept) == (
        KEEPS_ZERO not in q.traits
    )


@REALS
@pytest.mark.parametrize("text", [*(one.name for one in K_QUANTS), *ALONE])
def test_no_image_is_lost_at_the_ends_of_the_dtype(text: str, dtype: type) -> None:
    q, limits = parse_as(Quantizer, "format", text), np.finfo(dtype)
    x = np.random.default_rng(9).uniform(-1, 1, (2, 300)).astype(dtype)
    for factor in (limits.max, limits.tiny, limits.smallest_subnormal * dtype(4)):
        y = q(x * factor)
        assert y.dtype == dtype and np.isfinite(y).all()
        if "_K" not in text:  # float16 ends where these do
            assert y.any()


def test_upper_scales_beyond_float16_are_its_ends() -> None:
    q = parse_as(Quantizer, "format", "Q6_K")
    big, small = (np.full((1, 256), v, np.float32) for v in (1e9, 1e-9))
    assert np.abs(q(big)).max() == 65504 * 128 * 32 and not q(small).any()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("int(4, scaling=superblock(1))", "a scale in a super-block has 2 to 16 bits, got 1"),
        ("int(4, scaling=superblock(4, count=1))", "a super-block has two blocks or more, got 1"),
        ("int(4, scaling=superblock(4, twolevel))", "scales by twolevel are not made of their block alone"),
        ("int(4, scaling=leastsquares(0))", "least squares take 1 to 1000 rounds, got 0"),
        ("int(4, scaling=search(101))", "a search tries 0 to 100 tenths on either side, got 101"),
        ("int(4, scaling=descent(-1))", "a descent takes 0 to 1000 rounds, got -1"),
        ("affine(4, offset=fitted, below=11)", "0 to 10 tenths are tried below, got 11"),
        ("affine(4, offset=fitted, scale_bits=17)", "a scale in a super-block has 1 to 16 bits, got 17"),
        ("affine(4, below=5)", "below= says nothing of offset=integer"),
        ("affine(4, offset=fitted, stored=float16)", "stored= says nothing of offset=fitted"),
        ("Q4_K_M", "Q4_K_M is no operator here: it is a mixture of types over the tensors of a file; nearest is Q4_K"),
        ("Q8_K", "it is for activations"),
    ],
)
def test_what_is_out_of_range_is_refused_by_name(text: str, says: str) -> None:
    with pytest.raises(SpellingError) as refusal:
        parse_as(Quantizer, "format", text)
    assert says in str(refusal.value)


def test_rules_need_a_negative_level_and_spell_their_options() -> None:
    with pytest.raises(ValueError, match="needs a negative level"):
        scaled(FORMATS["e8m0"], scaling=CandidateSearch())
    with pytest.raises(TypeError):
        SuperBlock(4, "absmax")  # type: ignore[arg-type]
    assert str(int_(4, scaling=SuperBlock(4, count=8))) == "int(4, scaling=superblock(4, count=8))"
    some = LeastSquares(3), CandidateSearch(2), CoordinateDescent(1), SuperBlock(6, CandidateSearch(2))
    assert [str(rule) for rule in some] == ["leastsquares(3)", "search(2)", "descent(1)", "superblock(6, search(2))"]
