import re
from math import inf

import numpy as np
import pytest

from sqtheory.alphabet.partition import Blocks, Columns, Tail, Tiles, Whole
from sqtheory.alphabet.quantizers import Quantizer, hbfp, int_, nvfp4
from sqtheory.alphabet.scores import Gain
from sqtheory.alphabet.sparsifiers import Sparsifier, blockwise, nm, top
from sqtheory.arithmetic.named import fp8_fast
from sqtheory.theory.case import KEEP_ALL, Case, spell_row
from sqtheory.theory.samples import normal
from sqtheory.theory.theorems import find
from sqtheory.theory.theorems.prune_first_dominates import THEOREM

X = normal(np.random.default_rng(0), (5, 8), np.float64)


def test_rows_are_instances_of_their_own() -> None:
    case = Case(X, int_(4, block=4), nm(2, 4), 1.5)
    for i in range(len(case)):
        alone = case.row(i)
        assert np.array_equal(alone.orders.after_mask[0], case.orders.after_mask[i])
        assert np.array_equal(alone.dense_scale[0], case.dense_scale[i])
        errors = case.x - case.orders.image
        assert case.norms(errors)[i] == pytest.approx(np.sum(np.abs(errors[i]) ** 1.5) ** (1 / 1.5))
        assert case.powers(errors)[i] == pytest.approx(np.sum(np.abs(errors[i]) ** 1.5))


def test_an_accumulator_is_said_and_stays_with_every_row() -> None:
    case = Case(X, int_(4), w=X, accumulator=fp8_fast)
    assert case.row(2).accumulator is fp8_fast and case.weight.accumulator is fp8_fast
    assert str(case.row(0)).endswith(", fp8_fast, p = 1")
    with pytest.raises(ValueError, match="no accumulator"):
        find("accumulator_bound").check(Case(X, int_(4), w=X))


def test_the_largest_error_is_its_own_power() -> None:
    case = Case(X, int_(4), nm(2, 4), inf)
    assert np.array_equal(case.powers(case.x), np.abs(X).max(axis=1))
    assert np.array_equal(case.norms(case.x), np.abs(X).max(axis=1))


def test_a_vector_is_one_row_and_integers_are_numbers() -> None:
    case = Case.of([7, 2, 1, 0], int_(4), nm(2, 4), w=[1, 2, 3, 4])
    assert case.x.shape == (1, 4) and case.x.dtype == np.float64
    assert case.weight.x.tolist() == [[1, 2, 3, 4]] and case.weight.w is None
    assert Case.of([1, 2], int_(4)).s is KEEP_ALL


def test_products_are_those_of_the_sums_of_magnitudes() -> None:
    case = Case.of([[1, -2], [3, 4], [0, 0]], int_(4), w=[[5, 6], [-7, 8], [1, 1]])
    assert case.products.tolist() == [3 * 11, 7 * 15, 0]
    assert Case(X, int_(4)).products.tolist() == [0] * 5


def test_scales_are_spread_over_their_blocks() -> None:
    case = Case.of([7, 0, 14, 0, 3.5], int_(4, block=2))
    assert case.dense_scale.tolist() == [[1, 1, 2, 2, 0.5]]


def test_the_frozen_image_keeps_the_scale_of_x() -> None:
    case = Case.of([4, 3, 1], hbfp(4, block=3), nm(1, 3, tail=KEEP_ALL.tail))
    assert case.frozen_image.tolist() == [[3.5, 0, 0]] == case.orders.after_mask.tolist()


def test_bad_cases_are_refused() -> None:
    with pytest.raises(ValueError, match="no second operand"):
        _ = Case.of([1, 2], int_(4)).weight
    with pytest.raises(ValueError, match="equal shapes"):
        Case.of([1, 2], int_(4), w=[1, 2, 3])
    with pytest.raises(ValueError, match="p in"):
        Case.of([1, 2], int_(4), p=0)


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ([7, 2.5, 1, -1], "(7, 2.5, 1, -1)"),
        ([7, 0, 0, 0], "(7, 0, 0, 0)"),
        ([7, 0, 0, 0, 0], "(7, 0 × 4)"),
        ([1 / 3], "(0.3333333333333333)"),
    ],
)
def test_rows_as_a_reader_would_write_them(row: list[float], text: str) -> None:
    assert spell_row(np.array(row)) == text


def test_a_case_reads_as_a_pipeline() -> None:
    assert str(Case.of([7, 2], int_(4), nm(1, 2), inf)) == "x = (7, 2), nm(1, 2), int(4), p = inf"
    assert str(Case.of([7, 2], int_(4), w=[1, 0])) == "x = (7, 2), w = (1, 0), int(4), p = 1"
    assert str(Case(X, int_(4))).count(";") == 3


def test_a_two_level_scale_is_that_of_each_row() -> None:
    case = Case(X * np.array([[1], [100], [0.01], [0], [3]]), nvfp4(block=4), nm(2, 4))
    for i in range(len(case)):
        alone = Case(case.x[i], nvfp4(block=4), nm(2, 4))
        assert np.array_equal(alone.orders.after_mask[0], case.orders.after_mask[i])
        assert np.array_equal(alone.orders.image[0], case.row(i).orders.image[0])
        assert np.array_equal(alone.dense_scale[0], case.dense_scale[i])
        assert np.array_equal(alone.frozen_image[0], case.frozen_image[i])


@pytest.mark.parametrize(
    ("s", "q", "why"),
    [
        (top(0.5), int_(4), "groups of top(0.5) extend over several rows"),
        (nm(2, 4, axis=0, tail=Tail.short), int_(4), "extend over several rows"),
        (blockwise(0.5, per=Blocks(4)), int_(4), "ranks the units of all rows together"),
        (nm(2, 4), int_(4, per=Whole()), "scale blocks of int(4, per=tensor) extend over several rows"),
        (nm(2, 4), int_(4, per=Columns()), "extend over several rows"),
        (nm(2, 4), int_(4, per=Tiles(2, 4)), "extend over several rows"),
        (nm(2, 4, score=Gain(nvfp4())), int_(4), "upper scale of nvfp4() is that of all rows together"),
    ],
    ids=str,
)
def test_rows_that_depend_on_each_other_are_refused(s: Sparsifier, q: Quantizer, why: str) -> None:
    with pytest.raises(ValueError, match=f"instances of their own, but .*{re.escape(why)}"):
        Case(X, q, s)
    one = Case(X[0], q, s)
    assert THEOREM.check(one).excess.shape == (1,)
