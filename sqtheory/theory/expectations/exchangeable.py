"""The order gap of exchangeable entries, exactly: how often each order keeps the entry of a rank.

Entries are exchangeable if every arrangement of them is as likely as any other, as for independent draws of one law.
"""

from collections.abc import Callable

import numpy as np
from scipy.special import betaln

from sqtheory.arrays import Array
from sqtheory.orders.errors import powers

NOISE = 1e-12
"""What float64 may add to a chance that is made of logarithms of binomials, whatever the processor.

A logarithm below 64 that is off by 16 units in its last place is off by 64 · 16 · 2^−53 ≈ 1.1e-13, and a chance is
the exponential, at most 1, of a sum of up to five of them.
"""


def log_binomial(n: Array | int, k: Array | int) -> Array:
    """log C(n, k) of whole numbers 0 ≤ k ≤ n: exactly 0 for k = 0 and k = n, never negative."""
    n, k = np.asarray(n, np.float64), np.asarray(k, np.float64)
    inside = (k > 0) & (k < n)
    return np.where(inside, np.maximum(-np.log1p(n) - betaln(n - k + 1, k + 1), 0.0), 0.0)


def hypergeometric(drawn: int, marked: Array | int, total: int, hits: int) -> Array:
    """P(``hits`` of ``drawn`` entries are marked), ``marked`` of ``total`` being so, drawn without replacement."""
    marked = np.asarray(marked)
    possible = (hits <= marked) & (0 <= drawn - hits) & (drawn - hits <= total - marked)
    inside = np.where(possible, marked, hits)
    rest = np.where(possible, total - marked, max(drawn - hits, 0))
    logarithm = log_binomial(inside, hits) + log_binomial(rest, max(drawn - hits, 0)) - log_binomial(total, drawn)
    return np.where(possible, np.exp(logarithm), 0.0)


def kept_chances(population: int, n: int, m: int) -> Array:
    """P(an entry is among the n largest of a random group of m that holds it), by its rank from the largest.

    Σ_{a<n} C(i, a) C(N − 1 − i, m − 1 − a) / C(N − 1, m − 1) for i = 0 … N − 1. Raises ValueError unless
    1 ≤ n ≤ m ≤ N.
    """
    if not 1 <= n <= m <= population:
        raise ValueError(f"needed 1 <= n <= m <= N, got {n}:{m} of {population}")
    rank = np.arange(population, dtype=np.float64)
    if n == m:
        return np.ones(population)  # exactly: what is pruned with the chance of a rounding error may be large
    if m == population:
        return (rank < n).astype(np.float64)
    chance: Array = np.zeros(population)
    for above in range(n):
        chance += hypergeometric(m - 1, rank, population - 1, above)
    chance[:n] = 1  # fewer than n are larger
    return np.minimum(chance, 1.0)


def kept_by_each_order(x: Array, image: Array, chances: Array) -> tuple[Array, Array]:
    """How often S→Q and Q→S keep each entry of every row of x (rows × N), ties of |q(x)| broken blindly.

    ``chances`` are those of the ranks, as of ``kept_chances``: S→Q keeps an entry as often as its rank says, Q→S as
    often as the average entry of its cell, for which every arrangement of the cell is as likely.
    """
    order = np.argsort(-np.abs(x), axis=1, kind="stable")
    level = np.take_along_axis(np.abs(image), order, axis=1)
    first = np.ones(level.shape, bool)
    first[:, 1:] = level[:, 1:] != level[:, :-1]
    cell = np.cumsum(first.reshape(-1)) - 1
    before = np.broadcast_to(chances, level.shape)
    after = (np.bincount(cell, before.reshape(-1)) / np.bincount(cell))[cell].reshape(level.shape)
    placed: tuple[Array, Array] = np.empty(level.shape), np.empty(level.shape)
    for here, sorted_ in zip(placed, (before, after), strict=True):
        np.put_along_axis(here, order, sorted_, axis=1)
    return placed


def rank_gap(x: Array, image: Array, chances: Array, p: float) -> Array:
    """Σ_i g_i (π_i − mean of π over the cell of i) of every row of x (rows × N): what Q→S loses against S→Q.

    g_i = |x_i|^p − |x_i − q_i|^p is what keeping entry i saves, π_i the chance of its rank. For the chances of
    ``kept_chances(N, n, m)`` it is N/m times the expected order gap of a group (theorem ``order_gap_law``).
    """
    before, after = kept_by_each_order(x, image, chances)
    saved = powers(np.abs(x), p) - powers(np.abs(x - image), p)
    return np.asarray(np.einsum("ij,ij->i", saved, before - after))


def differing_chance(above: Array, inside: Array, population: int, n: int, m: int) -> Array:
    """P(the boundary of a random group lies in a cell and blind ties keep another mask than sparsifying first).

    The cell holds ``inside`` of N entries and ``above`` of them lie above it: Σ_{J < n < J + C} P(J, C)(1 − 1/C(C, r)),
    r = n − J, under the hypergeometric law of the numbers J above and C inside in a group of m.
    """
    return _at_cut(above, inside, population, n, m, lambda c, r: float(1 - np.exp(-log_binomial(np.array(c), r))))


def tied_chance(above: Array, inside: Array, population: int, n: int, m: int) -> Array:
    """P(the last kept and the first pruned entry of a random group both lie in the cell): Σ_{J < n < J + C} P(J, C)."""
    return _at_cut(above, inside, population, n, m, lambda c, r: 1.0)


def tied_share(magnitudes: Array, n: int, m: int) -> float:
    """The share of all groups of m of some entries, by their magnitudes, of which two tie at the cut after the n-th.

    What a mask n:m finds tied in a tensor that stands for codes, where any arrangement of a block is as likely.

    >>> round(tied_share(np.array([2.0, 1.0, 1.0, 0.0]), 1, 2), 3)  # one of six pairs
    0.167
    """
    _, counts = np.unique(np.abs(magnitudes), return_counts=True)
    inside = counts.astype(np.float64)
    above = np.cumsum(inside[::-1])[::-1] - inside
    chances = tied_chance(above, inside, np.size(magnitudes), n, m)
    return float(np.sum(chances))


def _at_cut(above: Array, inside: Array, population: int, n: int, m: int, weight: Callable[[int, int], float]) -> Array:
    """Σ_{J < n < J + C} P(J, C) weight(C, n − J) of every cell."""
    above, inside = np.asarray(above), np.asarray(inside)
    total: Array = np.zeros(np.broadcast(above, inside).shape)
    for j in range(n):
        upper = hypergeometric(m, above, population, j)
        for c in range(n - j + 1, m - j + 1):
            rest, wanted = population - above, m - j
            possible = (c <= inside) & (wanted - c <= rest - inside) & (wanted <= rest)
            some, left = np.where(possible, inside, c), np.where(possible, rest - inside, wanted - c)
            within = log_binomial(some, c) + log_binomial(left, wanted - c) - log_binomial(some + left, wanted)
            total += np.where(possible, upper * np.exp(within), 0.0) * weight(c, n - j)
    return total
