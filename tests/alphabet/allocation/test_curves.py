"""Choices under one storage budget against all combinations, and the certificate that says how far they can be."""

from itertools import product

import numpy as np
import pytest

from sqtheory.alphabet.allocation.curves import Choice, allocated, hull


def best(curves: list[list[Choice]], budget: int) -> float:
    """The least loss of all combinations within the budget."""
    return min(sum(c.loss for c in some) for some in product(*curves) if sum(c.cost for c in some) <= budget)


def random_curves(rng: np.random.Generator) -> list[list[Choice]]:
    return [
        [Choice(int(c), float(v) / 4) for c, v in zip(rng.integers(0, 12, 4), rng.integers(0, 40, 4), strict=True)]
        for _ in range(3)
    ]


@pytest.mark.parametrize("seed", range(30))
def test_the_bound_is_below_the_best_and_the_best_below_what_is_chosen(seed: int) -> None:
    curves = random_curves(np.random.default_rng(seed))
    least = sum(min(c.cost for c in curve) for curve in curves)
    for budget in range(least, 34):
        found, optimum = allocated(curves, budget), best(curves, budget)
        chosen = [curve[place] for curve, place in zip(curves, found.places, strict=True)]
        assert sum(c.cost for c in chosen) == found.cost <= budget
        assert sum(c.loss for c in chosen) == found.loss
        assert found.bound <= optimum <= found.loss
    assert allocated(curves, 34).loss == allocated(curves, 34).bound == sum(min(c.loss for c in g) for g in curves)


def convex(rng: np.random.Generator) -> list[Choice]:
    """Steps of one bit that save less and less."""
    saved = np.sort(rng.integers(1, 40, 5))[::-1]
    return [Choice(i, float(saved[i:].sum())) for i in range(6)]


@pytest.mark.parametrize("seed", range(10))
def test_on_convex_curves_of_equal_steps_it_is_optimal_at_every_budget(seed: int) -> None:
    rng = np.random.default_rng(seed)
    curves = [convex(rng) for _ in range(3)]
    for budget in range(16):
        found = allocated(curves, budget)
        assert found.cost == budget and found.loss == best(curves, budget) == found.bound


def test_it_need_not_be_optimal_and_says_so() -> None:
    """One bit saves most in the first tensor, which leaves too few for the second: knapsack."""
    curves = [[Choice(0, 9.0), Choice(1, 6.0)], [Choice(0, 9.0), Choice(4, 0.0)]]
    found = allocated(curves, 4)
    assert (found.places, found.loss, best(curves, 4)) == ((1, 0), 15.0, 9.0)
    assert found.bound == 8.25


def test_the_hull_leaves_out_what_is_above_a_chord_dear_for_nothing_or_one_again() -> None:
    curve = [Choice(4, 1.0), Choice(0, 8.0), Choice(1, 7.9), Choice(2, 3.0), Choice(9, 1.0), Choice(2, 3.0)]
    assert hull(curve) == (1, 3, 0)


def test_a_budget_below_the_cheapest_choices_is_refused() -> None:
    with pytest.raises(ValueError, match="the cheapest choices take 5 bits, the budget is 4"):
        allocated([[Choice(2, 1.0)], [Choice(3, 1.0)]], 4)
    with pytest.raises(ValueError, match="at least one choice"):
        allocated([[]], 4)
