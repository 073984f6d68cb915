"""Thresholding as proximal steps: argmin_u ½(u − v)² + φ(u), entry by entry, for penalties from ℓ1 to ℓ0."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.arrays import Array


@dataclass(frozen=True)
class Shrinkage(ABC):
    """A penalty φ of strength λ ≥ 0 and the step that it makes of every entry; odd, and 0 below a threshold."""

    strength: float

    def __post_init__(self) -> None:
        if not 0 <= self.strength < np.inf:
            raise ValueError(f"the strength of a penalty is a number ≥ 0, got {self.strength}")

    @abstractmethod
    def penalty(self, u: Array) -> Array:
        """φ of every entry."""

    @abstractmethod
    def sizes(self, size: Array) -> Array:
        """What becomes of magnitudes."""

    def of(self, v: Array) -> Array:
        """The step: a new float64 array."""
        return np.copysign(self.sizes(np.abs(v.astype(np.float64))), v)


@final
@dataclass(frozen=True)
class Soft(Shrinkage):
    """φ = λ|u|: every survivor loses λ."""

    def penalty(self, u: Array) -> Array:
        return np.asarray(self.strength * np.abs(u))

    def sizes(self, size: Array) -> Array:
        return np.asarray(np.maximum(size - self.strength, 0))


@final
@dataclass(frozen=True)
class Hard(Shrinkage):
    """φ = λ for u ≠ 0: what is above √(2λ) stays as it is."""

    def penalty(self, u: Array) -> Array:
        return np.where(u == 0, 0.0, self.strength)

    def sizes(self, size: Array) -> Array:
        return np.where(size > np.sqrt(2 * self.strength), size, 0.0)


@final
@dataclass(frozen=True)
class HalfNorm(Shrinkage):
    """φ = λ√|u|: above (3/2) λ^⅔ the larger root of u − v + λ/(2√u) = 0 (`xu2012half`, written for ½(u − v)²)."""

    def penalty(self, u: Array) -> Array:
        return np.asarray(self.strength * np.sqrt(np.abs(u)))

    def sizes(self, size: Array) -> Array:
        alive = size > 1.5 * self.strength ** (2 / 3)
        v = np.where(alive, size, 1.0)
        angle = np.arccos(np.minimum(self.strength / 4 * (v / 3) ** -1.5, 1.0))
        return np.where(alive, 2 / 3 * v * (1 + np.cos(2 / 3 * (np.pi - angle))), 0.0)


@final
@dataclass(frozen=True)
class Firm(Shrinkage):
    """φ = λ|u| − u²/(2γ) up to γλ, constant from there: 0 up to λ, u = v from γλ on, linear between (γ > 1)."""

    bend: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.bend > 1:
            raise ValueError(f"firm thresholding needs a bend γ > 1, got {self.bend}: with γ ≤ 1 it is hard")

    def penalty(self, u: Array) -> Array:
        size = np.minimum(np.abs(u), self.bend * self.strength)
        return np.asarray(self.strength * size - size**2 / (2 * self.bend))

    def sizes(self, size: Array) -> Array:
        between = np.maximum(size - self.strength, 0) * (self.bend / (self.bend - 1))
        return np.asarray(np.minimum(size, between))


def continuous_exact(strength: float, norm: float) -> Firm | Hard:
    """The step of CEL0 for a column of norm a: firm with λ' = a√(2λ) and γ = 1/a², hard where a ≥ 1.

    φ = λ − a²/2 (|u| − √(2λ)/a)² up to √(2λ)/a, λ from there (`soubies2015cel0`). Raises ValueError for a ≤ 0.
    """
    if not norm > 0:
        raise ValueError(f"the norm of a column is positive, got {norm}")
    return Hard(strength) if norm >= 1 else Firm(norm * (2 * strength) ** 0.5, norm**-2)
