"""LRP-QViT and layer-wise quantization against textbook rules, brute force and scipy's distances."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from scipy.spatial.distance import cosine
from scipy.stats import zscore

from sqtheory.alphabet.sparsifiers import nm
from sqtheory.methods.layerwise import ONE, OTHER, input_modification, large_share, two_levels
from sqtheory.methods.lrp_qvit import leaked, linear_bits, propagated

RNG = np.random.default_rng(4)


def by_hand(x: list[Fraction], w: list[list[Fraction]], r: list[Fraction], eps: Fraction) -> list[Fraction]:
    """Message by message, in fractions."""
    total = [Fraction(0)] * len(x)
    for row, share in zip(w, r, strict=True):
        z = sum((a * b for a, b in zip(row, x, strict=True)), Fraction(0))
        for j, (a, b) in enumerate(zip(row, x, strict=True)):
            total[j] += a * b * share / (z + (eps if z >= 0 else -eps))
    return total


@pytest.mark.parametrize("eps", [0.0, 0.25, 4.0])
def test_relevance_is_the_messages_and_what_epsilon_leaks_is_the_rest(eps: float) -> None:
    for _ in range(20):
        x, w, r = (RNG.integers(1, 9, shape) * 1.0 for shape in ((4,), (3, 4), (3,)))
        w *= RNG.choice((-1, 1), (3, 1))
        made = propagated(x, w, r, eps)
        exact = by_hand(*(np.vectorize(Fraction, otypes=[object])(a).tolist() for a in (x, w, r)), Fraction(eps))
        np.testing.assert_allclose(made, [float(v) for v in exact], rtol=1e-12)
        assert r.sum() - made.sum() == pytest.approx(leaked(x, w, r, eps), abs=1e-10)
        assert (leaked(x, w, r, eps) > 0) == (eps > 0)


def test_relevance_through_two_layers_is_conserved_and_an_output_of_zero_is_refused() -> None:
    x, first, second = RNG.random(5) + 1, RNG.random((4, 5)), RNG.random((3, 4))
    hidden, out = first @ x, second @ (first @ x)
    back = propagated(x, first, propagated(hidden, second, out))
    assert back.sum() == pytest.approx(out.sum(), rel=1e-12)
    with pytest.raises(ValueError, match="an output that is not 0"):
        propagated(np.array([1.0, 1]), np.array([[1.0, -1]]), np.array([1.0]))


def test_bits_of_a_linear_sum_are_the_best_of_all_where_sizes_are_equal() -> None:
    for _ in range(10):
        scores, budget = RNG.random(3).tolist(), int(RNG.integers(6, 25))
        bits = linear_bits(scores, (1, 1, 1), range(2, 9), budget)
        best = max(
            sum(s * b for s, b in zip(scores, own, strict=True))
            for own in itertools.product(range(2, 9), repeat=3)
            if sum(own) <= budget
        )
        assert sum(bits) <= budget and sum(s * b for s, b in zip(scores, bits, strict=True)) == pytest.approx(best)
        assert sum(2 < b < 8 for b in bits) <= 1, "one layer at most is between the extremes"
    assert linear_bits((1.0, 3.0), (4, 6), (2, 4, 8), 48) == (4, 4), (
        "28 more pay a step of 12 of the first, not one of 36, then one of 8"
    )
    with pytest.raises(ValueError, match="2 bits for every weight exceed a budget of 5"):
        linear_bits((1.0,), (3,), (2, 4), 5)


def test_importances_are_a_cosine_distance_and_a_share_of_z_scores() -> None:
    x, y = RNG.standard_normal((6, 5)), RNG.standard_normal((6, 5))
    assert input_modification(x, y) == pytest.approx(np.mean([cosine(a, b) - 1 for a, b in zip(x, y, strict=True)]))
    w = RNG.standard_normal((30, 20))
    assert large_share(w) == (zscore(w, axis=None) > 1).mean() == large_share(4 * w)
    assert large_share(w) != large_share(np.abs(w)), "the sign counts"
    assert abs(large_share(RNG.standard_normal((200, 200))) - 0.1587) < 6 * np.sqrt(0.16 * 0.84 / 40000)
    with pytest.raises(ValueError, match="sample 1 has no direction"):
        input_modification(np.eye(2), np.diag([1.0, 0]))


def test_the_two_layers_that_a_mask_ranks_anew_are_counted_by_hand() -> None:
    """Eight weights each: ±1 have none above one deviation and, 2:4, the two that stay; of ±(0, 0, 0, 1) it is one."""
    assert [large_share(w) for w in (ONE, OTHER)] == [0, 1 / 8]
    assert [large_share(nm(2, 4)(w)) for w in (ONE, OTHER)] == [2 / 8, 1 / 8]


@pytest.mark.parametrize("mean", [Fraction(2), Fraction(5, 2), Fraction(13, 4), Fraction(4)])
def test_two_widths_come_as_close_to_a_mean_as_whole_layers_in_order_allow(mean: Fraction) -> None:
    sizes, importance = (10, 30, 20, 20), (0.2, 0.9, 0.4, 0.4)
    bits = two_levels(importance, sizes, 2, 4, mean)
    order = [1, 2, 3, 0]
    counts = [sum(sizes[at] * (4 if at in order[:k] else 2) for at in range(4)) for k in range(5)]
    most = max(k for k in range(5) if counts[k] <= mean * 80)
    assert {at for at in range(4) if bits[at] == 4} == set(order[:most])
    with pytest.raises(ValueError, match="a mean of 5 bits is none between 2 and 4"):
        two_levels(importance, sizes, 2, 4, Fraction(5))
