"""Four over six: which scale wins, ties, exact choice, bits in a file, and what a wrong choice would be."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from sqtheory.alphabet.formats import E2M1, E4M3, INT4
from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.partition import Blocks, Rows
from sqtheory.alphabet.quantizers import nvfp4
from sqtheory.alphabet.rationals import NotRational, rationals
from sqtheory.alphabet.scaling import BlockError, FourOverSix, Frozen
from sqtheory.alphabet.scaling.choice import exact_least_of, least_of
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import FixedArray
from sqtheory.files.packing.scales import scales_of
from sqtheory.orders.pair import Pair

Tensor = NDArray[np.float64]
RULES = pytest.mark.parametrize("error", BlockError, ids=str)


def exhaustive(x: Tensor, error: BlockError) -> list[Fraction]:
    """Every block's scale by trying all numbers of E4M3 that are one of the two, in rationals."""
    exact = rationals(x)
    g = max(map(abs, exact.ravel())) / (6 * 256)
    chosen = []
    for block in exact.reshape(-1, 4):
        top, found = max(map(abs, block)), []
        for place in (6, 4):
            level = min(
                (s for s in map(Fraction, E4M3.values.tolist()) if s > 0),
                key=lambda s: (abs(top / place / g - s), s / Fraction(float(E4M3.step(float(s)))) % 2),
            )
            errors = []
            for v in map(abs, block):
                errors.append(min(abs(v - g * level * Fraction(c)) for c in E2M1.values.tolist()))
            spent = max(errors) if error is BlockError.abs_max else sum(e ** int(error.value) for e in errors)
            found.append((spent, g * level))
        chosen.append(found[1][1] if found[1][0] < found[0][0] else found[0][1])
    return chosen


@RULES
def test_the_choice_is_that_of_all_images_in_rationals(error: BlockError) -> None:
    rng = np.random.default_rng(1)
    both = set()
    for _ in range(4):
        x = rng.integers(-48, 49, (2, 8)) / 8 * rng.choice([1.0, 0.25], (2, 1))
        x[0, 0] = 6.0
        want = exhaustive(x, error)
        assert FourOverSix(error).exact(rationals(x), Blocks(4), E2M1).ravel().tolist() == want
        got = FourOverSix(error).scales(x, Blocks(4), E2M1).ravel()
        np.testing.assert_allclose(got, np.array([float(v) for v in want]), rtol=1e-15)
        top = np.abs(x.reshape(-1, 4)).max(axis=1)
        both |= set(np.round(top[top > 0] / got[top > 0]).tolist())
    assert {4.0, 6.0} <= both


def test_at_six_5_has_no_near_level_and_at_four_1_and_5() -> None:
    """(6, 5): 6 and 4 or 6 under σ = 1; 6 and 9/2 under 3/2: errors 1 and 1/2."""
    assert FourOverSix().scales(np.array([6.0, 5.0]), Rows(), E2M1) == 1.5
    assert nvfp4(scaling=FourOverSix())([6.0, 5.0]).tolist() == [6.0, 4.5]
    assert FourOverSix().scales(np.array([6.0, 4.0, 2.0, 1.0]), Rows(), E2M1) == 1


@RULES
def test_equal_errors_leave_six(error: BlockError) -> None:
    assert FourOverSix(error).scales(np.array([6.0, 3.0, 0.0]), Rows(), E2M1) == 1  # both exact
    zero = FourOverSix(error).scales(np.zeros((2, 4)), Blocks(2), E2M1)
    assert zero.tolist() == [[0, 0], [0, 0]]


def test_rules_differ_where_norms_do() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(64, 16))
    made = [FourOverSix(error).scales(x, Blocks(16), E2M1) for error in BlockError]
    assert all((a != b).any() for a, b in zip(made, (*made[1:], made[0]), strict=True))
    assert [error for error in BlockError if FourOverSix(error).fits(1)] == [BlockError.mae]
    assert FourOverSix(BlockError.abs_max).fits(np.inf) and FourOverSix().fits(2) and not FourOverSix().fits(1.5)


def test_a_scale_that_would_be_0_is_the_least_of_e4m3() -> None:
    x = np.array([[1.0, 0.25], [2.0**-20, 0.0]])
    assert FourOverSix().scales(x, Blocks(2), E2M1)[1, 0] == (1 / 1536) * 2.0**-9


@RULES
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_other_choice_errs_less(error: BlockError, dtype: type) -> None:
    """Against each scale alone, frozen: what a choice by the wrong error or of the wrong sign would not pass."""
    x = np.random.default_rng(3).normal(size=(32, 16)).astype(dtype)
    q = nvfp4(scaling=FourOverSix(error))
    spent = np.linalg.norm((x - q(x)).astype(np.float64), ord=error.value, axis=1)
    at_six = FourOverSix().under(np.abs(x).max(keepdims=True), np.abs(x).max(1, keepdims=True), x, Rows(), E2M1)
    for other in BlockError:
        chosen = nvfp4(scaling=FourOverSix(other))
        assert np.all(spent <= np.linalg.norm((x - chosen(x)).astype(np.float64), ord=error.value, axis=1) * (1 + 1e-6))
    frozen = replace(q, scaling=Frozen(FixedArray(np.abs(at_six))))
    assert np.all(spent <= np.linalg.norm((x - frozen(x)).astype(np.float64), ord=error.value, axis=1) * (1 + 1e-6))
    wrong = [least_of(x, Blocks(16), E2M1, [-v for v in (-q.scales(x), -1.5 * q.scales(x))], error.value)]
    assert (wrong[0] == q.scales(x)).any() and (wrong[0] != q.scales(x)).any()  # another candidate is seen to win


def test_scales_move_under_a_mask_and_the_order_is_safe_all_the_same() -> None:
    q, s = nvfp4(scaling=FourOverSix(), block=4), nm(2, 4)
    pair = Pair(s, q).on((2, 4))
    assert not pair.scale.closed
    rng, moved = np.random.default_rng(4), 0
    for _ in range(60):
        x = rng.integers(-24, 25, (2, 4)) / 4
        kept = s(x) != 0
        moved += bool(np.any(q.scales(s(x))[np.any(kept, axis=1)] != q.scales(x)[np.any(kept, axis=1)]))
        assert np.linalg.norm(x - q(s(x))) <= np.linalg.norm(x - s(q(x))) * (1 + 1e-12)
    assert moved > 3


@RULES
def test_scales_are_stored_as_codes_of_e4m3_under_one_number(error: BlockError) -> None:
    x = np.random.default_rng(5).normal(size=(16, 64)).astype(np.float32)
    q = nvfp4(scaling=FourOverSix(error))
    assert q.scaling.bits() == (8, 32)
    scales = q.scales(x)
    kind = scales_of(q, scales, None)
    back = kind.decode(kind.encode(scales), scales.shape, scales.dtype)
    np.testing.assert_array_equal(back, scales)
    np.testing.assert_array_equal(q.frozen(x)(x), q(x))


def test_blocks_at_the_end_of_the_dtype_have_scales_within_it() -> None:
    top = np.finfo(np.float32).max
    for error in BlockError:
        q = nvfp4(scaling=FourOverSix(error), block=2)
        assert np.isfinite(q.scales(np.array([top, top / 2], np.float32))).all()
        assert np.isfinite(q(np.array([top, top / 2, 1, 2], np.float32))).all()


def test_only_whole_powers_are_compared_in_rationals() -> None:
    x = rationals(np.array([1.0, 2.0]))
    with pytest.raises(NotRational, match=r"powers of p = 1\.5"):
        exact_least_of(x, Rows(), INT4, [rationals(np.ones(1))], 1.5)


def test_the_word_takes_the_name_of_an_error() -> None:
    for error in BlockError:
        q = nvfp4(scaling=FourOverSix(error))
        assert parse(str(q)) == q and str(FourOverSix(error)) in str(q)
