"""Capped proportional densities: exact budget, the published recursion, one fixed point."""

from fractions import Fraction

import numpy as np
import pytest

from sqtheory.alphabet.allocation.densities import capped_proportional, erdos_renyi, erdos_renyi_kernel, uniform

SHAPES = ((64, 3, 3, 3), (64, 64, 3, 3), (128, 64, 3, 3), (128, 128, 3, 3), (10, 128))


def one_layer_at_a_time(sizes: list[int], weights: list[Fraction], density: Fraction) -> list[Fraction]:
    """The recursion as it is published with ERK: the layers of the largest ε r_l > 1 alone become dense in a round."""
    dense: set[int] = set()
    while True:
        rest = [i for i in range(len(sizes)) if i not in dense]
        left = density * sum(sizes) - sum(sizes[i] for i in dense)
        factor = left / sum(sizes[i] * weights[i] for i in rest) if rest else Fraction(0)
        largest = max((weights[i] for i in rest), default=Fraction(0))
        if factor * largest <= 1:
            return [Fraction(1) if i in dense else factor * weights[i] for i in range(len(sizes))]
        dense |= {i for i in rest if weights[i] == largest}


@pytest.mark.parametrize("seed", range(60))
def test_the_budget_is_spent_exactly_in_at_most_as_many_rounds_as_layers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 9))
    sizes = rng.integers(1, 50, count).tolist()
    weights = [Fraction(1, int(4 ** rng.integers(0, 6)) * int(v)) for v in rng.integers(1, 9, count)]
    density = Fraction(int(rng.integers(1, 33)), 32)
    found = capped_proportional(sizes, weights, density)
    assert found.expected == density * sum(sizes)
    assert all(0 < d <= 1 for d in found.shares) and 1 <= found.rounds <= count
    assert all(d == min(1, found.factor * r) or d == 1 for d, r in zip(found.shares, weights, strict=True))
    assert list(found.shares) == one_layer_at_a_time(sizes, weights, density)
    assert sum(found.kept) == -(-found.expected // 1)
    assert all(k <= n for k, n in zip(found.kept, sizes, strict=True))


@pytest.mark.parametrize("seed", range(10))
def test_capped_proportional_shares_are_the_least_sum_of_squares_over_weights(seed: int) -> None:
    """Karush, Kuhn and Tucker of min Σ n d²/r: d_l/r_l is one number ε below 1, no more at 1; no other d costs less."""
    rng = np.random.default_rng(seed)
    sizes, density = rng.integers(1, 9, 5).tolist(), Fraction(int(rng.integers(8, 25)), 32)
    weights, other = ([Fraction(int(v)) for v in rng.integers(1, 40, 5)] for _ in range(2))
    found = capped_proportional(sizes, weights, density)
    slopes = [d / r for d, r in zip(found.shares, weights, strict=True)]
    assert all(s == found.factor if d < 1 else s <= max(slopes) for s, d in zip(slopes, found.shares, strict=True))
    assert all(1 / r <= found.factor for d, r in zip(found.shares, weights, strict=True) if d == 1 and found.factor)
    costs = [
        sum(n * d * d / r for n, d, r in zip(sizes, some.shares, weights, strict=True))
        for some in (found, capped_proportional(sizes, other, density))
    ]
    assert costs[0] <= costs[1]


def test_as_many_rounds_as_layers_can_be_needed() -> None:
    sizes, weights = [1] * 4, [Fraction(1, 100**i) for i in range(4)]
    assert capped_proportional(sizes, weights, Fraction(31, 32)).rounds == 4


def test_erk_of_a_small_network_by_hand() -> None:
    """ε solves 2·3·ε(5/6) + 4·4·ε(8/16) = 11: 13 ε = 11; no layer is dense."""
    found = erdos_renyi_kernel([(2, 3), (4, 4)], Fraction(1, 2))
    assert found.factor == Fraction(11, 13) and found.shares == (Fraction(55, 78), Fraction(11, 26))
    assert (found.rounds, found.kept) == (1, (4, 7))


def test_er_leaves_the_kernel_out_of_the_weight_and_erk_does_not() -> None:
    er, erk = erdos_renyi(SHAPES, Fraction(1, 10)), erdos_renyi_kernel(SHAPES, Fraction(1, 10))
    assert er.shares[1] / er.shares[3] == Fraction(64 + 64, 64 * 64) / Fraction(256, 128 * 128)
    assert erk.shares[1] / erk.shares[3] == Fraction(134, 64 * 64) / Fraction(262, 128 * 128)
    assert erk.expected == er.expected == Fraction(sum(int(np.prod(s)) for s in SHAPES), 10)
    assert erdos_renyi(SHAPES[-1:], Fraction(1, 3)) == erdos_renyi_kernel(SHAPES[-1:], Fraction(1, 3))


def test_wider_layers_are_sparser() -> None:
    shares = erdos_renyi_kernel([(n, n) for n in (8, 16, 32, 64)], Fraction(1, 10)).shares
    assert list(shares) == sorted(shares, reverse=True)


def test_uniform_is_uniform() -> None:
    assert uniform(SHAPES, Fraction(1, 3)).shares == (Fraction(1, 3),) * len(SHAPES)
    assert uniform(SHAPES, Fraction(1)).shares == (Fraction(1),) * len(SHAPES)


@pytest.mark.parametrize("density", [Fraction(0), Fraction(3, 2)])
def test_a_density_is_a_share(density: Fraction) -> None:
    with pytest.raises(ValueError, match=r"a density lies in \(0, 1\]"):
        uniform(SHAPES, density)


def test_layers_without_weight_keep_nothing_or_the_budget_is_refused() -> None:
    found = capped_proportional([4, 4], [Fraction(1), Fraction(0)], Fraction(1, 4))
    assert found.shares == (Fraction(1, 2), 0)
    with pytest.raises(ValueError, match="layers of weight 0 keep nothing, and 2 entries more"):
        capped_proportional([4, 4], [Fraction(1), Fraction(0)], Fraction(3, 4))
    with pytest.raises(ValueError, match="for every layer"):
        capped_proportional([4], [Fraction(1), Fraction(1)], Fraction(1, 2))
    with pytest.raises(ValueError, match=r"a tensor of shape \(8,\) has not two axes"):
        erdos_renyi_kernel([(8,)], Fraction(1, 2))


def test_independent_draws_keep_the_budget_in_expectation_and_lose_the_rest_of_the_energy() -> None:
    """E‖x − m ⊙ x‖² = (1 − d)‖x‖² for kept entries drawn with chance d: over all 2⁶ masks of a tensor of six."""
    x, d = np.array([3.0, 1, 4, 1, 5, 9]), Fraction(1, 3)
    masks = (np.arange(64)[:, None] >> np.arange(6)) & 1
    chances = float(d) ** masks.sum(axis=1) * (1 - float(d)) ** (6 - masks.sum(axis=1))
    assert np.isclose((chances * masks.sum(axis=1)).sum(), 2, rtol=1e-14)
    assert np.isclose((chances * ((1 - masks) * x**2).sum(axis=1)).sum(), (1 - 1 / 3) * (x**2).sum(), rtol=1e-14)
