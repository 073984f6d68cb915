"""The price of tie rules: by index the same for all, as the law and the finite-step formula say; by a neighbour not."""

from dataclasses import dataclass
from itertools import permutations
from typing import final

import numpy as np
import pytest
from scipy import stats

from sqtheory.alphabet.formats import INT4
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.scaling import Frozen
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.alphabet.ties import Introselect, Selected, Sight, Ties, by_original, high_index, low_index
from sqtheory.arrays import Array, FixedArray
from sqtheory.orders.applied import both
from sqtheory.theory.case import Case
from sqtheory.theory.expectations import ScipyDensity, expected_order_gap, order_gap_law
from sqtheory.theory.theorems import by_original_optimal, index_ties

HALF_NORMAL = ScipyDensity(stats.norm())
GROUPS = 40_000
STEP = 1 / 3
BY_PLACE = (low_index, high_index, *map(Introselect, Selected))


@final
@dataclass(frozen=True)
class ByNeighbour(Ties):
    """Among equals the entry survives whose neighbour is larger: the other of its pair, or that so many places on."""

    away: int = 0
    look_at = Sight.originals

    def key(self, x: Array, origin: Array) -> Array:
        size = np.abs(origin)
        return np.roll(size, -self.away, axis=-1) if self.away else size.reshape(-1, 2)[:, ::-1].reshape(x.shape)

    def __str__(self) -> str:
        return f"neighbour({self.away})"


def lost(x: Array, ties: Ties, p: int, n: int = 2, m: int = 4) -> Array:
    """The p-th power of the error of every group by INT4 with levels a third apart, less that by originals."""
    q = int_(4, scaling=Frozen(FixedArray(STEP)))
    errors = [np.abs(x - both(x, nm(n, m, ties=rule), q).masked_image) ** p for rule in (ties, by_original)]
    return np.asarray((errors[0] - errors[1]).reshape(-1, m).sum(axis=1))


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("ties", [*BY_PLACE, ByNeighbour(4)], ids=str)
def test_on_normals_every_rule_by_place_costs_what_the_finite_formula_says(ties: Ties, p: int) -> None:
    """Within five standard errors; a neighbour of another group says nothing of an entry either."""
    gaps = lost(np.random.default_rng(5).standard_normal((1, 4 * GROUPS)), ties, p)
    exact = expected_order_gap(HALF_NORMAL, INT4, STEP, 2, 4, p)
    assert abs(gaps.mean() - exact) < 5 * gaps.std() / GROUPS**0.5
    assert gaps.min() >= -1e-12 and exact > 50 * gaps.std() / GROUPS
    assert order_gap_law(HALF_NORMAL, 2, 4, STEP, p) == pytest.approx(exact, rel=0.1)


@pytest.mark.parametrize("p", [1, 2])
def test_the_neighbour_of_a_pair_costs_twice_an_index(p: int) -> None:
    """It is the other entry of the tie: the smaller one is kept, where by index that is one of two choices."""
    x = np.random.default_rng(6).standard_normal((1, GROUPS))
    low, high, partner, other = (lost(x, t, p, 1, 2) for t in (low_index, high_index, ByNeighbour(), by_original))
    assert np.array_equal(np.maximum(low, high), partner) and not np.minimum(low, high).any() and not other.any()
    assert partner.sum() == pytest.approx((low + high).sum(), rel=1e-12) and partner.sum() > 1.8 * low.sum()
    case = Case.of([7, 1.75, 2, 0], int_(4), nm(1, 2, ties=ByNeighbour()))
    assert by_original_optimal.THEOREM.admissible(case).all() and not index_ties.THEOREM.admissible(case).any()


def test_any_choice_of_places_costs_the_same_over_all_orders_and_originals_least() -> None:
    """By the operators, one order of the row after the other, for every rule; the price of each by hand."""
    x = np.array([7, 1.75, 2.125, 2.0])
    prices = {
        ties: np.mean([by_hand(x[list(order)], ties) for order in permutations(range(4))])
        for ties in (*BY_PLACE, by_original)
    }
    best, least = 2 * 2 * 2.125 - 4, [4 * t - 4 for t in (1.75, 2.125, 2.0)]
    assert prices.pop(by_original) == 0
    assert list(prices.values()) == pytest.approx([best - sum(least) / 3] * 4, rel=1e-12)


def by_hand(x: Array, ties: Ties) -> float:
    """The squared error of Q→S under the rule less that of the best choice of two entries at their images."""
    image = np.array([7.0, 2.0, 2.0, 2.0])[np.argsort(np.argsort(-x))]
    kept = nm(2, 4, ties=ties).mask(image, x)
    error = ((x - np.where(kept, image, 0)) ** 2).sum()
    best = min(((x - np.where(np.isin(range(4), c), image, 0)) ** 2).sum() for c in permutations(range(4), 2))
    return float(error - best)
