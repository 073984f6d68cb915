import math
from fractions import Fraction

import numpy as np
import pytest

from sqtheory.alphabet.kernels.sums import PART, PIECE, dot, exact_parts, pairwise


def terms(seed: int) -> np.ndarray:
    """Squares over many binades, some of them subnormal, in lengths that are and are not whole parts."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(0, 3000))
    x = rng.standard_normal(n) ** 2 * 2.0 ** rng.integers(-60, 60, n)
    return x * 2.0 ** (-960 if seed % 3 == 0 else 0) * 2.0 ** rng.integers(-300, 300 if seed % 5 == 0 else -299, n)


@pytest.mark.parametrize("seed", range(60))
def test_parts_sum_to_the_sum_exactly(seed: int) -> None:
    x = terms(seed)
    parts = exact_parts(x)
    assert sum(map(Fraction, parts)) == sum(map(Fraction, x.tolist()))
    assert math.fsum(parts) == math.fsum(x)
    signed = x * np.random.default_rng(seed).choice([-1, 1], x.size)
    assert sum(map(Fraction, exact_parts(signed))) == sum(map(Fraction, signed.tolist()))


def test_parts_are_few() -> None:
    assert len(exact_parts(np.random.default_rng(0).standard_normal(5000) ** 2)) < 20
    assert exact_parts(np.empty(0)) == exact_parts(np.zeros(4)) == []


def test_a_plain_sum_would_not_do() -> None:
    assert any(Fraction(float(np.sum(x))) != sum(map(Fraction, x.tolist())) for x in map(terms, range(60)))


@pytest.mark.parametrize("n", [0, 1, PART - 1, PART, 3 * PART + 7])
def test_dot(n: int) -> None:
    rng = np.random.default_rng(n)
    a, b = rng.normal(size=n), rng.random(n)
    assert dot(a, b) == pytest.approx(math.fsum(a * b), rel=1e-13, abs=1e-12)
    assert dot(a, (b < 2).astype(float)) == pytest.approx(math.fsum(a), abs=1e-11)


@pytest.mark.parametrize("power", range(1000, 1024))
def test_sums_at_the_end_of_the_range(power: int) -> None:
    x = np.array([1.0, 0.75, 2.0**-60, 2.0**-80]) * 2.0**power
    assert sum(map(Fraction, exact_parts(x))) == sum(map(Fraction, x.tolist()))


@pytest.mark.parametrize("size", [0, 1, 129, PIECE, PIECE + 1, 3 * PIECE + 77, 1_000_003])
def test_pairwise_sums_have_the_bits_of_numpy(size: int) -> None:
    terms = np.random.default_rng(size).lognormal(0, 8, size)
    assert pairwise(lambda cut: terms[cut], size) == float(np.sum(terms))
