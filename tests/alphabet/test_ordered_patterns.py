"""The first of largest float32 sum among patterns in their order, entry by entry, and in rational arithmetic."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.quantizers import int_, mxfp
from sqtheory.alphabet.rationals import nearest_binary, rationals
from sqtheory.alphabet.scores import given
from sqtheory.alphabet.sparsifiers import nm, patterns
from sqtheory.exceptions import Indivisible, NonFinite
from sqtheory.orders import fused
from sqtheory.orders.pair import Pair
from sqtheory.theory.decide.exact import mask as exact_mask

ORDER = ("0101", "1100", "0110", "1010", "1001", "0011")


def naive(group: list[float]) -> list[bool]:
    """One pair of float32 numbers after another."""
    best, kept = -1.0, ""
    for pattern in ORDER:
        first, second = (np.float32(abs(v)) for v, flag in zip(group, pattern, strict=True) if flag == "1")
        if float(first + second) > best:
            best, kept = float(first + second), pattern
    return [flag == "1" for flag in kept]


def test_every_group_of_four_levels_and_some_that_absorb() -> None:
    groups = [*product((0.0, 1.0, -2.0, 3.0), repeat=4), *product((0.0, 1.0, 2.0**-24, 3 * 2.0**-25), repeat=4)]
    x = np.array(groups)
    assert patterns(2, 4).mask(x).tolist() == [naive(list(group)) for group in groups]
    assert np.array_equal(exact_mask(patterns(2, 4), rationals(x), rationals(x)), patterns(2, 4).mask(x))
    assert (patterns(2, 4).mask(x) != nm(2, 4).mask(x)).any(axis=1).sum() > 100


def test_a_large_entry_hides_how_small_ones_differ() -> None:
    """What nvidia-modelopt 0.47.0 keeps: the pair of the first pattern, not of the larger entry."""
    assert patterns(2, 4).mask([1, 0, 0, 2e-8]).tolist() == [True, True, False, False]
    assert patterns(2, 4).mask([1, 0, 0, 2e-7]).tolist() == [True, False, False, True]
    assert not patterns(2, 4).by_magnitude and patterns(2, 4).fixed_budget


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_random_entries_without_ties_have_the_mask_of_magnitudes(dtype: type) -> None:
    x = np.random.default_rng(0).normal(size=(16, 64)).astype(dtype)
    assert np.array_equal(patterns(2, 4).mask(x), nm(2, 4).mask(x))
    assert patterns(2, 4).mask(x).dtype == np.bool_


def test_sums_are_those_of_the_score() -> None:
    scores = np.array([1.0, 5, 2, 4])
    assert patterns(2, 4, score=given(scores)).mask(np.ones(4)).tolist() == [False, True, False, True]


def test_what_has_no_order_or_no_sum_is_refused() -> None:
    with pytest.raises(ValueError, match="an order of patterns is known of 2:4, got 1:4"):
        patterns(1, 4)
    with pytest.raises(NonFinite, match=r"2 times the score magnitude in float32 = inf at \(5,\), group \(1,\)"):
        patterns(2, 4).mask([1.0] * 5 + [3e38] + [1.0] * 2)
    with pytest.raises(Indivisible, match="axis 0 of length 6"):
        patterns(2, 4).mask(np.ones(6))


def test_no_fused_pass_takes_it() -> None:
    x = np.random.default_rng(1).normal(size=(64, 64)).astype(np.float32)
    for q in (int_(4), mxfp(E2M1)):
        assert fused.counts_of(x, Pair(patterns(2, 4), q), 2.0) is None


def test_a_number_is_rounded_as_float32_and_bfloat16_do() -> None:
    rng = np.random.default_rng(2)
    for v in (rng.normal(size=300) * 2.0 ** rng.integers(-155, 100, 300)).tolist():
        assert nearest_binary(Fraction(v), 24, -149) == Fraction(float(np.float32(v)))
    assert nearest_binary(Fraction(1, 2**150), 24, -149) == 0 and nearest_binary(Fraction(0), 24, -149) == 0
    assert nearest_binary(Fraction(3, 2**150), 24, -149) == Fraction(2, 2**149)
    assert nearest_binary(Fraction(2**24 + 1), 24, -149) == 2**24
    assert nearest_binary(-Fraction(2**24 + 3), 24, -149) == -(2**24) - 4
