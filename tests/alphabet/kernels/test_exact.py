"""Exact sums: of numbers of all sizes and signs, of chosen ones, against rational arithmetic and ``math.fsum``."""

import math
from fractions import Fraction

import numpy as np
import pytest

from sqtheory.alphabet.kernels.exact import (
    BITS,
    ROW,
    SPAN,
    TILE,
    UNIT,
    rounded,
    sums,
    sums_below,
    total,
    total_of,
    units,
)


def terms(seed: int) -> np.ndarray:
    """Squares over many binades, some of them subnormal, in lengths that are and are not whole rows."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(0, 3000))
    x = rng.standard_normal(n) ** 2 * 2.0 ** rng.integers(-60, 60, n)
    return x * 2.0 ** (-960 if seed % 3 == 0 else 0) * 2.0 ** rng.integers(-300, 300 if seed % 5 == 0 else -299, n)


def sum_of(x: np.ndarray) -> Fraction:
    return sum(map(Fraction, x.tolist()), Fraction(0))


@pytest.mark.parametrize("seed", range(0, 60, 10))
def test_sums_are_exact(seed: int) -> None:
    for x in map(terms, range(seed, seed + 10)):
        signed = x * np.random.default_rng(seed).choice([-1, 1], x.size)
        for numbers in (x, signed):
            assert Fraction(total(numbers), 1 << UNIT) == sum_of(numbers)
            assert rounded(total(numbers)) == math.fsum(numbers)


def test_a_plain_sum_would_not_do() -> None:
    assert any(Fraction(float(np.sum(x))) != sum_of(x) for x in map(terms, range(60)))


@pytest.mark.parametrize("n", [0, 1, ROW - 1, ROW, ROW + 1, TILE + 3 * ROW + 7])
def test_neither_order_nor_pieces_matter(n: int) -> None:
    rng = np.random.default_rng(n)
    x = rng.standard_normal(n) ** 2
    assert total(x) == total(rng.permutation(x)) == total(x[: n // 3]) + total(x[n // 3 :])
    assert total(x) == total_of(lambda cut: x[cut], n)


def test_the_largest_terms_of_a_row_do_not_overflow() -> None:
    x = np.full(ROW, np.nextafter(1.0, 0.0))
    assert Fraction(total(x), 1 << UNIT) == ROW * Fraction(float(x[0]))
    assert total(-x) == -total(x)


@pytest.mark.parametrize("seed", range(8))
def test_a_mask_chooses(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(5000) ** 2 * 2.0 ** rng.integers(-90, 1, 5000)
    on = rng.random(5000) < 0.3
    assert sums(x, np.array([on, 1.0 * on - ~on])) == [total(x), total(x[on]), total(x[on]) - total(x[~on])]


@pytest.mark.parametrize("share", [0.0, 0.004, 0.3])
@pytest.mark.parametrize("zeros", [0.0, 0.5])
def test_small_terms_are_taken_apart(share: float, zeros: float) -> None:
    """A few beside large ones, many, or mostly zeros, of both signs: with weights and without."""
    rng = np.random.default_rng(73)
    x, n = rng.standard_normal(20_000), 20_000
    x[rng.random(n) < zeros] = 0
    x *= np.where(rng.random(n) < share, 2.0 ** rng.integers(-200, -30, n), 1.0)
    on = rng.random(n) < 0.5
    assert Fraction(total(x), 1 << UNIT) == sum_of(x)
    assert sums(x, 1.0 * on[None]) == [total(x), total(x[on])]


def test_units_are_those_of_the_ratio() -> None:
    for t in (0.0, 1.5, -0.1, 5e-324, -5e-324, 2.0**-1022, 3 * 2.0**-1070, math.pi * 2.0**1000):
        over, under = t.as_integer_ratio()
        assert units(t) == over * (1 << UNIT) // under


@pytest.mark.parametrize("span", [BITS, SPAN, SPAN + 9])
def test_multiples_of_a_grid_up_to_a_power_have_nothing_left(span: int) -> None:
    """Terms as large and as fine as is allowed, in rows that are full; with a finer grid there is something left."""
    rng = np.random.default_rng(span)
    digits = min(span, 53)
    whole = rng.integers(1, (1 << digits) + 1, ROW + 9) | 1
    for x in (np.full(ROW, 2.0**7), whole * 2.0 ** (7 - span), whole * 2.0 ** rng.integers(7 - span, 8 - digits)):
        x, on = np.minimum(x, 2.0**7), rng.random(x.size) < 0.5
        assert sums_below(7, x.copy(), 1.0 * on[None], 7 - span) == [total(x), total(x[on])]
        assert Fraction(total(x), 1 << UNIT) == sum_of(x)


@pytest.mark.parametrize("power", [*range(1000, 1024), -1000, -1022, -1074])
def test_sums_at_the_ends_of_the_range(power: int) -> None:
    x = np.ldexp(np.array([1.0, 0.75, 2.0**-60, 2.0**-80, -(2.0**-200)]), power)
    assert Fraction(total(x), 1 << UNIT) == sum_of(x)


def test_a_sum_beyond_the_range_is_infinite() -> None:
    top = np.full(4, np.finfo(np.float64).max)
    assert rounded(total(top)) == math.inf and rounded(total(-top)) == -math.inf and units(0.5) == 1 << UNIT - 1
