"""Expectations over the coins of unbiased rounding: in fractions, outcome by outcome, and by throwing the coins."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise, product

import numpy as np
import pytest

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.quantizers import Quantizer, hbfp, int_, mxfp, nvfp4
from sqtheory.alphabet.rounding import stochastic
from sqtheory.alphabet.scaling import Frozen
from sqtheory.alphabet.scores import Random
from sqtheory.alphabet.sparsifiers import Sparsifier, nm
from sqtheory.alphabet.ties import RandomTies, by_original, high_index
from sqtheory.arrays import Array, FixedArray
from sqtheory.exceptions import Undefined
from sqtheory.theory.expectations.coins import expected_prune_first, expected_quantize_first, expected_rounding

UNIT = int_(4, scaling=Frozen(FixedArray(1.0)))
LEVELS = [Fraction(v) for v in range(-7, 8)]


def listed(x: list[Fraction], n: int, p: int) -> tuple[Fraction, Fraction]:
    """Both orders of one group on the unit grid, every outcome of its coins; ties to the larger original."""
    coins = []
    for v in x:
        low, high = next((a, b) for a, b in pairwise(LEVELS) if a <= v <= b)
        coins.append(((low, high - v), (high, v - low)))
    first = set(sorted(range(len(x)), key=lambda i: -abs(x[i]))[:n])
    sq, qs = Fraction(0), Fraction(0)
    for outcome in product(*coins):
        chance = Fraction(1)
        for _, part in outcome:
            chance *= part
        image = [level for level, _ in outcome]
        last = set(sorted(range(len(x)), key=lambda i: (-abs(image[i]), -abs(x[i])))[:n])
        sq, qs = (
            total + chance * sum(abs(v - (image[i] if i in kept else 0)) ** p for i, v in enumerate(x))
            for total, kept in ((sq, first), (qs, last))
        )
    return sq, qs


@pytest.mark.parametrize(("n", "m"), [(1, 2), (2, 4), (1, 4), (2, 3)])
@pytest.mark.parametrize("p", [1, 2, 3])
def test_every_outcome_in_fractions(n: int, m: int, p: int) -> None:
    rng = np.random.default_rng(m + p)
    rows = rng.integers(-28 * 8, 28 * 8, (12, m)) / 32
    s = nm(n, m, ties=by_original)
    found = [f(rows, s, UNIT, p).sum(axis=1).tolist() for f in (expected_prune_first, expected_quantize_first)]
    wanted = [listed([Fraction(v) for v in row], n, p) for row in rows.tolist()]
    for made, exact in zip(found, zip(*wanted, strict=True), strict=True):
        assert made == pytest.approx([float(v) for v in exact], rel=1e-12)


def test_the_pair_of_two_equal_entries_reverses_the_order() -> None:
    """E in squared L2: 0.90 against 0.828, in L1 1.08 against 1.008; (0.95, 0.9): 0.8575 against 0.8215."""
    s = nm(1, 2, ties=by_original)
    for row, p, wanted in (
        ([0.9, 0.9], 2, (0.9, 0.828)),
        ([0.9, 0.9], 1, (1.08, 1.008)),
        ([0.95, 0.9], 2, (0.8575, 0.8215)),
    ):
        x = np.array(row)
        found = [f(x, s, UNIT, p).sum() for f in (expected_prune_first, expected_quantize_first)]
        assert found == pytest.approx(wanted, rel=1e-12)


PIPELINES: tuple[tuple[Sparsifier, Quantizer], ...] = (
    (nm(2, 4), int_(3)),
    (nm(1, 4, ties=high_index), hbfp(3, block=4)),
    (nm(2, 4, ties=by_original), mxfp(E2M1, block=8)),
    (nm(3, 8), nvfp4()),
    (nm(4, 8), int_(2, block=8)),
)


@pytest.mark.parametrize(("s", "q"), PIPELINES, ids=str)
@pytest.mark.parametrize("p", [1, 2])
def test_throwing_the_coins(s: Sparsifier, q: Quantizer, p: int) -> None:
    """The operators under ``stochastic``, 3 000 times on one tensor: within five standard errors."""
    rng = np.random.default_rng(9)
    row, random = rng.standard_normal(16), replace(q, rounding=stochastic(rng))
    x = np.tile(row, (3000, 1))
    image = random(x)
    made = random(s(x)), s.mask(image, x) * image
    for drawn, expected in zip(made, (expected_prune_first, expected_quantize_first), strict=True):
        thrown = (np.abs(x - drawn) ** p).sum(axis=1)
        assert abs(thrown.mean() - expected(row, s, q, p).sum()) < 5 * thrown.std() / len(thrown) ** 0.5 + 1e-12


def blind_to_outcomes(x: Array, s: Sparsifier, q: Quantizer, p: float) -> Array:
    """A broken operator: the mask of x instead of the mask of every outcome."""
    return np.where(s.mask(x), expected_rounding(x, x, q, p), np.abs(x) ** p)


def test_a_mask_that_does_not_see_the_coins_is_caught() -> None:
    x, s = np.array([0.9, 0.9, 3.5, 3.25]), nm(1, 2, ties=by_original)
    assert not np.allclose(blind_to_outcomes(x, s, UNIT, 2), expected_quantize_first(x, s, UNIT, 2))
    assert np.allclose(blind_to_outcomes(x, s, UNIT, 2), expected_prune_first(x, s, UNIT, 2))


def test_what_is_not_averaged_is_refused() -> None:
    rng = np.random.default_rng(0)
    for s in (nm(2, 4, ties=RandomTies(rng)), nm(2, 4, score=Random(rng))):
        with pytest.raises(ValueError, match="draws random numbers of its own"):
            expected_quantize_first(np.ones(4), s, UNIT, 2)
    with pytest.raises(Undefined, match="at most 10 coins of a group are tried"):
        expected_quantize_first(np.ones(16), nm(8, 16), UNIT, 2)
