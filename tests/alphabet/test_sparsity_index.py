"""The PQ index against its definition and its six properties, and what it says must be kept against all masks."""

import math
from itertools import combinations

import numpy as np
import pytest

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsity_index import pq_index, retained

PAIRS = ((0.5, 1.0), (1.0, 2.0), (0.2, 1.5))
ROWS = np.random.default_rng(0).laplace(size=(50, 9))
pairs = pytest.mark.parametrize(("p", "q"), PAIRS)


def defined(x: list[float], p: float, q: float) -> float:
    """1 − d^{1/q − 1/p} ‖x‖_p/‖x‖_q."""
    low, high = (sum(abs(v) ** r for v in x) ** (1 / r) for r in (p, q))
    return 1 - len(x) ** (1 / q - 1 / p) * low / high


@pairs
def test_it_is_its_definition_within_its_range(p: float, q: float) -> None:
    found = pq_index(ROWS, p, q)
    np.testing.assert_allclose(found, [defined(x, p, q) for x in ROWS.tolist()], rtol=0, atol=1e-14)
    assert (found >= 0).all() and (found <= 1 - 9 ** (1 / q - 1 / p)).all()


@pairs
def test_equal_magnitudes_are_least_sparse_and_one_entry_alone_is_most(p: float, q: float) -> None:
    found = pq_index(np.array([[3.0, -3, 3, -3], [0, 0, -5, 0], [0, 0, 0, 0]]), p, q)
    np.testing.assert_allclose(found, [0, 1 - 4 ** (1 / q - 1 / p), 0], rtol=0, atol=1e-15)


@pairs
def test_scale_order_and_cloning_do_not_matter(p: float, q: float) -> None:
    found = pq_index(ROWS, p, q)
    assert np.array_equal(pq_index(-ROWS * 2.0**700, p, q), found) and np.array_equal(
        pq_index(ROWS / 2.0**900, p, q), found
    )
    np.testing.assert_allclose(pq_index(ROWS[:, ::-1] * 3, p, q), found, rtol=0, atol=1e-14)
    np.testing.assert_allclose(pq_index(np.tile(ROWS, 3), p, q), found, rtol=0, atol=1e-14)


@pairs
def test_a_larger_magnitude_that_gives_to_a_smaller_one_makes_it_less_sparse(p: float, q: float) -> None:
    """Robin Hood; a number added to all magnitudes does too (the rising tide), a zero makes it sparser (babies)."""
    x = np.sort(np.abs(ROWS), axis=1)
    given, tide = x.copy(), x + 0.5
    share = (x[:, -1] - x[:, 0]) / 4
    given[:, 0] += share
    given[:, -1] -= share
    assert (pq_index(given, p, q) < pq_index(x, p, q)).all() and (pq_index(tide, p, q) < pq_index(x, p, q)).all()
    assert (pq_index(np.pad(x, ((0, 0), (0, 1))), p, q) > pq_index(x, p, q)).all()


@pairs
@pytest.mark.parametrize("eta", [0.0, 0.1, 1.0])
def test_no_fewer_entries_are_left_than_it_says(p: float, q: float, eta: float) -> None:
    """All masks of a row of nine: those whose pruned p-th powers sum to at most η times the kept ones'."""
    needed = retained(ROWS, p, q, eta)
    written = 9 * (1 + eta) ** (-q / (q - p)) * (1 - pq_index(ROWS, p, q)) ** (p * q / (q - p))
    np.testing.assert_allclose(needed, written, rtol=1e-11)
    for x, least in zip(np.abs(ROWS[:12]) ** p, needed, strict=False):
        for kept in range(1, 10):
            allowed = any(
                x.sum() - sum(some) <= eta * sum(some) * (1 + 1e-12) for some in combinations(x.tolist(), kept)
            )
            assert not allowed or kept >= least * (1 - 1e-12)


@pairs
def test_equal_survivors_and_no_others_attain_it(p: float, q: float) -> None:
    x = np.array([[2.0, -2, 2, 0, 0, 0, 0, 0]])
    assert math.isclose(retained(x, p, q)[0], 3, rel_tol=1e-13)
    assert retained(np.zeros((1, 8)), p, q)[0] == 8


def test_quantizing_moves_it_either_way() -> None:
    """Small entries that round to zero make a tensor sparser, equal images less sparse."""
    sparser, denser = np.array([[7.0, 0.4, 0.4, 0.4]]), np.array([[7.0, 6.6, 6.8, 7.0]])
    assert pq_index(int_(4)(sparser), 0.5, 1)[0] > pq_index(sparser, 0.5, 1)[0] + 0.3
    assert pq_index(int_(4)(denser), 0.5, 1)[0] < pq_index(denser, 0.5, 1)[0]


@pytest.mark.parametrize(("p", "q"), [(1, 1), (2, 1), (0, 1), (1, math.inf), (math.nan, 1)])
def test_exponents_out_of_order_are_refused(p: float, q: float) -> None:
    with pytest.raises(ValueError, match="0 < p < q < ∞"):
        pq_index(ROWS, p, q)
    with pytest.raises(ValueError, match="η is a finite number of at least 0"):
        retained(ROWS, 1, 2, -1)
