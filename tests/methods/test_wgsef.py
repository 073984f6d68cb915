"""The k-support norm and its proximal step against the textbook formula, all supports, and Fenchel's equality."""

from itertools import combinations

import numpy as np
import pytest

from sqtheory.alphabet.support_norm import half_of_largest, squared_support_norm, support_prox
from sqtheory.arrays import Array
from sqtheory.methods import OrderVerdict, find

RNG = np.random.default_rng(0)
EACH = [
    (RNG.standard_normal((n, m)) * RNG.choice([1, 100], (n, 1)), k)
    for n in (1, 4, 7)
    for m in (1, 3)
    for k in range(1, n + 1)
]


def textbook(sizes: Array, k: int) -> float:
    """Proposition 2.1 of `argyriou2012ksupport`: the r with |x|_{k−r−1} > mean tail ≥ |x|_{k−r}, tried one by one."""
    z = np.sort(sizes)[::-1]
    for r in range(k):
        tail = z[k - r - 1 :].sum() / (r + 1)
        if (r == k - 1 or z[k - r - 2] > tail) and tail >= z[k - r - 1]:
            return float(np.sum(z[: k - r - 1] ** 2) + tail**2 * (r + 1))
    raise AssertionError


@pytest.mark.parametrize(("x", "k"), EACH)
def test_the_norm_is_that_of_the_textbook_and_between_its_neighbours(x: Array, k: int) -> None:
    sizes = np.linalg.norm(x, axis=1)
    made = squared_support_norm(x, k)
    assert made == pytest.approx(textbook(sizes, k), rel=1e-12)
    assert made >= max(np.sum(sizes**2), np.sum(sizes) ** 2 / k) * (1 - 1e-12)
    assert made <= np.sum(sizes) ** 2 * (1 + 1e-12)


def test_it_is_half_the_square_on_k_groups_and_more_elsewhere() -> None:
    x = RNG.standard_normal((6, 2))
    for k in range(1, 6):
        for some in combinations(range(6), k):
            kept = np.where(np.isin(np.arange(6), some)[:, None], x, 0.0)
            assert squared_support_norm(kept, k) == pytest.approx(np.sum(kept**2), rel=1e-15)
        assert squared_support_norm(x, k) > np.sum(x**2)


@pytest.mark.parametrize(("x", "k"), EACH)
@pytest.mark.parametrize("strength", [0.1, 1.0, 30.0])
def test_the_step_is_where_fenchels_inequality_is_an_equality(x: Array, k: int, strength: float) -> None:
    """u = prox_λf(x) if and only if (x − u)/λ is a subgradient of f at u: f(u) + f*(v) = ⟨u, v⟩; Moreau's identity."""
    u = support_prox(x, k, strength)
    v = (x - u) / strength
    both = squared_support_norm(u, k) / 2 + half_of_largest(v, k)
    assert both == pytest.approx(float(np.sum(u * v)), rel=1e-10)
    for other in (x, 0.9 * u, u + 0.1 * x, np.roll(u, 1, axis=0)):
        more = squared_support_norm(other, k) / 2 + half_of_largest(v, k)
        assert more >= np.sum(other * v) - 1e-10 * more


def test_the_conjugate_is_the_largest_over_all_supports() -> None:
    y = RNG.standard_normal((6, 3))
    for k in range(1, 7):
        tried = [np.sum(y[list(some)] ** 2) / 2 for some in combinations(range(6), k)]
        assert half_of_largest(y, k) == pytest.approx(max(tried), rel=1e-14)


def test_what_it_keeps_is_shrunk_and_what_is_zero_stays() -> None:
    x = np.array([[8.0], [-1.0], [6.0], [6.0], [0.0]])
    np.testing.assert_allclose(support_prox(x, 2, 1.0).ravel(), [4, 0, 2, 2, 0])
    np.testing.assert_allclose(support_prox(x, 5, 1.0), x / 2)
    np.testing.assert_array_equal(support_prox(np.zeros((3, 2)), 1, 1.0), np.zeros((3, 2)))
    assert squared_support_norm(np.array([[1.0], [1e-320], [1e-320]]), 2) == pytest.approx(1)


def test_what_is_no_number_of_groups_or_no_strength_is_refused() -> None:
    for k in (0, 4):
        with pytest.raises(ValueError, match="a k-support norm of 3 groups needs 1 ≤ k ≤ 3, got k ="):
            squared_support_norm(np.ones((3, 1)), k)
    with pytest.raises(ValueError, match="strength of a proximal step is positive, got 0"):
        support_prox(np.ones((3, 1)), 1, 0)


def test_its_order_turns_on_the_scale_alone() -> None:
    work = find("wgsef")
    assert work.verdict is OrderVerdict.fails and [str(c) for c in work.channels] == ["Σ"]
