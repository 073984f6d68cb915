import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.norms import STEEP, unit_of
from sqtheory.alphabet.partition import Blocks, Columns, Partition, Tiles, Whole
from sqtheory.alphabet.quantizers import Quantizer, int_, mxfp
from sqtheory.arrays import Array
from sqtheory.orders.errors import (
    additive_bound,
    box_norms,
    error,
    norm,
    power_sum,
    powers,
    relative_error,
    root,
    sqnr,
)
from tests.twins.orders import boxes

NORMS = (0.5, 1, 1.5, 2, 3, math.inf)
reals = st.floats(-1e3, 1e3, allow_subnormal=False).map(lambda v: 0.0 if abs(v) < 1e-3 else v)
tensors = st.lists(reals, max_size=40).map(np.array)


def naive(values: Array, p: float) -> float:
    """‖·‖_p with the largest magnitude taken out, so that no power leaves the range."""
    sizes = [abs(float(v)) for v in np.ravel(values)]
    largest = max(sizes, default=0.0)
    if p == math.inf or not largest:
        return largest
    return math.fsum((v / largest) ** p for v in sizes) ** (1 / p) * largest


@pytest.mark.parametrize("p", NORMS)
@given(e=tensors)
def test_norms_agree_with_exact_summation(e: Array, p: float) -> None:
    assert norm(e, p) == pytest.approx(naive(e, p), rel=1e-13)


@pytest.mark.parametrize("p", NORMS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_norms_of_long_tensors_agree_with_exact_summation(p: float, dtype: type) -> None:
    e = np.random.default_rng(0).standard_normal((317, 129)).astype(dtype)
    assert norm(e, p) == pytest.approx(naive(e, p), rel=1e-12)


@pytest.mark.parametrize("p", NORMS)
@pytest.mark.parametrize(
    "scale", [1e200, 1e-200, 2.0**-1074, 2.0**1021, np.float32(1e38), np.float32(2**-149), np.float32(1e-39)]
)
def test_no_norm_overflows_or_underflows(p: float, scale: float) -> None:
    small = np.array([3, -1, 0, 2])
    e = (small * scale).astype(np.asarray(scale).dtype)
    expected = naive(e, p)
    assert math.isfinite(expected) or p < 1
    assert norm(e, p) == pytest.approx(expected, rel=1e-13)
    assert norm(e, p) >= float(np.max(np.abs(e)))


def test_norms_beyond_float64_are_infinite_without_a_warning() -> None:
    top = np.full(4, np.finfo(np.float64).max)
    assert norm(top, math.inf) == np.finfo(np.float64).max
    assert [norm(top, p) for p in (0.5, 1, 2)] == [math.inf] * 3
    assert norm(np.ones(3), 1e-4) == math.inf
    assert box_norms(top, 1, Whole()).tolist() == [math.inf]
    assert box_norms(np.ones(3), 1e-4, Whole()).tolist() == [math.inf]


@pytest.mark.parametrize("p", [STEEP - 1, STEEP + 1, 2000, 1e6])
def test_large_p_approaches_the_maximum(p: float) -> None:
    e = np.array([[1.0, 1, 1, 0.5], [2.0**-900, 0, 0, 0]])
    assert norm(e, p) == pytest.approx(3 ** (1 / p), rel=1e-12)
    assert box_norms(e, p, Blocks(4)).ravel() == pytest.approx([3 ** (1 / p), 2.0**-900], rel=1e-12)


def test_dyadic_norms_are_exact() -> None:
    e = np.array([3, -4, 12, 0]) / 8
    assert (norm(e, 1), norm(e, 2), norm(e, np.inf)) == (19 / 8, 13 / 8, 1.5)
    assert norm(np.ldexp(e, 900)) == math.ldexp(13 / 8, 900)
    assert norm(e.astype(np.float32)) == 13 / 8


@pytest.mark.parametrize("p", NORMS)
@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)])
def test_empty_tensors_have_norm_0(p: float, shape: tuple[int, ...]) -> None:
    e = np.zeros(shape)
    assert norm(e, p) == 0
    assert box_norms(e, p, Blocks(2)).shape == Blocks(2).grid(shape)
    assert relative_error(e, e, p) == 0
    assert sqnr(e, e) == math.inf


@pytest.mark.parametrize("p", [0, -1, math.nan])
def test_other_p_are_refused(p: float) -> None:
    for call in (lambda: norm([1.0], p), lambda: box_norms([1.0], p, Whole()), lambda: power_sum(np.ones(1), p)):
        with pytest.raises(ValueError, match=r"in \(0, inf\]"):
            call()


@pytest.mark.parametrize("p", NORMS)
@pytest.mark.parametrize("boxed", [Blocks(4), Blocks(5), Blocks(3, axis=0), Columns(), Tiles(2, 3), Whole()])
def test_box_norms_are_the_norms_of_the_boxes(p: float, boxed: Partition) -> None:
    rng = np.random.default_rng(1)
    e = rng.standard_normal((7, 12)) * 10.0 ** rng.integers(-150, 150, (7, 12))
    found = box_norms(e, p, boxed)
    assert found.shape == boxed.grid(e.shape)
    expected = [naive(e.ravel()[box], p) for box in boxes(e.shape, boxed.sides(e.shape))]
    assert found.ravel() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("p", NORMS)
def test_norms_do_not_depend_on_the_memory_layout(p: float) -> None:
    e = np.random.default_rng(2).standard_normal((96, 80))
    backwards = e[::-1, ::-1].copy()[::-1, ::-1]
    for same in (np.asfortranarray(e), np.repeat(e, 3, axis=1)[:, ::3], backwards, e.astype(">f8")):
        assert norm(same, p) == norm(e, p)
        for boxed in (Blocks(16), Blocks(16, axis=0), Whole()):
            assert np.array_equal(box_norms(same, p, boxed), box_norms(e, p, boxed))


def test_one_entry_is_its_own_norm() -> None:
    for p in NORMS:
        assert root(power_sum(np.array([0.25]), p), p) == 0.25
        assert norm(-7.0, p) == 7
    assert np.array_equal(powers(np.array([2.0, 3.0]), 3), [8, 27])


@given(st.floats(5e-324, np.finfo(np.float64).max))
def test_the_unit_is_a_power_of_two_next_to_the_largest_magnitude(v: float) -> None:
    unit = unit_of(np.array([v, v / 3]))
    assert math.frexp(unit)[0] == 0.5
    assert 0.5 <= v / unit < 2
    assert unit_of(np.array([v]), 2 * STEEP) == v


def test_the_unit_of_nothing_is_1() -> None:
    assert unit_of(np.zeros(3)) == unit_of(np.zeros(0)) == unit_of(np.zeros(3), 1e4) == 1


@pytest.mark.parametrize("p", NORMS)
@given(e=tensors, data=st.data())
def test_relative_error_is_a_ratio_of_norms(e: Array, p: float, data: st.DataObject) -> None:
    x = data.draw(st.lists(reals, min_size=e.size, max_size=e.size).map(np.array))
    part, whole = naive(x - (x - e), p), naive(x, p)
    expected = part / whole if whole else math.inf if part else 0.0
    assert relative_error(x - e, x, p) == pytest.approx(expected, rel=1e-12)


def test_relative_error_at_the_ends_of_the_range() -> None:
    top = np.finfo(np.float64).max
    assert relative_error([-top], [top]) == 2
    assert relative_error([1e300], [1e-10]) == math.inf
    assert relative_error([1e300], [1e-7]) == pytest.approx(1e307)
    assert relative_error([1e-200, 0.0], [1e-200, 1e-200], 1) == 0.5
    assert relative_error([3e200], [4e200]) == 0.25
    assert relative_error([0.0], [2.0**-1074]) == 1
    assert relative_error([1.0], [0.0]) == math.inf
    assert relative_error([0.0], [-0.0]) == 0


def test_sqnr_in_decibels() -> None:
    x = np.array([10.0, 0.0])
    assert sqnr(x + np.array([1, 0]), x) == pytest.approx(20)
    assert sqnr(np.zeros(2), x) == 0
    assert sqnr(x, x) == sqnr(np.zeros(3), np.zeros(3)) == math.inf
    assert sqnr([1.0], [0.0]) == -math.inf
    assert sqnr(x / 3, x) == pytest.approx(10 * math.log10(1 / (2 / 3) ** 2))
    assert sqnr(np.array([1e200 + 1e198]), np.array([1e200])) == pytest.approx(40)
    assert sqnr([2, 5], [3, 4]) == pytest.approx(10 * math.log10((3**2 + 4**2) / (1**2 + 1**2)))


@pytest.mark.parametrize("q", [int_(4, block=8), mxfp(E2M1, block=8)], ids=str)
@given(x=st.lists(reals, min_size=1, max_size=20))
def test_errors_of_float32_tensors_are_exact(q: Quantizer, x: list[float]) -> None:
    given32 = np.array(x, np.float32)
    found = error(q, given32)
    assert found.dtype == np.float64
    exact = [Fraction(float(a)) - Fraction(float(b)) for a, b in zip(given32, q(given32), strict=True)]
    assert [Fraction(v) for v in found.tolist()] == exact


def test_errors_keep_the_shape_and_leave_the_tensor_alone() -> None:
    x = np.arange(6.0).reshape(2, 3)
    before = x.copy()
    assert error(int_(8), x).shape == (2, 3)
    assert np.array_equal(x, before)
    assert error(int_(4), [7, 2.5]).tolist() == [0, 0.5]


@pytest.mark.parametrize("p", [0.25, 0.5, 0.75])
def test_below_1_the_additive_bound_is_that_of_two_tensors_that_share_no_entry(p: float) -> None:
    a, b = np.array([3.0, -1.0, 0.0, 0.0]), np.array([0.0, 0.0, 5.0, 0.25])
    assert additive_bound(norm(a, p), norm(b, p), p) == pytest.approx(norm(a + b, p), rel=1e-12)
