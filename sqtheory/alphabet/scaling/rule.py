"""What every rule for the scale of a block offers."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from sqtheory.alphabet.formats import Format
from sqtheory.alphabet.partition import Partition
from sqtheory.alphabet.rounding import Rounding
from sqtheory.alphabet.traits import DYADIC_EQUIVARIANT, SCALE_EQUIVARIANT, Trait
from sqtheory.arrays import Array

DYADIC = frozenset({DYADIC_EQUIVARIANT})
FULL = frozenset({DYADIC_EQUIVARIANT, SCALE_EQUIVARIANT})


class Scaling(ABC):
    """A rule x_B ↦ σ_B: the positive number that divides block B before rounding and multiplies it after."""

    max_determined: ClassVar[bool] = False
    """σ_B depends on x through max |x_B| (and max |x| for two-level scales) at most."""
    full_range: ClassVar[bool] = False
    """An integer format used with this rule includes −2^{k−1}."""
    sign_blind: ClassVar[bool] = True
    """σ(−x) = σ(x) for a grid Γ = −Γ."""

    def reproduces(self, fmt: Format, rounding: Rounding) -> bool:
        """Quantizing an image q(x) again, its scale chosen anew, gives q(x) for a deterministic rounding.

        In real arithmetic; a scale that is not a power of two carries rounding errors, which only
        rounding to nearest forgives.
        """
        return False

    @property
    def zero_block_is_zero(self) -> bool:
        """A block of zeros has σ = 0, so that its image is 0 even where 0 is no level."""
        return True

    @property
    def equivariance(self) -> frozenset[Trait]:
        """Which of σ(2^j x) = 2^j σ(x) and σ(c x) = c σ(x) hold."""
        return FULL

    @abstractmethod
    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        """σ for every block, shape ``blocks.grid(x.shape)``, dtype of x."""

    def __str__(self) -> str:
        return type(self).__name__.lower()


class FromMaximum(Scaling):
    """σ_B = φ(max |x_B|, max |x|) for a function φ that is non-decreasing in its first argument."""

    max_determined = True

    @abstractmethod
    def from_maximum(self, amax: Array, fmt: Format) -> Array:
        """φ applied to the grid of block maxima."""

    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        return self.from_maximum(maxima(x, blocks), fmt)


def maxima(x: Array, blocks: Partition) -> Array:
    """max |x_B| for every block, shape ``blocks.grid(x.shape)``, never −0."""
    return blocks.reduce(x, lambda rows: np.maximum(rows.max(axis=1), -rows.min(axis=1)) + rows.dtype.type(0))


def positive(scale: Array, amax: Array) -> Array:
    """σ, with the smallest positive number of the dtype where σ rounded to 0 in a block that is not zero."""
    lost = (scale == 0) & (amax > 0)
    return np.where(lost, np.finfo(scale.dtype).smallest_subnormal, scale) if lost.any() else scale
