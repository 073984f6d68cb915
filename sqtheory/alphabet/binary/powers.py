"""Scales as sums of powers of two, so that a product is shifts and additions."""

from dataclasses import dataclass
from enum import Enum
from typing import final

import numpy as np

from sqtheory.arrays import Array
from sqtheory.exceptions import whole


class Nearness(Enum):
    """Which power of two is near a number."""

    logarithm = "2^⌊log₂ v + ½⌋, as published: powers part at 2^k √2"
    value = "the nearest one: powers part at 2^k · 1.5"


@final
@dataclass(frozen=True)
class PowerSums:
    """v ↦ ±2^a ± 2^b ± …, term by term the power of two near what is left; what is 0 stays 0."""

    terms: int
    nearness: Nearness = Nearness.logarithm

    def __post_init__(self) -> None:
        if whole(self.terms, "the number of powers of two") < 1:
            raise ValueError(f"a scale needs at least one power of two, got {self.terms}")

    def __call__(self, values: Array) -> Array:
        """Of finite numbers, float64. `you2024shiftaddllm` rounds its scales so, to three terms."""
        total = np.zeros(values.shape)
        for _ in range(self.terms):
            total = total + self._power(values - total)
        return total

    def _power(self, left: Array) -> Array:
        mantissa, exponent = np.frexp(np.abs(left))
        half = np.sqrt(0.5) if self.nearness is Nearness.logarithm else 0.75
        return np.asarray(np.sign(left) * np.ldexp(1.0, exponent - (mantissa < half)))
