"""Scales of two levels: a small number for the block under one number for the tensor."""

from dataclasses import dataclass
from fractions import Fraction
from typing import final

import numpy as np

from sqtheory.alphabet.formats import E4M3, FloatFormat, Format, steps
from sqtheory.alphabet.partition import Partition
from sqtheory.alphabet.rationals import Rationals
from sqtheory.alphabet.rounding import nearest_even
from sqtheory.alphabet.scaling.from_maximum import FromMaximum
from sqtheory.alphabet.scaling.least import positive
from sqtheory.alphabet.scaling.maxima import exact_maxima, maxima
from sqtheory.alphabet.scaling.rule import FULL, Reach, Scaling
from sqtheory.arrays import Array
from sqtheory.exceptions import need


@final
@dataclass(frozen=True)
class TwoLevel(FromMaximum):
    """σ_B = g·ρ(amax_B / (max Γ · g)) with ρ rounding to a scale format S and g = amax / (max Γ · max S).

    NVFP4 (`nvidia2025nvfp4`): Γ = E2M1, S = E4M3, g one number for the tensor, float32 in the format
    itself and of the precision of x here. A block scale
    that would round to 0 in a block that is not zero becomes the smallest positive number of S.
    """

    scale_format: FloatFormat = E4M3
    zero_block_is_zero = True
    equivariance = FULL

    def __post_init__(self) -> None:
        need(self.scale_format, FloatFormat, "the format of block scales")

    @property
    def looks_at(self) -> Reach:
        return Reach.tensor

    def bits(self, real: int = 32) -> tuple[int, int]:
        return self.scale_format.bits, max(real, 32)

    def by_rows(self) -> Scaling:
        return RowTwoLevel(self)

    def from_maximum(self, amax: Array, fmt: Format) -> Array:
        return self.of_maxima(amax, np.max(amax, initial=0, keepdims=True), fmt)

    def of_maxima(self, amax: Array, top: Array, fmt: Format) -> Array:
        real = amax.dtype.type
        g = positive(top / real(fmt.max * self.scale_format.max), top)
        s = self.scale_format.round(amax / real(fmt.max) / np.where(g > 0, g, real(1)))
        s = np.where((s == 0) & (amax > 0), real(self.scale_format.smallest), s)
        return positive(g * s, amax)

    def exact(self, x: Rationals, blocks: Partition, fmt: Format) -> Rationals:
        amax, most = exact_maxima(x, blocks), Fraction(fmt.max)
        levels = steps(self.scale_format, nearest_even)
        g = amax.max() / (most * Fraction(self.scale_format.max))
        out: Rationals = np.empty(amax.shape, object)
        for i, a in enumerate(amax.flat):
            code = levels.level(a / most / g) if g else Fraction(0)
            out.flat[i] = g * (Fraction(self.scale_format.smallest) if code == 0 and a else code)
        return out

    def __str__(self) -> str:
        return "twolevel" if self.scale_format == E4M3 else f"twolevel({self.scale_format})"


@final
@dataclass(frozen=True)
class RowTwoLevel(Scaling):
    """σ of ``TwoLevel`` in every x[i], a row or more, each a tensor of its own with an upper scale of its own."""

    rule: TwoLevel
    max_determined = True
    sign_blind = True
    zero_block_is_zero = True
    equivariance = FULL

    @property
    def looks_at(self) -> Reach:
        return Reach.tensor

    def fits(self, p: float) -> bool:
        return True

    @property
    def scale_format(self) -> FloatFormat:
        return self.rule.scale_format

    def bits(self, real: int = 32) -> tuple[int, int]:
        return self.rule.bits(real)

    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        amax = maxima(x, blocks)
        return self.rule.of_maxima(amax, amax.max(axis=tuple(range(1, x.ndim)), keepdims=True, initial=0), fmt)

    def __str__(self) -> str:
        return str(self.rule)
