"""Of several scales for every block, the one whose image errs least."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.formats import Format, steps
from sqtheory.alphabet.partition import Partition
from sqtheory.alphabet.rationals import NotRational, Rationals, pick
from sqtheory.alphabet.rounding import nearest_even
from sqtheory.alphabet.scaling.fitted import losses
from sqtheory.arrays import Array


def least_of(x: Array, blocks: Partition, fmt: Format, candidates: Sequence[Array], p: float) -> Array:
    """The first σ of least ‖x_B − σ ρ(x_B/σ)‖_p in every block, ρ nearest; each candidate is a grid of scales.

    Errors are compared in float64, in units near the first candidate, so that powers of them stay in range.
    """
    best = candidates[0]
    unit, least = blocks.spread(np.frexp(best)[1], x.shape), np.full(best.shape, np.inf)
    for sigma in candidates:
        loss = loss_of(x, blocks, fmt, sigma, unit, p)
        best, least = np.where(loss < least, sigma, best), np.minimum(loss, least)
    return best


def loss_of(x: Array, blocks: Partition, fmt: Format, sigma: Array, unit: NDArray[np.intc], p: float) -> Array:
    """Σ |x_B − σ ρ(x_B/σ)|^p of every block, or the largest for p = ∞, in float64 over 2^unit of every entry."""
    wide = blocks.spread(np.where(sigma == 0, sigma.dtype.type(1), sigma), x.shape)
    with np.errstate(over="ignore"):  # an image beyond the dtype: an infinite loss, never the least
        error = np.ldexp((x - fmt.round(x / wide) * wide).astype(np.float64), -unit)
        return blocks.reduce(error, lambda rows: losses(rows, p))


def exact_loss_of(x: Rationals, blocks: Partition, fmt: Format, sigma: Rationals, p: float) -> Rationals:
    """The same in rational arithmetic. Raises NotRational where p is no whole number and not infinite."""
    if p != np.inf and p != int(p):
        raise NotRational(f"powers of p = {p} are not rational")
    levels = steps(fmt, nearest_even)
    wide = blocks.spread(pick(sigma == 0, Fraction(1), sigma), x.shape)
    error: Rationals = np.empty(x.shape, object)
    error.reshape(-1)[:] = [abs(v - levels.level(v / by) * by) for v, by in zip(x.flat, wide.flat, strict=True)]
    powers = error if p == np.inf else error ** int(p)
    return blocks.reduce(powers, lambda rows: rows.max(axis=1) if p == np.inf else rows.sum(axis=1))


def exact_least_of(
    x: Rationals, blocks: Partition, fmt: Format, candidates: Sequence[Rationals], p: float
) -> Rationals:
    """The same in rational arithmetic. Raises NotRational where p is no whole number and not infinite."""
    spent = [exact_loss_of(x, blocks, fmt, sigma, p) for sigma in candidates]
    best, least = candidates[0], spent[0]
    for sigma, loss in zip(candidates[1:], spent[1:], strict=True):
        nearer = np.asarray(loss < least, bool)
        best, least = np.where(nearer, sigma, best), np.where(nearer, loss, least)
    return best
