"""What scale rules declare of themselves is what they are seen to do, both ways."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from sqtheory.alphabet.formats import BFLOAT16, E2M1, E2M3, E4M3, E8M0, FLOAT16, INT4, Format, IntFormat, UnsignedFormat
from sqtheory.alphabet.partition import Blocks, Partition, Rows
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.rationals import NotRational, rationals
from sqtheory.alphabet.rounding import ceil, toward_zero
from sqtheory.alphabet.scaling import (
    SCALINGS,
    AbsMax,
    AbsMean,
    Affine,
    BlockError,
    CandidateSearch,
    CoordinateDescent,
    DoubleQuantization,
    Edge,
    FittedOffset,
    FourOverSix,
    FromMaximum,
    Frozen,
    FrozenAffine,
    Held,
    LeastSquares,
    Middle,
    Minimum,
    Misfit,
    MixedFormat,
    Numbers,
    Percentile,
    Range,
    Reach,
    RealZero,
    Reciprocal,
    RowDoubleQuantization,
    RowFourOverSix,
    RowTwoLevel,
    Scaling,
    SearchedZero,
    SharedExponent,
    SignedMax,
    StoredScale,
    SuperBlock,
    SweptScale,
    TwoLevel,
    Unscaled,
    ZeroPoint,
    maxima,
)
from sqtheory.alphabet.scaling.four_over_six import TOP
from sqtheory.alphabet.scaling.rule import DYADIC, FULL
from sqtheory.alphabet.traits import DYADIC_EQUIVARIANT, ODD, SCALE_EQUIVARIANT, Trait
from sqtheory.arrays import Array, FixedArray
from sqtheory.exceptions import Undefined
from tests.kinds import alphabet_kinds
from tests.nightly import thin

Tensor = NDArray[np.float64]
SHAPE = (3, 8)
BLOCKS = Blocks(4)
GRID = BLOCKS.grid(SHAPE)
AFFINE: dict[str, Affine] = {
    str(rule): rule
    for rule in (
        *(ZeroPoint(), ZeroPoint(Range.own), Minimum(), Minimum(Range.with_zero), Middle(), Edge(), Edge(1e-3)),
        *(RealZero(), RealZero(rounded=True), RealZero(most=2.0), RealZero(narrow=0.5), Minimum(stored=FLOAT16)),
        *(Middle(computed=BFLOAT16), SearchedZero()),
    )
}
STORED: tuple[Scaling, ...] = (
    *(
        StoredScale(FLOAT16),
        StoredScale(E4M3, least=0.0),
        StoredScale(E8M0, rounding=ceil),
        StoredScale(BFLOAT16, Percentile(60), toward_zero),
    ),
    *(
        StoredScale(FLOAT16, SignedMax(), late=True),
        StoredScale(E4M3, late=True),
        StoredScale(BFLOAT16, SignedMax(minimum=True)),
    ),
    *(Reciprocal(AbsMax()), Reciprocal(StoredScale(FLOAT16)), StoredScale(FLOAT16, Reciprocal(SignedMax()), late=True)),
    *(SignedMax(minimum=True), Reciprocal(TwoLevel()), DoubleQuantization(count=4)),
)
FITTED: tuple[Scaling, ...] = (
    *(CandidateSearch(), CandidateSearch(2), CoordinateDescent(), LeastSquares(3)),
    *(SuperBlock(8, CandidateSearch()), SuperBlock(6, CoordinateDescent()), SuperBlock(4), SuperBlock(4, count=2)),
    *(FittedOffset(), FittedOffset(Misfit.absolute, 5, 4, 16)),
)
RULES: dict[str, Scaling] = {
    **AFFINE,
    "frozen affine": FrozenAffine(
        Minimum(), (FixedArray(np.linspace(0.1, 0.9, 6).reshape(GRID)), FixedArray(np.linspace(-3, 3, 6).reshape(GRID)))
    ),
    **{str(rule): rule for rule in SCALINGS.values()},
    **{
        str(rule): rule for rule in (Percentile(60), SharedExponent(), SharedExponent(1e-8), TwoLevel(), TwoLevel(E2M3))
    },
    "absmean(0.5)": AbsMean(0.5),
    **{str(rule): rule for rule in FITTED},
    **{str(rule): rule for rule in STORED},
    **{"unscaled": Unscaled(), "one frozen": Frozen(FixedArray(0.3)), "rows": RowTwoLevel(TwoLevel())},
    "fouroversix(mae)": FourOverSix(BlockError.mae),
    **{str(rule): rule for rule in (SweptScale(E8M0), SweptScale(E4M3, BlockError.mae), SweptScale(E2M1))},
    **{str(rule): rule for rule in (MixedFormat(E2M1, rule=AbsMax()), MixedFormat(E2M1, BlockError.mae, AbsMax()))},
    "rows of fouroversix": RowFourOverSix(FourOverSix(BlockError.abs_max)),
    "double rows": RowDoubleQuantization(DoubleQuantization()),
    "frozen": Frozen(FixedArray(np.linspace(0.1, 0.9, 6).reshape(GRID))),
    "held": Held(StoredScale(E4M3, late=True), *(FixedArray(np.linspace(a, 0.9, 6).reshape(GRID)) for a in (0.1, 0.2))),
}
BOUNDED = {
    *(
        "absmax",
        "absmean",
        "fullrange",
        "midpoint",
        "floor",
        "ceil",
        "even",
        "rceil",
        "oas",
        "shared",
        "unclipped",
        "floorfull",
    ),
    *("signedmax", "signedmax(minimum=true)", "reciprocal(absmax)"),
}
"""Rules of which the supremum of σ_B/max|x_B| is known."""


def format_of(rule: Scaling) -> Format:
    return UnsignedFormat(4) if rule.shifts else IntFormat(4, full_range=True) if rule.full_range else INT4


def tensors(count: int = 30, seed: int = 3) -> Iterator[Tensor]:
    rng = np.random.default_rng(seed)
    for i in range(count):
        x = rng.integers(-64, 65, SHAPE) / 8 * 2.0 ** rng.integers(-3, 4, (3, 1))
        x *= 0.7 if i % 4 == 1 else 1.0
        yield np.abs(x) if i % 5 == 0 else x


def scales(rule: Scaling, x: Tensor) -> Tensor:
    return np.asarray(rule.scales(x, BLOCKS, format_of(rule)))


def test_every_rule_of_the_alphabet_is_asked() -> None:
    assert {type(rule) for rule in RULES.values()} == alphabet_kinds(Scaling)


@thin(2)
@pytest.mark.parametrize("name", RULES)
def test_a_scale_looks_at_what_it_declares(name: str) -> None:
    rule, own, others = RULES[name], False, False
    for x, y in zip(tensors(), tensors(seed=4), strict=True):
        mine, theirs = y.copy(), x.copy()
        mine[0, :4], theirs[0, :4] = x[0, :4], y[0, :4]
        others |= scales(rule, mine)[0, 0] != scales(rule, x)[0, 0]
        own |= scales(rule, theirs)[0, 0] != scales(rule, x)[0, 0]
    assert (Reach.tensor if others else Reach.block if own else Reach.nothing) is rule.looks_at


@pytest.mark.parametrize("name", RULES)
def test_a_scale_is_a_number_of_the_declared_kind(name: str) -> None:
    rule = RULES[name]
    found = np.unique([scales(rule, x) for x in tensors()])
    dyadic = bool(np.isin(np.frexp(found)[0], (0, 0.5)).all())
    assert (Numbers.one if found.size == 1 else Numbers.dyadic if dyadic else Numbers.real) is rule.values
    assert rule.constant == (found[0] if found.size == 1 else None)


@thin(2)
@pytest.mark.parametrize("name", RULES)
def test_a_scale_follows_the_maximum_where_it_says_so(name: str) -> None:
    """A frozen number is a function of anything: that it is one says ``constant``."""
    rule, follows, seen = RULES[name], True, set[tuple[float, ...]]()
    known: dict[tuple[float, float], float] = {}
    for x in (
        *tensors(),
        *(x[:, ::-1] for x in tensors()),
        *(np.abs(x) for x in tensors()),
        *(np.sign(x) for x in tensors()),
        *(np.where(np.arange(8) % 4 == 0, 64.0, (x > 0) * 96 / 7) for x in tensors()),
    ):
        amax, top = maxima(x, BLOCKS), np.abs(x).max(keepdims=True)
        if rule.follows_maximum:
            assert np.array_equal(rule.of_maxima(amax, top, format_of(rule)), scales(rule, x))
        else:
            with pytest.raises(Undefined, match="do not follow from the maxima"):
                rule.of_maxima(amax, top, format_of(rule))
        for a, sigma in zip(amax.flat, scales(rule, x).flat, strict=True):
            follows &= known.setdefault((float(a), top.item()), float(sigma)) == sigma
            seen.add((float(a), float(sigma)))
    if rule.direct:
        assert follows == (rule.follows_maximum or rule.constant is not None), seen
    assert not rule.follows_maximum or rule.direct
    assert rule.follows_maximum >= isinstance(rule, FromMaximum)


@thin(2)
@pytest.mark.parametrize("name", RULES)
def test_a_scale_is_a_share_of_the_maximum_where_it_says_so(name: str) -> None:
    rule = RULES[name]
    for negative in (False, True):
        share = rule.share(format_of(rule), negative)
        ratios = []
        for x in tensors(60):
            signed = BLOCKS.reduce(x, lambda rows: rows.min(axis=1)) < 0
            amax = maxima(x, BLOCKS)
            some = (amax > 0) & (signed == negative)
            ratios += (scales(rule, x)[some] / amax[some]).tolist()
        assert len(ratios) > 50
        assert bool(np.ptp(ratios) < 1e-12) == (share is not None)
        assert share is None or np.allclose(ratios, float(share), rtol=1e-12)


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("fmt", [INT4, E2M1, E4M3], ids=str)
def test_no_share_exceeds_the_supremum_and_some_come_close(name: str, fmt: Format) -> None:
    rule = RULES[name]
    fmt = fmt.full() if rule.full_range else fmt
    bound = rule.supremum(fmt)
    if bound is None:
        assert name not in BOUNDED
        return
    x = np.linspace(1, 4, 30_001)[:, None]
    ratios = np.abs(rule.scales(x, Rows(), fmt)) / x
    assert float(bound) * (1 - 1e-3) < ratios.max() <= float(bound) * (1 + 1e-12)


@pytest.mark.parametrize("name", RULES)
def test_exact_scales_are_those_before_rounding(name: str) -> None:
    """A ratio halfway between levels of a scale format may round to either in floating point, within 1/7."""
    rule = RULES[name]
    for x in tensors(10):
        try:
            found = rule.exact(rationals(x), BLOCKS, format_of(rule))
        except NotRational:
            assert rule.share(format_of(rule), True) is None and rule.values is Numbers.real
            assert rule.constant is None and rule.looks_at is not Reach.nothing
            continue
        assert found.shape == GRID and all(isinstance(v, Fraction) for v in found.flat)
        level = 0.15 if rule.scale_format or isinstance(rule, StoredScale | Edge | FittedOffset) else 1e-12
        assert np.allclose(found.astype(np.float64), scales(rule, x), rtol=level, atol=0)


def test_a_power_of_two_is_exact_for_float64_maxima_only() -> None:
    with pytest.raises(NotRational, match="from the bits of a float64 maximum"):
        RULES["floor"].exact(rationals(np.ones(SHAPE)) / 3, BLOCKS, INT4)


@thin(2)
@pytest.mark.parametrize("name", RULES)
def test_by_rows_every_row_is_a_tensor_of_its_own(name: str) -> None:
    rule = RULES[name]
    if name in ("frozen", "held", "frozen affine"):  # whose scales are those of a grid of three rows
        return
    apart = False
    for x in tensors():
        alone = np.concatenate([scales(rule, row[None]) for row in x])
        assert np.array_equal(scales(rule.by_rows(), x), alone)
        apart |= not np.array_equal(scales(rule, x), alone)
    assert apart == (rule.by_rows() != rule)


@pytest.mark.parametrize("name", RULES)
def test_bits_of_scales_are_those_of_the_numbers_they_can_be(name: str) -> None:
    rule = RULES[name]
    block, shared = rule.bits(16)
    if rule.scale_format is not None:
        assert (block, shared) == (rule.scale_format.bits, 32)
        return
    if isinstance(rule, DoubleQuantization | RowDoubleQuantization):
        assert (block, shared) == (8, 16)
        return
    if isinstance(rule, StoredScale | SweptScale):
        assert (block, shared) == (rule.scale_type.bits, 0)
        return
    if isinstance(rule, SuperBlock | FittedOffset):
        own = rule.bits_of_scale if isinstance(rule, SuperBlock) else rule.scale_bits
        assert (block, shared) == (own + -(-16 // rule.count), 0)
        return
    kinds = {Numbers.one: [(0, 16), (0, 0)], Numbers.dyadic: [(8, 0)], Numbers.real: [(16, 0)]}
    assert (block, shared) in kinds[rule.values]
    assert ((block, shared) == (0, 0)) == (rule == Unscaled())


@pytest.mark.parametrize("name", RULES)
def test_scales_of_two_levels_are_numbers_of_their_format_under_one_of_the_tensor(name: str) -> None:
    rule = RULES[name]
    fine = rule.scale_format
    assert fine is None or rule.looks_at is Reach.tensor
    for x in tensors():
        top = np.abs(x).max(axis=1 if "rows" in name else None, keepdims=True)
        if fine is not None and (top > 0).all():
            highest = TOP if "fouroversix" in name else fine.max
            levels = scales(rule, x) * format_of(rule).max * highest / top
            assert np.abs(levels[..., None] - fine.values).min(axis=-1).max() < 1e-9 * fine.max


class Signed(Scaling):
    """σ = (max x_B + 1)/max Γ, or 1 where max x_B ≤ −1; 0 for a block of zeros. It declares nothing of itself."""

    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        top = blocks.reduce(x, lambda rows: rows.max(axis=1))
        return np.where(maxima(x, blocks) == 0, 0, np.where(top <= -1, 1, (top + 1) / fmt.max))


def seen_blind(rule: Scaling) -> bool:
    return all(np.array_equal(rule.scales(-x, BLOCKS, INT4), rule.scales(x, BLOCKS, INT4)) for x in tensors())


def seen_odd(rule: Scaling) -> bool:
    return all(np.array_equal(rule.scales(-x, BLOCKS, format_of(rule)), -scales(rule, x)) for x in tensors())


def seen_negative(rule: Scaling) -> bool:
    uneven = [x * np.where(np.arange(8) < 4, 1e-6, 1) for x in tensors()]
    return any((scales(rule, x) < 0).any() for x in (*tensors(), *uneven))


def seen_divided(rule: Scaling) -> bool:
    """Some block is divided by another number than its scale."""
    return any((rule.divisors(x, BLOCKS, format_of(rule)) != scales(rule, x)).any() for x in tensors())


def seen_product(rule: Scaling) -> bool:
    """Some code is of another ratio than fl(x/σ)."""
    x = np.linspace(1, 2, 101, dtype=np.float32)
    return any((rule.ratio(x, np.float32(d)) != x / np.float32(d)).any() for d in (0.3, 0.7, 1.1))


def seen_zero(rule: Scaling) -> bool:
    found = []
    for x in (np.zeros(SHAPE), *tensors(5)):
        x[1, 4:] = 0
        found.append(scales(rule, x)[maxima(x, BLOCKS) == 0] == 0)
    return bool(np.concatenate(found).all())


def seen_equivariance(rule: Scaling) -> frozenset[Trait]:
    """Of normal numbers of many magnitudes, of which no ratio lies where rounding errors decide."""
    rng = np.random.default_rng(6)
    seen = {*FULL}
    for i in range(30):
        x = rng.normal(size=SHAPE) * 2.0 ** rng.integers(-40, 5)
        x = np.abs(x) if i % 5 == 0 else x
        for trait, factors in ((DYADIC_EQUIVARIANT, (4.0, 0.5)), (SCALE_EQUIVARIANT, (2.7182817, 0.3))):
            if not all(np.allclose(scales(rule, c * x), c * scales(rule, x), rtol=1e-12, atol=0) for c in factors):
                seen -= {trait}
    return frozenset(seen)


def check_symmetries(rule: Scaling) -> None:
    assert (seen_blind(rule), seen_zero(rule)) == (rule.sign_blind, rule.zero_block_is_zero)
    assert seen_equivariance(rule) == rule.equivariance
    some = rule.signed and not isinstance(rule, RowDoubleQuantization)  # of two blocks none becomes negative
    assert (seen_odd(rule), seen_negative(rule)) == (rule.sign_odd, some)
    shifts = rule.shifts or rule.second_format is not None  # codes are then of no multiple of the entries, or of two
    assert (seen_divided(rule) or shifts) != rule.exact_codes
    assert (seen_divided(rule) or seen_product(rule) or shifts) != rule.direct


@thin(4)
@pytest.mark.parametrize("name", RULES)
def test_a_scale_has_the_symmetries_that_it_declares(name: str) -> None:
    check_symmetries(RULES[name])


def test_a_rule_that_declares_nothing_is_credited_with_nothing() -> None:
    rule = Signed()
    assert (rule.sign_blind, rule.zero_block_is_zero, rule.equivariance) == (False, False, frozenset())
    assert (seen_blind(rule), seen_zero(rule), seen_equivariance(rule)) == (False, True, frozenset())
    assert not {ODD, DYADIC_EQUIVARIANT, SCALE_EQUIVARIANT} & int_(4, block=4, scaling=rule).traits


class Honest(Signed):
    zero_block_is_zero = True


class Blind(Honest):
    sign_blind = True


class Dyadic(Honest):
    equivariance = DYADIC


class Full(Honest):
    equivariance = FULL


class Nonzero(Honest):
    zero_block_is_zero = False


def test_a_rule_that_declares_what_it_does_not_do_is_caught() -> None:
    check_symmetries(Honest())
    for rule in (Blind(), Dyadic(), Full(), Nonzero()):
        with pytest.raises(AssertionError):
            check_symmetries(rule)
