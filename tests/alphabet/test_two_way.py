"""Two-way masks as tools make them, entry by entry, and in rational arithmetic."""

import numpy as np
import pytest
from numpy.typing import NDArray

from sqtheory.alphabet.named_scores import signed
from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.rationals import rationals
from sqtheory.alphabet.scores import Score, magnitude
from sqtheory.alphabet.sorting import bitonic, bose_nelson
from sqtheory.alphabet.sparsifiers import TileRule, TwoWaySparsifier, transposable, two_way
from sqtheory.alphabet.sparsifiers.transposable import patterns
from sqtheory.alphabet.sparsifiers.two_way import PATTERNS
from sqtheory.alphabet.traits import IDEMPOTENT, ODD
from sqtheory.exceptions import Indivisible
from sqtheory.orders import fused
from sqtheory.orders.pair import Pair
from sqtheory.theory.decide.exact import mask as exact_mask

BOTH = [two_way(2, 4, rule=rule, score=score) for rule in TileRule for score in (magnitude, signed)]


def naive(tile: NDArray[np.float64], rule: TileRule, score: Score) -> list[list[bool]]:
    """Entry after entry, in lists."""
    values = [float(v if score == signed else abs(v)) for v in tile.flat]
    if rule is TileRule.best:
        sums = [sum(v for v, flag in zip(values, pattern, strict=True) if flag) for pattern in PATTERNS.tolist()]
        flags = PATTERNS.tolist()[sums.index(max(sums))]
        return [flags[i : i + 4] for i in range(0, 16, 4)]
    places = list(range(16))
    for a, b in bitonic(16).pairs if rule is TileRule.greedy else bose_nelson(16).pairs:
        first, second = values[places[a]], values[places[b]]
        if first > second or (first == second and rule is TileRule.tile):
            places[a], places[b] = places[b], places[a]
    kept = [[False] * 4 for _ in range(4)]
    for place in reversed(places):
        row, column = divmod(place, 4)
        kept[row][column] = sum(kept[row]) < 2 and sum(line[column] for line in kept) < 2
    return kept


def tensors() -> list[NDArray[np.float64]]:
    rng = np.random.default_rng(4)
    return [*(rng.integers(-k, k + 1, (4, 4)) / 2 for k in (1, 2, 3, 8) for _ in range(25)), np.ones((4, 4))]


@pytest.mark.parametrize("s", BOTH, ids=str)
def test_masks_are_those_of_lists_and_of_rational_numbers(s: TwoWaySparsifier) -> None:
    for x in tensors():
        assert s.mask(x).tolist() == naive(x, s.rule, s.score)
        assert np.array_equal(exact_mask(s, rationals(x), rationals(x)), s.mask(x))
    assert parse(str(s)) == s


def test_there_are_all_90_patterns_in_another_order() -> None:
    full = patterns(2, 4)[patterns(2, 4).sum(axis=1) == 8]
    assert len(PATTERNS) == 90 and {*map(tuple, PATTERNS.tolist())} == {*map(tuple, full.tolist())}
    assert not np.array_equal(PATTERNS, full)


def test_without_ties_they_are_those_of_the_transposable_mask() -> None:
    x = np.random.default_rng(0).normal(size=(16, 64)).astype(np.float32)
    for rule in (TileRule.greedy, TileRule.tile):
        assert np.array_equal(two_way(2, 4, rule=rule).mask(x), transposable(2, 4, greedy=True).mask(x))
    full = transposable(2, 4, norm=1, full=True).mask(x)
    assert np.array_equal(two_way(2, 4, rule=TileRule.best).mask(x), full)


@pytest.mark.parametrize("rule", TileRule)
def test_by_signed_values_the_large_negative_entries_go(rule: TileRule) -> None:
    s = two_way(2, 4, rule=rule, score=signed)
    x = np.random.default_rng(1).normal(size=(32, 64))
    plain = two_way(2, 4, rule=rule)
    assert (s(x) ** 2).sum() < 0.65 * (x**2).sum() < 0.75 * (x**2).sum() < (plain(x) ** 2).sum()
    assert not np.array_equal(s(-x), -s(x)) and not np.array_equal(s(s(x)), s(x))
    assert not {ODD, IDEMPOTENT} & s.traits and {ODD, IDEMPOTENT} <= plain.traits


def test_of_a_tile_of_ones_each_rule_keeps_another_pattern() -> None:
    kept = [[int("".join(map(str, row)), 2) for row in s.mask(np.ones((4, 4))).astype(int)] for s in BOTH[::2]]
    assert kept == [[0b1100, 0b1100, 0b0011, 0b0011], [0b1100, 0b0110, 0b1001, 0b0011], [10, 6, 12, 1]]


def test_other_shapes_and_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="tools make two-way masks of 2:4, got 1:4"):
        two_way(1, 4, rule=TileRule.best)
    with pytest.raises(Indivisible, match="axis 0 of length 6 is not a whole number of tiles of 4"):
        two_way(2, 4, rule=TileRule.tile).mask(np.ones((6, 8)))


def test_large_and_small_entries_have_the_sums_of_their_ratios() -> None:
    x = np.random.default_rng(2).normal(size=(8, 8))
    s = two_way(2, 4, rule=TileRule.best)
    assert all(np.array_equal(s.mask(x * 2.0**shift), s.mask(x)) for shift in (-1000, 1020))


@pytest.mark.parametrize("s", BOTH, ids=str)
def test_no_fused_pass_takes_it(s: TwoWaySparsifier) -> None:
    x = np.random.default_rng(1).normal(size=(64, 64)).astype(np.float32)
    assert fused.counts_of(x, Pair(s, int_(4)), 2.0) is None
