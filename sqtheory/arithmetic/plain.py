"""Sums without a tensor core: exact, and in the precision of numpy one after the other or pair by pair."""

import math
from dataclasses import dataclass
from typing import Literal, final

import numpy as np

from sqtheory.arithmetic.accumulation import PRODUCTS, Accumulation, magnitudes, upward
from sqtheory.arrays import Array

Precision = Literal["float32", "float64"]


@final
@dataclass(frozen=True)
class ExactSum(Accumulation):
    """Σ_k x_k w_k in real arithmetic, rounded once to float64 (operands of float32 or less)."""

    def _matmul(self, x: Array, w: Array) -> Array:
        for name, v in (("x", x), ("w", w)):
            if (v != v.astype(np.float32)).any():
                raise ValueError(f"{name} has entries that float32 does not hold: their products are not exact")
        a, b = x.astype(np.float64), w.astype(np.float64)
        if _fits(a, b):
            return np.asarray(a @ b.T)
        return np.array([[math.fsum(row * column) for column in b] for row in a]).reshape(len(a), len(b))

    def _bound(self, x: Array, w: Array) -> Array:
        sizes = magnitudes(x, 0.0), magnitudes(w, 0.0)
        return upward(2.0**-53 * (sizes[0] @ sizes[1].T), x.shape[1])

    def __str__(self) -> str:
        return "exact"


@final
@dataclass(frozen=True)
class SequentialSum(Accumulation):
    """C ← fl(C + fl(x_k w_k)) for k = 0, 1, …, from 0."""

    precision: Precision = "float32"

    def _matmul(self, x: Array, w: Array) -> Array:
        a, b = x.astype(self.precision), w.astype(self.precision)
        total = np.zeros((len(a), len(b)), self.precision)
        for k in range(a.shape[1]):
            total += np.multiply.outer(a[:, k], b[:, k])
        return total

    def _bound(self, x: Array, w: Array) -> Array:
        return rounded_often(x, w, self.precision, x.shape[1])

    def __str__(self) -> str:
        return f"{self.precision}_sequential"


@final
@dataclass(frozen=True)
class PairwiseSum(Accumulation):
    """Neighbours are added, then neighbours of those sums, until one is left; an odd one is carried over."""

    precision: Precision = "float32"

    def _matmul(self, x: Array, w: Array) -> Array:
        a, b = x.astype(self.precision), w.astype(self.precision)
        out = np.empty((len(a), len(b)), self.precision)
        rows = max(1, PRODUCTS // max(1, a.shape[1]))
        for i, row in enumerate(a):
            for j in range(0, len(b), rows):
                out[i, j : j + rows] = _pairs(b[j : j + rows] * row)
        return out

    def _bound(self, x: Array, w: Array) -> Array:
        return rounded_often(x, w, self.precision, max(0, x.shape[1] - 1).bit_length())

    def __str__(self) -> str:
        return f"{self.precision}_pairwise"


def rounded_often(x: Array, w: Array, precision: Precision, additions: int) -> Array:
    """((1 + u)^{d+3} − 1) Σ |x|₊ |w|₊ for products that go through d additions, u half an ulp of 1.

    Both factors and the product are rounded too; |v|₊ is at least the smallest normal number, and so is a product.
    """
    held = np.finfo(precision)
    tiny = float(held.smallest_normal)
    sizes = magnitudes(x, tiny), magnitudes(w, tiny)
    factor = np.expm1((additions + 3) * np.log1p(float(held.eps) / 2))
    return upward(factor * (sizes[0] @ sizes[1].T + x.shape[1] * tiny), x.shape[1])


def _pairs(terms: Array) -> Array:
    """The sum along the last axis, neighbours first."""
    while terms.shape[1] > 1:
        even = terms.shape[1] // 2 * 2
        terms = np.concatenate([terms[:, 0:even:2] + terms[:, 1:even:2], terms[:, even:]], axis=1)
    return np.asarray(terms[:, 0] if terms.shape[1] else np.zeros(len(terms), terms.dtype))


def _fits(a: Array, b: Array) -> bool:
    """All products are multiples of one power of two, and their absolute sums at most 2^53 of it."""
    if not a.size or not b.size:
        return True
    sizes = []
    unit = 0
    for v in (a, b):
        mantissa, exponent = np.frexp(v[v != 0])
        if not mantissa.size:
            return True
        bits = np.ldexp(mantissa, 24).astype(np.int64)
        unit += int((exponent - 24 + np.log2((bits & -bits).astype(np.float64)).astype(np.int64)).min())
        sizes.append(float(np.abs(v).max()))
    return bool(np.ldexp(sizes[0] * sizes[1] * a.shape[1], -unit) < 2.0**52)


exact = ExactSum()
float32_sequential = SequentialSum()
float32_pairwise = PairwiseSum()
float64 = PairwiseSum("float64")
