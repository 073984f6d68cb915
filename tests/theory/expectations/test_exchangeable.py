"""Chances of ranks against listing every group, and the gap of the operators themselves over every arrangement."""

from dataclasses import replace
from fractions import Fraction
from itertools import combinations, permutations
from math import comb

import numpy as np
import pytest

from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.quantizers import Quantizer, hbfp, int_
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.orders.applied import both
from sqtheory.theory.expectations.exchangeable import (
    differing_chance,
    kept_by_each_order,
    kept_chances,
    log_binomial,
    rank_gap,
    tied_share,
)
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems import error_in_bits, order_gap_law, order_gap_topk


@pytest.mark.parametrize("count", range(2, 9))
def test_chances_by_listing_groups(count: int) -> None:
    for m in range(1, count + 1):
        groups = list(combinations(range(count), m))
        for n in range(1, m + 1):
            held = [[g for g in groups if i in g] for i in range(count)]
            listed = [Fraction(sum(g.index(i) < n for g in some), len(some)) for i, some in enumerate(held)]
            assert kept_chances(count, n, m) == pytest.approx([float(c) for c in listed], abs=1e-13)


@pytest.mark.parametrize(("count", "n", "m"), [(64, 2, 4), (512, 4, 8), (4096, 2, 4), (1000, 128, 256)])
def test_chances_in_large_populations(count: int, n: int, m: int) -> None:
    """Exact integers at some ranks; and of every group n are kept: the chances add up to N n/m."""
    found = kept_chances(count, n, m)
    for i in (0, n, count // 3, count // 2, count - n, count - 1):
        ways = sum(comb(i, a) * comb(count - 1 - i, m - 1 - a) for a in range(n))
        assert found[i] == pytest.approx(float(Fraction(ways, comb(count - 1, m - 1))), abs=1e-11)
    assert found.sum() == pytest.approx(count * n / m, rel=1e-10)
    assert (np.diff(found) <= 1e-10).all()


def test_the_logarithm_of_one_is_zero() -> None:
    n = np.arange(64.0)
    assert not log_binomial(n, 0).any() and not log_binomial(n, n).any()
    assert (log_binomial(n[:, None], np.minimum(n, n[:, None])) >= 0).all()


def test_the_whole_population_as_one_group() -> None:
    assert kept_chances(5, 2, 5).tolist() == [1, 1, 0, 0, 0]


@pytest.mark.parametrize("sizes", [(4, 0, 2), (4, 3, 2), (4, 2, 5)])
def test_impossible_groups_are_refused(sizes: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="1 <= n <= m <= N"):
        kept_chances(*sizes)


def test_both_orders_keep_as_many_entries_of_a_cell() -> None:
    x = np.array([[3.0, -1, 1, 0.5, 0, 2, -2, 7]])
    image = np.round(x / 2) * 2
    first, second = kept_by_each_order(x, image, kept_chances(8, 2, 4))
    for level in np.unique(np.abs(image)):
        cell = np.abs(image) == level
        assert first[cell].sum() == pytest.approx(second[cell].sum())
        assert np.ptp(second[cell]) < 1e-15


@pytest.mark.parametrize("q", [int_(3), int_(2), hbfp(3)], ids=str)
@pytest.mark.parametrize("mask", [(1, 2), (2, 3)], ids=str)
def test_the_operators_over_every_arrangement(q: Quantizer, mask: tuple[int, int]) -> None:
    """720 arrangements of six entries in one block: the mean gap of s∘q and q∘s is that of the ranks."""
    s = nm(*mask)
    for row in (
        [7, 5, 4.5, -4, 1, 0],
        [3, 3, -3, 2.5, 2.4, 2.6],
        [1, 0.4, -0.3, 0.24, 0.1, -0.0],
        [0, 0, 0, 0, 0, 0],
        [5e-324, 1e-323, 0, 0, 0, 5e-324],
    ):
        arranged = np.array(list(permutations(row)))
        orders = both(arranged, s, q)
        x, image = np.array([row], float), q(np.array([row], float))
        for p in (0.5, 1, 2, 3):
            gaps = np.abs(arranged - orders.masked_image) ** p - np.abs(arranged - orders.after_mask) ** p
            predicted = rank_gap(x, image, kept_chances(6, *mask), p)[0]
            assert gaps.sum(axis=1).mean() == pytest.approx(predicted, abs=1e-12 * (1 + np.abs(x).max() ** p))


def test_differing_masks_by_listing_groups() -> None:
    count = 7
    for above, inside, n, m in ((1, 3, 2, 4), (0, 7, 2, 4), (2, 2, 1, 2), (3, 1, 2, 4), (0, 2, 1, 7), (5, 2, 3, 5)):
        total = Fraction(0)
        groups = list(combinations(range(count), m))
        for group in groups:
            r, c = n - sum(i < above for i in group), sum(above <= i < above + inside for i in group)
            total += 1 - Fraction(1, comb(c, r)) if 0 < r < c else 0
        found = differing_chance(np.array(above), np.array(inside), count, n, m)
        assert float(found) == pytest.approx(float(total / len(groups)), abs=1e-13)


@pytest.mark.parametrize("theorem", [order_gap_law.THEOREM, order_gap_topk.THEOREM, error_in_bits.THEOREM], ids=str)
def test_a_side_that_is_a_thousandth_off_is_caught(theorem: Theorem) -> None:
    """Each quantity on the right of a claim, changed by a thousandth, violates the theorem on random rows."""
    case = theorem.domain.sample(np.random.default_rng(0), 2_000) if theorem.domain else None
    assert case is not None and not theorem.check(case).violated.any()
    names = {str(s) for claim in theorem.claims for s in claim.right.free_symbols}
    for name in names:
        where = tuple(
            replace(q, of=lambda c, q=q: 1.001 * q.of(c)) if q.name == name else q  # type: ignore[misc]
            for q in theorem.where
        )
        assert replace(theorem, where=where).check(case).violated.any(), name


def test_a_mask_that_keeps_all_keeps_each_entry_for_certain() -> None:
    assert all((kept_chances(8, n, n) == 1).all() for n in range(1, 9))


@pytest.mark.parametrize(("n", "m"), [(1, 2), (2, 4), (1, 4), (3, 4), (2, 3)])
def test_ties_at_the_cut_by_listing_groups(n: int, m: int) -> None:
    rng = np.random.default_rng(n * m)
    for _ in range(8):
        level = rng.integers(0, 4, 9).astype(float)
        groups = [sorted(abs(level[list(group)]), reverse=True) for group in combinations(range(9), m)]
        listed = Fraction(sum(group[n - 1] == group[n] for group in groups), len(groups))
        assert tied_share(rng.choice([-1, 1], 9) * level, n, m) == pytest.approx(float(listed), abs=1e-12)


@pytest.mark.parametrize("source", ["Q4_1", "Q4_0", "mxfp4", "int4:b32"])
def test_ties_of_a_quantized_source_are_those_of_its_grid(source: str) -> None:
    """Blocks of 32 normal numbers: the share of 2:4 groups that tie, within five standard errors of the closed form."""
    x = np.random.default_rng(7).normal(size=(128, 128))
    image = parse(source)(x)
    groups = image.size // 4
    measured = nm(2, 4).tied_groups(image) / groups
    closed = float(np.mean([tied_share(block, 2, 4) for block in image.reshape(-1, 32)]))
    assert abs(measured - closed) < 5 * 2 * (closed * (1 - closed) / groups) ** 0.5
