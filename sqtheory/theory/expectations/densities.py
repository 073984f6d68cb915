"""The law of one magnitude |x|."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from sqtheory.arrays import Array, ArrayLike, FixedArray, as_real

PROBED = (0.6, 0.75, 0.9, 0.99)
"""Levels at which the quantiles of a law must mirror each other."""


class Density(ABC):
    """F(t) = P(|x| ≤ t) of a law without atoms, and its inverses."""

    @abstractmethod
    def cdf(self, t: Array) -> Array:
        """P(|x| ≤ t)."""

    @abstractmethod
    def quantile(self, u: Array) -> Array:
        """The t ≥ 0 with P(|x| ≤ t) = u, for u in [0, 1]."""

    @abstractmethod
    def upper_quantile(self, s: Array) -> Array:
        """The t ≥ 0 with P(|x| > t) = s, accurate for small s."""

    @abstractmethod
    def pdf(self, t: Array) -> Array:
        """The density of |x| at t > 0."""

    @property
    @abstractmethod
    def second_moment(self) -> float:
        """E x², possibly ∞."""


@final
@dataclass(frozen=True)
class ScipyDensity(Density):
    """|x| for x of a continuous law of ``scipy.stats`` that is symmetric about 0 (``norm()``, ``laplace()``, ``t(5)``).

    Raises ValueError for a law whose quantiles are not symmetric about 0.
    """

    law: Any

    def __post_init__(self) -> None:
        levels = np.array(PROBED)
        upper, lower = (np.asarray(self.law.ppf(u)) for u in (levels, 1 - levels))
        if not np.allclose(upper, -lower, rtol=1e-6, atol=0) or abs(float(self.law.median())) > 1e-9 * upper[0]:
            raise ValueError(
                f"needed a law symmetric about 0, got one of median {float(self.law.median()):.4g} "
                f"and quantiles {float(lower[-1]):.4g}, {float(upper[-1]):.4g} at 1 % and 99 %"
            )

    def cdf(self, t: Array) -> Array:
        return np.asarray(1 - 2 * self.law.sf(t))

    def quantile(self, u: Array) -> Array:
        return np.asarray(self.law.ppf((1 + np.asarray(u)) / 2))

    def upper_quantile(self, s: Array) -> Array:
        return np.asarray(self.law.isf(np.asarray(s) / 2))

    def pdf(self, t: Array) -> Array:
        return np.asarray(2 * self.law.pdf(t))

    @property
    def second_moment(self) -> float:
        variance = float(self.law.var())
        return variance if np.isfinite(variance) else np.inf


@final
@dataclass(frozen=True)
class Normal(Density):
    """|x| for x ~ N(0, σ²): bit for bit ``ScipyDensity(scipy.stats.norm(scale=σ))``, much faster on short arrays.

    Raises ValueError unless σ > 0.
    """

    deviation: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.deviation < np.inf:
            raise ValueError(f"a normal law needs a positive deviation, got {self.deviation}")

    def cdf(self, t: Array) -> Array:
        from scipy.special import ndtr

        return np.asarray(1 - 2 * ndtr(-(np.asarray(t) / self.deviation)))

    def quantile(self, u: Array) -> Array:
        from scipy.special import ndtri

        return np.asarray(ndtri((1 + np.asarray(u)) / 2) * self.deviation)

    def upper_quantile(self, s: Array) -> Array:
        from scipy.special import ndtri

        return np.asarray(-ndtri(np.asarray(s) / 2) * self.deviation)

    def pdf(self, t: Array) -> Array:
        density = np.exp(-((np.asarray(t) / self.deviation) ** 2) / 2) / np.sqrt(2 * np.pi)
        return np.asarray(2 * (density / self.deviation))

    @property
    def second_moment(self) -> float:
        return self.deviation**2


def standard_normal() -> Normal:
    """|x| for x ~ N(0, 1)."""
    return Normal()


@final
@dataclass(frozen=True)
class Empirical(Density):
    """|x| of a sample, its distribution function linear between the order statistics."""

    sizes: FixedArray

    @classmethod
    def of(cls, sample: ArrayLike) -> "Empirical":
        """The law of the magnitudes of a sample of two or more finite numbers. Raises ValueError for others."""
        sizes = np.sort(np.abs(as_real(sample).astype(np.float64)).ravel())
        finite = int(np.count_nonzero(np.isfinite(sizes)))
        if sizes.size < 2 or finite < sizes.size:
            raise ValueError(f"an empirical law needs two or more finite numbers, got {finite} of {sizes.size}")
        return cls(FixedArray(sizes))

    def cdf(self, t: Array) -> Array:
        sizes = self.sizes.values
        return np.interp(t, sizes, np.linspace(0, 1, sizes.size))

    def quantile(self, u: Array) -> Array:
        sizes = self.sizes.values
        return np.asarray(np.interp(u, np.linspace(0, 1, sizes.size), sizes), np.float64)

    def upper_quantile(self, s: Array) -> Array:
        return self.quantile(1 - np.asarray(s))

    def pdf(self, t: Array) -> Array:
        """The share of the sample near t over the length of the quantile window that holds it."""
        width = max(0.01, 4 / np.sqrt(self.sizes.values.size))
        u = np.clip(self.cdf(t), width / 2, 1 - width / 2)
        spread = self.quantile(u + width / 2) - self.quantile(u - width / 2)
        return np.asarray(width / np.maximum(spread, np.finfo(np.float64).tiny))

    @property
    def second_moment(self) -> float:
        return float(np.mean(np.square(self.sizes.values)))
