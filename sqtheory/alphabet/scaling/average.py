"""Real scales set by the mean magnitude of the block."""

from dataclasses import dataclass
from fractions import Fraction
from typing import final

import numpy as np

from sqtheory.alphabet.formats import Format
from sqtheory.alphabet.partition import Partition
from sqtheory.alphabet.rationals import Rationals
from sqtheory.alphabet.scaling.least import positive
from sqtheory.alphabet.scaling.rule import FULL, Scaling
from sqtheory.alphabet.traits import Trait
from sqtheory.arrays import Array
from sqtheory.exceptions import real


@final
@dataclass(frozen=True)
class AbsMean(Scaling):
    """σ = max(least, mean |x_B|): of int2 under it every entry of magnitude above σ/2 becomes ±σ, the others 0.

    The rule of BitNet b1.58 (`ma2024bitnet`, Eq. 2), whose code holds the mean of the tensor at ``least`` = 1e-5 or
    above. Summed in float64, in a power of two near the maximum, and rounded once to the dtype of x.
    """

    least: float = 0.0
    sign_blind = True

    def __post_init__(self) -> None:
        if not 0 <= real(self.least, "the least scale of absmean") < np.inf:
            raise ValueError(f"the least scale of absmean is finite and not negative, got {self.least}")

    @property
    def zero_block_is_zero(self) -> bool:
        return self.least == 0

    @property
    def equivariance(self) -> frozenset[Trait]:
        return FULL if self.least == 0 else frozenset()

    def supremum(self, fmt: Format) -> Fraction | None:
        return Fraction(1) if self.least == 0 else None

    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        return blocks.reduce(x, self._means)

    def _means(self, rows: Array) -> Array:
        amax = np.abs(rows).max(axis=1)
        unit = np.frexp(amax)[1]
        mean = np.ldexp(np.ldexp(np.abs(rows).astype(np.float64), -unit[:, None]).mean(axis=1), unit)
        return positive(np.maximum(mean, self.least).astype(rows.dtype), amax)

    def exact(self, x: Rationals, blocks: Partition, fmt: Format) -> Rationals:
        """The mean of |x_B|, or ``least``, as Fractions."""
        least = Fraction(self.least)
        return blocks.reduce(
            np.abs(x), lambda rows: np.array([max(sum(row, Fraction(0)) / len(row), least) for row in rows], object)
        )

    def __str__(self) -> str:
        return f"absmean({self.least!r})" if self.least else "absmean"
