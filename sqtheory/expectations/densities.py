"""The law of one magnitude |x|."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from sqtheory.arrays import Array, ArrayLike, FixedArray


class Density(ABC):
    """F(t) = P(|x| ≤ t) of a law without atoms, and its inverse."""

    @abstractmethod
    def cdf(self, t: Array) -> Array:
        """P(|x| ≤ t)."""

    @abstractmethod
    def quantile(self, u: Array) -> Array:
        """The t ≥ 0 with P(|x| ≤ t) = u, for u in [0, 1]."""

    @abstractmethod
    def pdf(self, t: Array) -> Array:
        """The density of |x| at t > 0."""


@final
@dataclass(frozen=True)
class ScipyDensity(Density):
    """|x| for x of a continuous law of ``scipy.stats`` that is symmetric about 0 (``norm()``, ``laplace()``, ``t(5)``).

    Raises ValueError for a law whose median is not 0.
    """

    law: Any

    def __post_init__(self) -> None:
        if abs(float(self.law.median())) > 1e-12:
            raise ValueError(f"needed a law symmetric about 0, got one of median {self.law.median()}")

    def cdf(self, t: Array) -> Array:
        return np.asarray(2 * self.law.cdf(t) - 1)

    def quantile(self, u: Array) -> Array:
        return np.asarray(self.law.ppf((1 + np.asarray(u)) / 2))

    def pdf(self, t: Array) -> Array:
        return np.asarray(2 * self.law.pdf(t))


@final
@dataclass(frozen=True)
class Empirical(Density):
    """|x| of a sample, its distribution function linear between the order statistics."""

    sizes: FixedArray

    @classmethod
    def of(cls, sample: ArrayLike) -> "Empirical":
        """The law of the magnitudes of a sample of at least two numbers."""
        sizes = np.sort(np.abs(np.asarray(sample, np.float64)).ravel())
        if sizes.size < 2 or not np.isfinite(sizes).all():
            raise ValueError(f"an empirical law needs two or more finite numbers, got {sizes.size}")
        return cls(FixedArray(sizes))

    def cdf(self, t: Array) -> Array:
        sizes = self.sizes.values
        return np.interp(t, sizes, np.linspace(0, 1, sizes.size))

    def quantile(self, u: Array) -> Array:
        sizes = self.sizes.values
        return np.interp(u, np.linspace(0, 1, sizes.size), sizes)

    def pdf(self, t: Array) -> Array:
        """The share of the sample near t over the length of the quantile window that holds it."""
        width = max(0.01, 4 / np.sqrt(self.sizes.values.size))
        u = np.clip(self.cdf(t), width / 2, 1 - width / 2)
        spread = self.quantile(u + width / 2) - self.quantile(u - width / 2)
        return np.asarray(width / np.maximum(spread, np.finfo(np.float64).tiny))
