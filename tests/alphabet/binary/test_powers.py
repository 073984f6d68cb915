"""Sums of powers of two: the published rounding of logarithms, and the nearest one."""

import math

import numpy as np
import pytest

from sqtheory.alphabet.binary.powers import Nearness, PowerSums

VALUES = np.random.default_rng(0).lognormal(size=400) * np.where(np.arange(400) % 2, 1, -1)


def published(v: float, terms: int) -> float:
    """round(log₂) of what is left, as in the authors' code."""
    total = 0.0
    for _ in range(terms):
        left = v - total
        total += math.copysign(2.0 ** round(math.log2(abs(left))), left) if left else 0.0
    return total


@pytest.mark.parametrize("terms", [1, 2, 3])
def test_it_is_the_published_recursion(terms: int) -> None:
    assert PowerSums(terms)(VALUES).tolist() == [published(v, terms) for v in VALUES.tolist()]


def test_the_nearest_in_value_is_never_farther_and_sometimes_nearer() -> None:
    """1.45 is nearer to 1, and its logarithm to that of 2: a step of 0.55 instead of 0.45."""
    near, logged = (np.abs(VALUES - PowerSums(1, kind)(VALUES)) for kind in (Nearness.value, Nearness.logarithm))
    assert (near <= logged).all() and (near < logged).any()
    assert PowerSums(1)(np.array([1.45])) == 2 and PowerSums(1, Nearness.value)(np.array([1.45])) == 1


@pytest.mark.parametrize("kind", list(Nearness))
def test_the_error_shrinks_by_a_half_or_more_with_every_term(kind: Nearness) -> None:
    """|v − 2^k| ≤ (√2 − 1)|v| by logarithms, |v|/3 by value."""
    share = {Nearness.logarithm: math.sqrt(2) - 1, Nearness.value: 1 / 3}[kind]
    for terms in (1, 2, 3):
        lost = np.abs(VALUES - PowerSums(terms, kind)(VALUES))
        assert (lost <= share**terms * np.abs(VALUES) * (1 + 1e-12)).all()


def test_powers_of_two_and_zero_are_kept() -> None:
    kept = np.array([0.0, 1, 0.5, 2.0**-30, -4])
    assert PowerSums(3)(kept).tolist() == kept.tolist()
    with pytest.raises(ValueError, match="at least one power of two, got 0"):
        PowerSums(0)
