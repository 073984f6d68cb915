"""Real scales set by the largest magnitude of the block."""

from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.alphabet.formats import E4M3, FloatFormat, Format
from sqtheory.alphabet.partition import Partition
from sqtheory.alphabet.rounding import Rounding
from sqtheory.alphabet.scaling.rule import FromMaximum, Scaling, maxima, positive
from sqtheory.arrays import Array
from sqtheory.exceptions import need


@final
@dataclass(frozen=True)
class AbsMax(FromMaximum):
    """σ = max |x_B| / max Γ, that is amax/(2^{k−1}−1) for integers: +amax is its own image, −amax if −max Γ ∈ Γ."""

    def reproduces(self, fmt: Format, rounding: Rounding) -> bool:
        return rounding.nearest and -fmt.max in fmt.values

    def from_maximum(self, amax: Array, fmt: Format) -> Array:
        return positive(amax / amax.dtype.type(fmt.max), amax)


@final
@dataclass(frozen=True)
class FullRange(FromMaximum):
    """σ = max |x_B| / 2^{k−1}: −amax is its own image, +amax saturates one step below."""

    full_range = True

    def from_maximum(self, amax: Array, fmt: Format) -> Array:
        return positive(amax / amax.dtype.type(-fmt.min), amax)


@final
@dataclass(frozen=True)
class Midpoint(FromMaximum):
    """σ = 2 max |x_B| / (2^k − 1): the range of codes is spread over [−amax, amax]."""

    full_range = True

    def from_maximum(self, amax: Array, fmt: Format) -> Array:
        return positive(amax / amax.dtype.type((fmt.max - fmt.min) / 2), amax)


@final
@dataclass(frozen=True)
class HalfRange(Scaling):
    """σ = (hi − lo)/(2^k − 1) with hi = max |x_B| and lo = −hi if some entry is negative, else 0.

    The "symmetric" rule of GPTQ and SparseGPT (`frantar2023gptq`, `frantar2023sparsegpt`, quantizer of the
    official code). The zero point stays in the middle, so a block without a negative entry saturates at
    (2^{k−1}−1)σ, about half of its maximum. A zero block has σ = 2/(2^k − 1).
    """

    full_range = True
    sign_blind = False

    @property
    def zero_block_is_zero(self) -> bool:
        return False

    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        amax, real = maxima(x, blocks), x.dtype.type
        one_signed = (blocks.reduce(x, lambda rows: rows.min(axis=1)) >= 0) & (amax > 0)
        top, span = np.where(amax == 0, real(1), amax), fmt.max - fmt.min
        wide = top / real(span / 2)
        narrow = top / real(span) if span <= float(np.finfo(x.dtype).max) else wide / 2
        return positive(np.where(one_signed, narrow, wide), amax)


@final
@dataclass(frozen=True)
class TwoLevel(FromMaximum):
    """σ_B = g·ρ(amax_B / (max Γ · g)) with ρ rounding to a scale format S and g = amax / (max Γ · max S).

    NVFP4 (`nvidia2025nvfp4`): Γ = E2M1, S = E4M3, g one number for the tensor, float32 in the format
    itself and of the precision of x here. A block scale
    that would round to 0 in a block that is not zero becomes the smallest positive number of S.
    """

    scale_format: FloatFormat = E4M3

    def __post_init__(self) -> None:
        need(self.scale_format, FloatFormat, "the format of block scales")

    def from_maximum(self, amax: Array, fmt: Format) -> Array:
        return self.below(np.max(amax, initial=0, keepdims=True), amax, fmt)

    def below(self, top: Array, amax: Array, fmt: Format) -> Array:
        """The scales of blocks with these maxima; ``top``: that of their tensor, or each tensor's, to broadcast."""
        real = amax.dtype.type
        g = positive(top / real(fmt.max * self.scale_format.max), top)
        s = self.scale_format.round(amax / real(fmt.max) / np.where(g > 0, g, real(1)))
        s = np.where((s == 0) & (amax > 0), real(self.scale_format.smallest), s)
        return positive(g * s, amax)

    def __str__(self) -> str:
        return "twolevel" if self.scale_format == E4M3 else f"twolevel({self.scale_format})"
