"""Norms beyond ‖·‖_p: monotone in magnitudes, some of them the same however a group is permuted."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.alphabet.norms import check_norm, spell_norm
from sqtheory.alphabet.partition import Partition, Rows
from sqtheory.arrays import Array, FixedArray
from sqtheory.orders.errors import box_norms

HALVINGS = 64
"""Halvings of an interval of one binade: as many digits as float64 has, and some."""


class Gauge(ABC):
    """A norm of rows, ‖e‖ ≤ ‖f‖ wherever |e_i| ≤ |f_i| for all i: a monotone norm, which is an absolute one.

    The bound ‖ε_{q∘s}‖ ≤ ‖ε_q‖ + ‖ε_s‖ holds in every one of them (theorem ``entrywise_bound``); that pruning first is
    never worse holds in those that permutations within the groups of the mask leave as they are (theorem
    ``weakly_majorized``).
    """

    @abstractmethod
    def of(self, e: Array) -> Array:
        """‖e‖ of every row of a matrix."""

    @abstractmethod
    def symmetric(self, groups: Partition, entries: int) -> bool:
        """Permuting the entries of one group of a row of so many leaves the norm as it is."""

    @abstractmethod
    def __str__(self) -> str:
        """Its name in text."""


def descending(e: Array) -> Array:
    """|e| of every row, the largest first."""
    return np.asarray(-np.sort(-np.abs(e), axis=1))


@final
@dataclass(frozen=True)
class KyFan(Gauge):
    """The sum of the k largest magnitudes: ‖·‖_∞ for k = 1, ‖·‖_1 where k is the length or more.

    Raises ValueError for k < 1.
    """

    k: int

    def __post_init__(self) -> None:
        if self.k < 1:
            raise ValueError(f"a Ky Fan norm adds the k ≥ 1 largest, got k = {self.k}")

    def of(self, e: Array) -> Array:
        return np.asarray(descending(e)[:, : self.k].sum(axis=1))

    def symmetric(self, groups: Partition, entries: int) -> bool:
        return True

    def __str__(self) -> str:
        return f"the sum of the {self.k} largest"


@final
@dataclass(frozen=True)
class OrderedWeights(Gauge):
    """Σ w_i |e|_(i), the largest magnitude by the largest weight: w_1 ≥ w_2 ≥ … ≥ 0, one for each entry of a row.

    Raises ValueError for weights that grow, end below 0 or are all 0, and for rows of another length.
    """

    weights: FixedArray

    def __post_init__(self) -> None:
        w = self.weights.values
        if w.ndim != 1 or not w.size or not w[0] > 0 or w[-1] < 0 or (np.diff(w) > 0).any():
            raise ValueError("ordered weights are a row that starts above 0, never grows and never falls below 0")

    def of(self, e: Array) -> Array:
        return np.asarray(descending(fitting(e, self.weights.values)) @ self.weights.values)

    def symmetric(self, groups: Partition, entries: int) -> bool:
        return True

    def __str__(self) -> str:
        return "ordered weights"


@final
@dataclass(frozen=True)
class Weighted(Gauge):
    """(Σ (w_i |e_i|)^p)^{1/p}, max w_i |e_i| for p = ∞: each place has its weight w_i > 0.

    Raises ValueError for weights that are not positive, p < 1, and rows of another length.
    """

    weights: FixedArray
    p: float = 1.0

    def __post_init__(self) -> None:
        convex(self.p)
        if not (self.weights.values > 0).all():
            raise ValueError("the weights of a norm are positive")

    def of(self, e: Array) -> Array:
        return box_norms(fitting(e, self.weights.values) * self.weights.values, self.p, Rows()).reshape(-1)

    def symmetric(self, groups: Partition, entries: int) -> bool:
        pieces = groups.split(self.weights.values[None, :])
        return all(bool((rows.max(axis=1) == rows.min(axis=1)).all()) for rows in pieces)

    def __str__(self) -> str:
        return f"the weighted {spell_norm(self.p)}-norm"


@final
@dataclass(frozen=True)
class Nested(Gauge):
    """‖(‖e_B‖_p)_B‖_r, the r-norm over the boxes B of the p-norms in them, as ℓ2/ℓ1. Raises ValueError for p, r < 1."""

    inner: float
    outer: float
    boxes: Partition

    def __post_init__(self) -> None:
        convex(self.inner)
        convex(self.outer)

    def of(self, e: Array) -> Array:
        each = box_norms(e, self.inner, self.boxes).reshape(len(e), -1)
        return box_norms(each, self.outer, Rows()).reshape(-1)

    def symmetric(self, groups: Partition, entries: int) -> bool:
        return self.inner == self.outer or bool(groups.overlaps(self.boxes, (1, entries)).nested)

    def __str__(self) -> str:
        return f"the {spell_norm(self.outer)}-norm of {spell_norm(self.inner)}-norms"


@final
@dataclass(frozen=True)
class Exponential(Gauge):
    """min{t > 0 : Σ (exp(|e_i|/t) − 1) ≤ 1}, the Luxemburg norm of Orlicz' function e^u − 1, to a unit or two in 10^15.

    Of one entry |e|/ln 2; between max |e|/ln 2 and n times that for n.
    """

    def of(self, e: Array) -> Array:
        size = np.abs(e)
        top = size.max(axis=1)
        unit = np.where(top > 0, top, 1.0)
        scaled = size / unit[:, None]
        low, high = np.full(len(e), 1 / np.log(2)), np.full(len(e), size.shape[1] / np.log(2))
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            over = np.expm1(scaled / middle[:, None]).sum(axis=1) > 1
            low, high = np.where(over, middle, low), np.where(over, high, middle)
        return np.asarray(np.where(top > 0, high * unit, 0.0))

    def symmetric(self, groups: Partition, entries: int) -> bool:
        return True

    def __str__(self) -> str:
        return "the Luxemburg norm of e^u − 1"


def convex(p: float) -> None:
    """Raise ValueError for p < 1, where ‖·‖_p is no norm."""
    if check_norm(p) < 1:
        raise ValueError(f"a norm needs p ≥ 1, got {spell_norm(p)}")


def fitting(e: Array, weights: Array) -> Array:
    """e, rows of as many entries as there are weights. Raises ValueError for others."""
    if e.shape[1] != weights.size:
        raise ValueError(f"{weights.size} weights are for rows of as many entries, got {e.shape[1]}")
    return e
