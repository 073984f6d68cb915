"""Errors of tensors and their norms, accumulated in float64."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from sqtheory.alphabet.kernels.exact import rounded, total, total_of
from sqtheory.alphabet.norms import STEEP, check_norm, unit_of, units
from sqtheory.alphabet.operators import Operator
from sqtheory.alphabet.partition import Partition
from sqtheory.arrays import PIECE, Array, ArrayLike, as_real

Pieces: TypeAlias = Callable[[slice], Array]
"""Entries of a flat array in a range."""


def error(f: Operator, x: ArrayLike) -> Array:
    """ε_f(x) = x − f(x), float64, the shape of x.

    >>> from sqtheory import int_
    >>> error(int_(4), [1.75, 2, 0.25, 7])
    array([-0.25,  0.  ,  0.25,  0.  ])
    """
    given = as_real(x)
    return given.astype(np.float64) - f(given)


def norm(e: ArrayLike, p: float = 2.0) -> float:
    """‖e‖_p = (Σ |e_i|^p)^{1/p} for 0 < p < ∞, max |e_i| for p = ∞; 0 for an empty tensor (p < 1: a quasi-norm).

    The powers are float64 numbers whose sum is rounded once, so their order does not matter.

    >>> norm([3, 4])
    5.0
    """
    flat = as_real(e).reshape(-1)
    return norm_of(lambda cut: flat[cut], flat.size, p)


def norm_of(entries: Pieces, size: int, p: float) -> float:
    """``norm`` of so many entries that are made piece by piece, twice."""
    check_norm(p)
    largest = largest_of(entries, size)
    if p == np.inf or not math.isfinite(largest):
        return largest
    unit = unit_of(np.array(largest), p)

    def terms(cut: slice) -> Array:
        return powers(np.abs(entries(cut).astype(np.float64)) / unit, p)

    return root(rounded(total_of(terms, size)), p) * unit


def largest_of(entries: Pieces, size: int) -> float:
    """max |e_i|, 0 for none."""
    cuts = (slice(at, min(at + PIECE, size)) for at in range(0, size, PIECE))
    return float(np.max([np.max(np.abs(entries(cut)), initial=0.0) for cut in cuts] or [0.0]))


def box_norms(e: ArrayLike, p: float, boxes: Partition) -> Array:
    """‖e_B‖_p for every box B of a partition, float64, in the shape of the grid of boxes."""
    check_norm(p)
    size = np.abs(as_real(e).astype(np.float64))
    return boxes.reduce(size, lambda rows: _row_norms(np.ascontiguousarray(rows), p))


def relative_error(y: ArrayLike, x: ArrayLike, p: float = 2.0) -> float:
    """‖x − y‖_p / ‖x‖_p; 0 when y = x, ∞ when x = 0 and y is not.

    >>> relative_error([3, 3], [3, 4], p=1)
    0.14285714285714285
    """
    whole, part = as_real(x).astype(np.float64), as_real(y).astype(np.float64)
    unit = max(unit_of(np.abs(whole)), unit_of(np.abs(part)))
    return _ratio(norm(whole / unit - part / unit, p), norm(whole / unit, p))


def sqnr(y: ArrayLike, x: ArrayLike) -> float:
    """10 log₁₀(‖x‖₂² / ‖x − y‖₂²) in decibels: signal to quantization noise; ∞ when y = x.

    >>> sqnr([9, 0], [10, 0])
    20.0
    """
    ratio = relative_error(y, x, 2.0)
    return math.inf if ratio == 0 else -20 * math.log10(ratio) if ratio < math.inf else -math.inf


def additive_bound(a: float, b: float, p: float) -> float:
    """a + b for p ≥ 1, (a^p + b^p)^{1/p} for p < 1: what the triangle inequality of ‖·‖_p allows."""
    return a + b if p >= 1 else root(a**p + b**p, p)


def power_sum(size: Array, p: float) -> float:
    """Σ |e_i|^p of magnitudes, or their maximum for p = ∞; the same for every memory layout."""
    check_norm(p)
    if p == np.inf:
        return float(np.max(size, initial=0.0))
    return float(np.sum(powers(size, p).ravel()))


def powers(size: Array, p: float) -> Array:
    """|e_i|^p of magnitudes for finite p, without a call to pow where a product does."""
    return size if p == 1 else size * size if p == 2 else size**p


def root(total: float, p: float) -> float:
    """t^{1/p}, and t itself for p = ∞: the inverse of ``power_sum`` on one entry; ∞ where that is out of range."""
    if p in (1, 2, np.inf):
        return math.sqrt(total) if p == 2 else total
    try:
        return float(total ** (1 / p))
    except OverflowError:
        return math.inf


def change(x: Array, y: Array, z: Array, p: float) -> float | Fraction:
    """‖x − z‖_p^p − ‖x − y‖_p^p for finite p up to a positive factor: its sign is exact for p = 1, 2, 3, …

    Only powers that rounding could have reordered are summed again as rational numbers.
    """
    given, near, far = (a.reshape(-1) for a in (x, y, z))
    return change_of(given, lambda cut: near[cut], lambda cut: far[cut], p)


def change_of(x: Array, y: Pieces, z: Pieces, p: float) -> float | Fraction:
    """``change`` of flat arrays, y and z made piece by piece."""

    def differing(cut: slice) -> list[Array]:
        given = [x[cut], y(cut), z(cut)]
        at = np.flatnonzero(given[1] != given[2])
        return [a[at].astype(np.float64) for a in given]

    cuts = [slice(at, min(at + PIECE, x.size)) for at in range(0, x.size, PIECE)]
    errors = ((np.abs(at - near), np.abs(at - far)) for at, near, far in map(differing, cuts))
    unit = unit_of(np.array([np.max(e, initial=0.0) for pair in errors for e in pair]), p)
    ours = theirs = 0
    for at, near, far in map(differing, cuts):
        ours, theirs = (s + total(powers(np.abs(at - e) / unit, p)) for s, e in ((ours, near), (theirs, far)))
    lead = rounded(theirs - ours)
    if abs(lead) > (p + 4) * np.finfo(np.float64).eps * rounded(theirs + ours):
        return lead
    if not (float(p).is_integer() and p <= STEEP):
        return 0.0
    at, near, far = map(np.concatenate, zip(*map(differing, cuts), strict=True)) if cuts else np.empty((3, 0))
    rows, counts = np.unique(np.stack([at, near, far], axis=1), axis=0, return_counts=True)
    exact = [[Fraction(float(v)) for v in row] for row in rows]
    terms_of = (abs(a - c) ** int(p) - abs(a - b) ** int(p) for a, b, c in exact)
    return sum((n * term for n, term in zip(counts.tolist(), terms_of, strict=True)), Fraction(0))


def _row_norms(rows: Array, p: float) -> Array:
    if p == np.inf:
        return np.asarray(rows.max(axis=1))
    unit = units(rows.max(axis=1), p)
    sums = powers(rows / unit[:, None], p).sum(axis=1)
    with np.errstate(over="ignore"):
        return np.asarray((sums if p == 1 else np.sqrt(sums) if p == 2 else sums ** (1 / p)) * unit)


def _ratio(part: float, whole: float) -> float:
    if whole:
        return part / whole
    return math.inf if part else 0.0
