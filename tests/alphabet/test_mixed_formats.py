"""Two formats: which wins, ties, exact choice, what is stored and what is refused, and that the order is safe."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from sqtheory.alphabet.compensation.column_grid import ColumnGrid
from sqtheory.alphabet.formats import E2M1, E2M3, E4M3, INT4, INT8, NF4, Format
from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.partition import Blocks
from sqtheory.alphabet.quantizers import Quantizer, cast, int_, mxfp, nvfp4, scaled
from sqtheory.alphabet.rationals import rationals
from sqtheory.alphabet.rounding import floor
from sqtheory.alphabet.scaling import (
    AbsMax,
    BlockError,
    DoubleQuantization,
    FullRange,
    Held,
    LeastNorm,
    MixedFormat,
    Numbers,
    PowerOfTwo,
    Reciprocal,
    Scaling,
    SignedMax,
    StoredScale,
    SuperBlock,
    TwoLevel,
)
from sqtheory.alphabet.scaling.rule import FULL
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.alphabet.storage import stored_bits
from sqtheory.alphabet.traits import IDEMPOTENT, KEEPS_ZERO, MAX_DETERMINED, MONOTONE, ODD
from sqtheory.exceptions import InputRefused
from sqtheory.files.packing import pack
from sqtheory.orders.pair import Pair
from sqtheory.theory.decide.exact import image, placed

Tensor = NDArray[np.float64]
ERRORS = pytest.mark.parametrize("error", BlockError, ids=str)


def alone(q: Quantizer, fmt: Format, rule: Scaling) -> Quantizer:
    """The quantizer whose blocks are all of one of the two formats."""
    return replace(q, format=fmt, scaling=rule)


def naive(x: Tensor, q: Quantizer, rule: Scaling, size: int, error: BlockError) -> Tensor:
    """Block by block, of two whole images the one that errs less, Python numbers summed one by one."""
    first, second = (alone(q, fmt, rule)(x) for fmt in (E2M1, INT4))
    out = np.empty_like(x)
    for at in range(0, x.shape[1], size):
        for row in range(len(x)):
            place = (row, slice(at, at + size))
            spent = []
            for y in (first, second):
                errors = [abs(Fraction(float(a)) - Fraction(float(b))) for a, b in zip(x[place], y[place], strict=True)]
                spent.append(max(errors) if error is BlockError.abs_max else sum(e ** int(error.value) for e in errors))
            out[place] = second[place] if spent[1] < spent[0] else first[place]
    return out


@ERRORS
@pytest.mark.parametrize("rule", [TwoLevel(), AbsMax(), PowerOfTwo()], ids=str)
def test_every_block_is_that_of_the_better_of_two_quantizers(error: BlockError, rule: Scaling) -> None:
    x = np.random.default_rng(1).normal(size=(6, 32)) * 2.0 ** np.arange(-3, 3)[:, None]
    q = scaled(E2M1, block=8, scaling=MixedFormat(INT4, error, rule))
    want, y = naive(x, q, rule, 8, error), q(x)
    np.testing.assert_array_equal(y, want)
    flags = q.scales(x) < 0
    assert flags.any() and not flags.all()
    for other in BlockError:  # a choice by another error is seen
        if other is not error and rule != PowerOfTwo():
            assert (naive(x, q, rule, 8, other) != y).any()


def test_6_is_a_level_of_both_and_5_of_the_integers_alone() -> None:
    q = scaled(E2M1, block=4, scaling=MixedFormat(INT4, rule=AbsMax()))
    assert q([6, 30 / 7, 0, 0]).tolist() == [6, 30 / 7, 0, 0]  # 7 and 5 of INT4
    assert q.scales(np.array([6, 30 / 7, 0, 0])) == -6 / 7
    assert q.scales(np.array([6.0, 0.5, 0, 0])) == 1


def test_equal_errors_leave_the_first_format_and_zeros_have_none() -> None:
    for fmt, other in ((E2M1, INT4), (INT4, E2M1)):
        q = scaled(fmt, block=4, scaling=MixedFormat(other, rule=AbsMax()))
        assert q.scales(np.array([42.0, 0, 0, 0])) == 42 / fmt.max
        assert q.scales(np.zeros(4)).tolist() == [0] and q(np.zeros(4)).tolist() == [0] * 4


@ERRORS
def test_the_choice_in_rationals_is_that_of_all_levels(error: BlockError) -> None:
    rng, seen = np.random.default_rng(2), set()
    q = scaled(E2M1, block=4, scaling=MixedFormat(INT4, error, AbsMax()))
    for _ in range(6):
        x = rng.integers(-42, 43, (1, 8)) / 8
        exact = rationals(x)
        found = image(q, exact, placed(q, exact)).reshape(-1, 4)
        for block, got in zip(exact.reshape(-1, 4), found, strict=True):
            spent = []
            for fmt in (E2M1, INT4):
                levels = [max(map(abs, block)) / Fraction(fmt.max) * Fraction(c) for c in fmt.values.tolist()]
                errors = [min(abs(v - c) for c in levels) for v in block]
                spent.append(max(errors) if error is BlockError.abs_max else sum(e ** int(error.value) for e in errors))
            mine = [abs(v - c) for v, c in zip(block, got, strict=True)]
            assert min(spent) == (
                max(mine) if error is BlockError.abs_max else sum(e ** int(error.value) for e in mine)
            )
            seen.add(spent[1] < spent[0])
        np.testing.assert_allclose(q(x), found.reshape(x.shape).astype(np.float64), rtol=1e-15)
    assert seen == {True, False}


def test_what_it_has_is_what_both_formats_have() -> None:
    q = nvfp4(scaling=MixedFormat(INT4))
    assert {ODD, KEEPS_ZERO, MONOTONE} <= q.traits and not {IDEMPOTENT, MAX_DETERMINED} & q.traits
    assert q.formats == (E2M1, INT4) and q.nearest and not q.scaling.exact_codes
    assert q.scaling.equivariance == FULL and q.scaling.values is Numbers.real
    assert q.scaling.fits(2) and not q.scaling.fits(1) and MixedFormat(INT4, BlockError.abs_max).fits(np.inf)
    assert ODD not in scaled(E2M1, scaling=MixedFormat(NF4)).traits
    assert not {ODD, MONOTONE} & replace(q, rounding=floor).traits
    x = np.random.default_rng(3).normal(size=(8, 32))
    np.testing.assert_array_equal(q(-x), -q(x))
    again = [x.copy() for _ in range(2)]
    again[1][:, ::16] *= 1 + 1e-9
    np.testing.assert_array_equal(q(4 * x), 4 * q(x))


def test_the_flag_is_the_sign_of_a_scale_that_has_one_and_a_bit_beside_others() -> None:
    of = MixedFormat
    assert of(INT4).bits() == (8, 32) and of(INT4, rule=AbsMax()).bits(16) == (16, 0)
    assert of(INT4, rule=PowerOfTwo()).bits() == (9, 0) and of(INT4, rule=StoredScale(E4M3)).bits() == (8, 0)
    assert stored_bits(nvfp4(scaling=of(INT4)), (4, 32)) == stored_bits(nvfp4(), (4, 32))
    assert stored_bits(mxfp(E2M1, scaling=of(INT4, rule=PowerOfTwo())), (4, 32)) == 4 * (32 * 4 + 9)


def test_frozen_blocks_keep_their_format() -> None:
    x, y = np.random.default_rng(4).normal(size=(2, 4, 16))
    q = scaled(E2M1, block=8, scaling=MixedFormat(INT4, rule=AbsMax()))
    held, flags = q.frozen(x), np.repeat(q.scales(x) < 0, 8, axis=1)
    np.testing.assert_array_equal(held(x), q(x))
    want = np.where(flags, *(alone(q, fmt, AbsMax()).frozen(x)(y) for fmt in (INT4, E2M1)))
    np.testing.assert_array_equal(held(y), want)
    np.testing.assert_array_equal(held.frozen(y)(y), want)
    assert flags.any() and not flags.all() and {ODD, MONOTONE, KEEPS_ZERO} <= held.traits
    least, most = q.scaling.reach(q.placed(x), E2M1)
    np.testing.assert_allclose(most, np.abs(x).reshape(4, 2, 8).max(axis=2), rtol=1e-15)
    np.testing.assert_array_equal(least, -most)
    assert isinstance(held.scaling, Held)


def test_by_rows_every_row_has_its_own_upper_scale() -> None:
    x, rule = np.random.default_rng(5).normal(size=(3, 32)) * [[1], [8], [0.3]], MixedFormat(INT4)
    q = nvfp4(scaling=rule.by_rows())
    np.testing.assert_array_equal(q(x), np.concatenate([nvfp4(scaling=rule)(row[None]) for row in x]))
    assert MixedFormat(INT4, rule=AbsMax()).by_rows() == MixedFormat(INT4, rule=AbsMax())


def test_formats_move_under_a_mask_and_the_order_is_safe_all_the_same() -> None:
    q, s = nvfp4(scaling=MixedFormat(INT4), block=4), nm(2, 4)
    assert not Pair(s, q).on((2, 4)).scale.closed
    rng, moved, best = np.random.default_rng(6), 0, 0
    for _ in range(60):
        x = rng.integers(-24, 25, (2, 4)) / 4
        kept = s(x) != 0
        moved += bool(np.any((q.scales(s(x)) < 0)[np.any(kept, axis=1)] != (q.scales(x) < 0)[np.any(kept, axis=1)]))
        gap = np.linalg.norm(x - s(q(x))) - np.linalg.norm(x - q(s(x)))
        best = max(best, gap)
        assert gap > -1e-12
    assert moved > 3 and best > 0.01


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_end_of_the_dtype_is_within_reach(dtype: type) -> None:
    top = np.finfo(dtype).max
    q = nvfp4(scaling=MixedFormat(INT4), block=2)
    x = np.array([top, top * dtype(5 / 7), 1, 0], dtype)
    assert np.isfinite(q(x)).all() and q(x).dtype == dtype


def test_words_are_read_back() -> None:
    for text in ("nvfp4(scaling=mixed(int4))", "mxfp(e2m1, scaling=mixed(int4, abs_max, rule=even))"):
        assert parse(str(parse(text))) == parse(text)
    assert parse("nvfp4(scaling=mixed(int4, mae))") == nvfp4(scaling=MixedFormat(INT4, BlockError.mae))
    assert str(MixedFormat(INT4, rule=AbsMax())) == "mixed(int4, rule=absmax)"


def test_what_does_not_go_together_is_refused() -> None:
    for fmt, other in ((E2M1, E2M1), (E2M1, INT8), (INT4, E2M3)):
        with pytest.raises(ValueError, match="two formats of equal bits"):
            scaled(fmt, scaling=MixedFormat(other))
    for rule in (LeastNorm(2), SignedMax(), FullRange(), StoredScale(E4M3, late=True), Reciprocal(AbsMax())):
        with pytest.raises(ValueError, match="follow from the maxima of blocks alone"):
            MixedFormat(INT4, rule=rule)
    mixed = MixedFormat(INT4, rule=AbsMax())
    for build in (
        Reciprocal,
        lambda v: StoredScale(E4M3, v),
        lambda v: SuperBlock(4, v),
        lambda v: MixedFormat(NF4, rule=v),
    ):
        with pytest.raises(ValueError, match="which choose a format too"):
            build(mixed)
    with pytest.raises(ValueError, match="and quantized once more"):
        DoubleQuantization(mixed)
    with pytest.raises(ValueError, match="int8 has no infinity"):
        scaled(E4M3, scaling=MixedFormat(INT8), saturate=False)
    assert cast(E4M3, saturate=False).format == E4M3 and int_(4).formats == (INT4,)


def test_codes_columns_and_files_of_two_formats_are_refused_with_a_word() -> None:
    x, q = np.ones((2, 32)), nvfp4(scaling=MixedFormat(INT4))
    with pytest.raises(ValueError, match=r"codes of .* are of two formats"):
        q.quantize(x)
    with pytest.raises(ValueError, match="whose blocks are of two formats"):
        ColumnGrid.of(q, x)
    with pytest.raises(InputRefused, match="no packed layout here has two"):
        pack(x, q)
    assert q.check((2, 32)) is None and Blocks(16) == q.partition
