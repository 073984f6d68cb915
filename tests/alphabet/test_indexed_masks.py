"""The SAP step: the published count, its strict pivot, and that it follows what it is given."""

import math
from fractions import Fraction

import numpy as np
import pytest

from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import sap
from sqtheory.alphabet.sparsity_index import pq_index

W = np.random.default_rng(0).laplace(size=(12, 40))


def published(x: np.ndarray, p: float, q: float, eta: float, gamma: float, beta: float) -> np.ndarray:
    """The step on one row, as it is written: an index, a bound, a share, a pivot of the sorted magnitudes, <."""
    d = x.size
    index = float(pq_index(x[None], p, q)[0])
    bound = math.ceil(d * (1 + eta) ** (q / (p - q)) * (1 - index) ** (q * p / (q - p)))
    share = min(max(gamma * (1 - bound / d), 0), beta)
    pivot = np.sort(np.abs(x))[math.floor(Fraction(share).limit_denominator(10**6) * d)]
    return ~(np.abs(x) < pivot)


@pytest.mark.parametrize(
    ("p", "q", "eta", "gamma", "beta"),
    [(0.5, 1, 0, 1, 0.9), (1, 2, 0, 1, 0.9), (0.5, 1, 0.1, 1, 0.9), (0.5, 1, 0, 3, 0.9), (0.2, 1, 1, 1, 0.5)],
)
def test_it_is_the_published_step(p: float, q: float, eta: float, gamma: float, beta: float) -> None:
    s = sap(p, q, eta=eta, gamma=gamma, beta=beta, per=Rows())
    found = s.mask(W)
    for x, kept in zip(W, found, strict=True):
        np.testing.assert_array_equal(kept, published(x, p, q, eta, gamma, beta))
    assert found.any(axis=1).all() and not found.all()


def test_what_equals_the_pivot_stays() -> None:
    """The 0.5-1 index of (8, 1 × 7) says 5 must be kept; the fourth smallest is 1, and no entry is less."""
    x = np.array([8.0, 1, 1, 1, 1, 1, 1, 1])
    nudged = x + np.arange(8) / 1e6
    assert sap().mask(x).all() and sap().mask(nudged).sum() == 8 - 1


def test_the_budget_of_a_quantized_tensor_is_another() -> None:
    """Four bits round most of a heavy-tailed tensor to zero: its index rises, and fewer entries are kept."""
    s, q = sap(0.5, 1), int_(4)
    before, after = int(s.mask(W).sum()), int(s.mask(q(W)).sum())
    assert before != after and not np.array_equal(q(s(W)), s(q(W)))


def test_at_most_a_share_is_pruned_and_without_slack_nothing() -> None:
    lone = np.eye(1, 20)
    assert sap(beta=0.5).mask(lone + np.arange(20) / 1e9).sum() == 10
    assert sap(gamma=0).mask(W).all() and sap(beta=0).mask(W).all() and sap().mask(np.ones((3, 4))).all()
    with pytest.raises(ValueError, match="prunes γ ≥ 0 times what it may and at most β < 1"):
        sap(beta=1)
