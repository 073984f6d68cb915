"""Textbook versions: one entry at a time, the inverse downdated each time; every support, every code."""

from collections.abc import Callable
from itertools import combinations, product

import numpy as np

from sqtheory.alphabet.compensation.obs import cost, step
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.arrays import Array, Mask

Round = Callable[[int, int, float], float]
"""(row, input, value) ↦ what it becomes."""


def layer(rows: int, inputs: int, seed: int = 0) -> tuple[Array, Array]:
    """A weight and moments of correlated inputs of unlike power."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((6 * inputs, inputs)) @ (np.eye(inputs) + 0.4 * rng.standard_normal((inputs, inputs)))
    return rng.standard_normal((rows, inputs)), x.T @ x / len(x)


def downdated(inverse: Array, p: int) -> Array:
    """H⁻¹ − H⁻¹_:p H⁻¹_p:/[H⁻¹]_pp: that of H without input p, zeros in its place (`frantar2022obc`, Lemma 1)."""
    less = inverse - np.outer(inverse[:, p], inverse[p]) / inverse[p, p]
    less[p], less[:, p] = 0.0, 0.0
    return np.asarray(less)


def unreachable(w: Array, keep: Mask, h: Array) -> float:
    """min tr(E H Eᵀ) over the supports: Σ over rows of w_P (H_PP − H_PS H_SS⁻¹ H_SP) w_Pᵀ."""
    total = 0.0
    for row, kept in zip(w.astype(np.float64), keep, strict=True):
        pruned = np.flatnonzero(~kept)
        inside = np.linalg.inv(h)[np.ix_(pruned, pruned)]
        total += float(row[pruned] @ np.linalg.solve(inside, row[pruned])) if pruned.size else 0.0
    return total


def rounding(q: Quantizer, w: Array) -> Round:
    """One number at the scale that its entry has in w, by a grid of one entry."""
    scales = q.partition.spread(q.scales(w), w.shape)

    def of(i: int, j: int, value: float) -> float:
        sigma = scales[i, j]
        return float(sigma * q.format.round(np.array([value / sigma if sigma else value]), q.rounding)[0])

    return of


def in_turn(w: Array, h: Array, value: Round, order: list[int] | None = None) -> Array:
    """Every entry of every row set in turn by an exact step, the inverse downdated after each."""
    out = w.astype(np.float64).copy()
    for i, row in enumerate(out):
        inverse = np.linalg.inv(h)
        for j in order or range(len(row)):
            moved = step(row, inverse, j, value(i, j, row[j]))
            fixed = np.diag(inverse) == 0
            row[~fixed] = moved[~fixed]
            inverse = downdated(inverse, j)
    return out


def cheapest(w: Array, h: Array, quota: int, group: int) -> tuple[Array, Mask, list[float]]:
    """Of every row and group so many entries pruned, the cheapest first, by exact steps; and what each step lost."""
    out, keep, losses = w.astype(np.float64).copy(), np.ones(w.shape, np.bool_), []
    for i, row in enumerate(out):
        inverse = np.linalg.inv(h)
        left = {g: quota for g in range(-(-len(row) // group))}
        while any(left.values()):
            open_ = [j for j in range(len(row)) if keep[i, j] and left[j // group]]
            costs = [cost(row, inverse, j) for j in open_]
            j = open_[int(np.argmin(costs))]
            moved = step(row, inverse, j)
            row[keep[i]] = moved[keep[i]]
            keep[i, j], left[j // group] = False, left[j // group] - 1
            inverse = downdated(inverse, j)
            losses.append(min(costs))
    return out, keep, losses


def best_on_grid(row: Array, h: Array, levels: Array, kept: int) -> float:
    """The least e H eᵀ over all choices of so many entries at levels, the others 0; ``levels`` (inputs, levels)."""
    least = np.inf
    for support in combinations(range(len(row)), kept):
        for codes in product(*(levels[j] for j in support)):
            e = row.copy()
            e[list(support)] -= codes
            least = min(least, float(e @ h @ e))
    return least
