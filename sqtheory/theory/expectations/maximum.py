"""Expectations over a block of independent entries, by the law of the largest of them, which sets the scale."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.alphabet.partition import Blocks
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.scaling import Numbers, Reach
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array
from sqtheory.theory.expectations.densities import Density
from sqtheory.theory.expectations.finite_step import around_the_cut, check, gap_with_maximum, independent_gap
from sqtheory.theory.expectations.quadrature import Cells, cells, levels_of, rule

NEGLIGIBLE = 1e-9
"""Chance of block maxima so small that their exponents are not looked at one by one."""
MANY = 16
"""Levels up to which the block maximum's own cells are pieces of the outer quadrature of whole blocks."""
ENDS = (0.001, 0.03, 0.2, 0.5, 0.8, 0.95)
"""Quantiles of the block maximum at which pieces of the outer quadrature end."""


@final
@dataclass(frozen=True, eq=False)
class Maximum:
    """One value t of the block maximum: its weight, its image, the scale it sets, and the law of smaller entries."""

    t: float
    image: float
    weight: float
    below: Cells


def _check_rounding(q: Quantizer) -> None:
    """Raise ValueError unless q rounds to a nearest level and saturates."""
    if not (q.nearest and q.saturate):
        raise ValueError(f"needed rounding to nearest, and saturation, got {q}")


def _check_scale(q: Quantizer) -> None:
    """Raise ValueError unless the scale follows from the maximum of the block."""
    if not q.scaling.follows_maximum or q.scaling.looks_at is Reach.tensor:
        raise ValueError(f"needed a scale set by the maximum of its block alone, got {q.scaling} in {q}")


def maxima(density: Density, q: Quantizer, size: int, breaks: tuple[float, ...] = ()) -> Iterator[Maximum]:
    """Values of the largest of ``size`` independent magnitudes with weights of total 1, for a scale that it alone sets.

    The nodes are those of a rule in w = F(t)^B, the distribution function of the maximum, between the values at which
    a power-of-two scale jumps or the maximum changes its cell. Raises ValueError for a scale set by more than the
    block maximum.
    """
    _check_scale(q)
    t, weight, scale, image = outer(density, q, size, MANY)
    for values in zip(*(a.tolist() for a in (t, weight, image, scale)), strict=True):
        largest, share, own, sigma = values
        yield Maximum(largest, own, share, cells(density, q.format, sigma, largest, breaks))


def outer(density: Density, q: Quantizer, size: int, most: int) -> tuple[Array, Array, Array, Array]:
    """Values of the block maximum, their weights, and the scales and images of each.

    Pieces end at cells of the maximum's own only where the grid has at most so many levels: beyond, what depends on
    it is smooth enough.
    """
    ends = np.concatenate([[0.0], ENDS, density.cdf(_jumps(density, q, size, most)) ** size])
    w, weight, beyond = rule(ends, graded=True)
    lower = beyond < 0.5
    upper = -np.expm1(np.where(lower, np.log1p(-np.where(lower, beyond, 0)), np.log(w)) / size)
    t = np.where(upper < 0.5, density.upper_quantile(upper), density.quantile(1 - upper))
    t, weight = t[t > 0], weight[t > 0]
    scale = q.scaling.scales(t[:, None], Blocks(1), q.format)[:, 0]
    image = np.abs(q.format.round(t / scale, q.rounding)) * scale
    return t, weight, scale, image


def _jumps(density: Density, q: Quantizer, size: int, most: int) -> Array:
    """Maxima at which a power-of-two scale jumps, or their own image does; none for scales in proportion to them."""
    if q.scaling.values is not Numbers.dyadic:
        return np.array([])
    tails = np.array([NEGLIGIBLE, 1 - NEGLIGIBLE]) ** (1 / size)
    low, high = (int(e) for e in np.frexp(density.quantile(tails))[1])
    levels, middle = levels_of(q.format, 1.0)
    top = 2.0 ** np.frexp(q.format.max)[1]
    own = np.concatenate([levels[levels > 0], middle]) / top if levels.size <= most else np.array([])
    turns = [0.5, float(np.frexp(q.format.max)[0]), 1 - 2.0 ** -(q.format.fraction_bits + 2)]
    inner = np.concatenate([turns, own])
    inner = inner[(inner >= 0.5) & (inner < 1)]
    return np.asarray(np.unique(inner[:, None] * 2.0 ** np.arange(low - 1, high + 2)))


def expected_square_error(density: Density, q: Quantizer) -> float:
    """E (x − q(x))² of one entry of a full block of B independent entries.

    E ((B − 1) E[(y − q_t(y))² | |y| ≤ t] + (t − q_t(t))²)/B over the law of the block maximum t, q_t the grid at the
    scale that t sets: absmax, a power of two, … With a scale fixed beforehand, E (y − q(y))².
    Raises ValueError for a law of infinite variance, a scale set by more than the block maximum, blocks that are not
    runs of a fixed number of entries, a rounding other than nearest, or a grid that is not symmetric about 0.
    """
    if not np.isfinite(density.second_moment):
        raise ValueError("the squared error of a law of infinite variance is infinite")
    _check_rounding(q)
    fixed = q.scaling.constant
    if fixed is not None:
        law = cells(density, q.format, fixed)
        return law.mean((law.t - law.image) ** 2)
    size = q.partition.run
    if size is None:
        raise ValueError(f"needed blocks of a fixed number of entries, got {q.partition}")
    _check_scale(q)
    every = maxima(density, q, size) if size > 1 else ()
    others = sum(top.weight * top.below.mean((top.below.t - top.below.image) ** 2) for top in every)
    t, weight, _, image = outer(density, q, size, q.format.values.size)
    return float((size - 1) * others + weight @ (t - image) ** 2) / size


def expected_block_gap(density: Density, q: Quantizer, s: Sparsifier, size: int, m: int, p: float = 1) -> float:
    """E‖ε_{s∘q}‖_p^p − E‖ε_{q∘s}‖_p^p of one block of ``size`` independent entries in groups of m.

    Of the size/m groups one holds the block maximum, which is no draw of the law below it. With a scale fixed
    beforehand all groups are alike. Raises ValueError as ``expected_order_gap``, and for a scale set by more than the
    block maximum.
    """
    n = s.budget(m)
    check(n, m, p, q.format)
    _check_rounding(q)
    groups, breaks = size // m, around_the_cut(n, m)
    fixed = q.scaling.constant
    if fixed is not None:
        return groups * independent_gap(cells(density, q.format, fixed, breaks=breaks), n, m, p)
    return sum(
        top.weight * (_others(top, groups - 1, n, m, p) + gap_with_maximum(top.below, top.t, top.image, n, m, p))
        for top in maxima(density, q, size, breaks)
    )


def _others(top: Maximum, groups: int, n: int, m: int, p: float) -> float:
    return groups * independent_gap(top.below, n, m, p) if groups else 0.0
