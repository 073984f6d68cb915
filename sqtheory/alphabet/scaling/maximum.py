"""Real scales set by the largest magnitude of the block, or by the largest of either sign."""

from dataclasses import dataclass
from fractions import Fraction
from typing import final

import numpy as np

from sqtheory.alphabet.formats import Format
from sqtheory.alphabet.partition import Partition
from sqtheory.alphabet.rationals import Rationals, pick
from sqtheory.alphabet.rounding import Rounding
from sqtheory.alphabet.scaling.from_maximum import FromMaximum
from sqtheory.alphabet.scaling.least import positive
from sqtheory.alphabet.scaling.maxima import exact_maxima, maxima
from sqtheory.alphabet.scaling.rule import FULL, Scaling
from sqtheory.arrays import Array


@final
@dataclass(frozen=True)
class AbsMax(FromMaximum):
    """σ = max |x_B| / max Γ, that is amax/(2^{k−1}−1) for integers: +amax is its own image, −amax if −max Γ ∈ Γ."""

    zero_block_is_zero = True
    equivariance = FULL

    def reproduces(self, fmt: Format, rounding: Rounding) -> bool:
        return rounding.nearest and -fmt.max in fmt.values

    def from_maximum(self, amax: Array, fmt: Format) -> Array:
        return positive(amax / amax.dtype.type(fmt.max), amax)

    def share(self, fmt: Format, negative: bool) -> Fraction:
        return 1 / Fraction(fmt.max)


@final
@dataclass(frozen=True)
class FullRange(FromMaximum):
    """σ = max |x_B| / 2^{k−1}: −amax is its own image, +amax saturates one step below."""

    full_range = True
    needs_negative = True
    zero_block_is_zero = True
    equivariance = FULL

    def from_maximum(self, amax: Array, fmt: Format) -> Array:
        return positive(amax / amax.dtype.type(-fmt.min), amax)

    def share(self, fmt: Format, negative: bool) -> Fraction:
        return -1 / Fraction(fmt.min)


@final
@dataclass(frozen=True)
class Midpoint(FromMaximum):
    """σ = 2 max |x_B| / (2^k − 1): the range of codes is spread over [−amax, amax]."""

    full_range = True
    zero_block_is_zero = True
    equivariance = FULL

    def from_maximum(self, amax: Array, fmt: Format) -> Array:
        return positive(amax / amax.dtype.type((fmt.max - fmt.min) / 2), amax)

    def share(self, fmt: Format, negative: bool) -> Fraction:
        return 2 / (Fraction(fmt.max) - Fraction(fmt.min))


@final
@dataclass(frozen=True)
class HalfRange(Scaling):
    """σ = (hi − lo)/(2^k − 1) with hi = max |x_B| and lo = −hi if some entry is negative, else 0.

    The "symmetric" rule of GPTQ and SparseGPT (`frantar2023gptq`, `frantar2023sparsegpt`, quantizer of the
    official code). The zero point stays in the middle, so a block without a negative entry saturates at
    (2^{k−1}−1)σ, about half of its maximum. A zero block has σ = 2/(2^k − 1).
    """

    full_range = True
    follows_signs = True
    equivariance = FULL

    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        return self.of_signed_maxima(maxima(x, blocks), blocks.reduce(x, lambda rows: rows.min(axis=1)), fmt)

    def of_signed_maxima(self, amax: Array, least: Array, fmt: Format) -> Array:
        real, span = amax.dtype.type, fmt.max - fmt.min
        top = np.where(amax == 0, real(1), amax)
        wide = top / real(span / 2)
        narrow = top / real(span) if span <= float(np.finfo(amax.dtype).max) else wide / 2
        return positive(np.where((least >= 0) & (amax > 0), narrow, wide), amax)

    def share(self, fmt: Format, negative: bool) -> Fraction:
        return (2 if negative else 1) / (Fraction(fmt.max) - Fraction(fmt.min))

    def exact(self, x: Rationals, blocks: Partition, fmt: Format) -> Rationals:
        of_zeros = 2 / (Fraction(fmt.max) - Fraction(fmt.min))
        return pick(exact_maxima(x, blocks) == 0, of_zeros, super().exact(x, blocks, fmt))


@final
@dataclass(frozen=True)
class Unclipped(Scaling):
    """σ = max(min x_B / min Γ, max x_B / max Γ): the least scale at which no entry saturates on the full range.

    For k-bit integers max(−lo/2^{k−1}, hi/(2^{k−1}−1)): torchao's symmetric mapping "without clipping error" (its
    code). Masking moves σ where it removes the entry that sets it, be it the smaller in magnitude of the two ends.
    """

    full_range = True
    needs_negative = True
    sign_blind = True
    zero_block_is_zero = True
    equivariance = FULL

    def reproduces(self, fmt: Format, rounding: Rounding) -> bool:
        return rounding.nearest

    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        lo, hi = blocks.reduce(x, lambda rows: rows.min(axis=1)), blocks.reduce(x, lambda rows: rows.max(axis=1))
        real = lo.dtype.type
        wide = np.maximum(np.maximum(lo / real(fmt.min), hi / real(fmt.max)), real(0))
        return positive(wide, np.maximum(-lo, hi))

    def share(self, fmt: Format, negative: bool) -> Fraction | None:
        return None if negative else 1 / Fraction(fmt.max)

    def supremum(self, fmt: Format) -> Fraction:
        return 1 / min(Fraction(fmt.max), -Fraction(fmt.min))

    def exact(self, x: Rationals, blocks: Partition, fmt: Format) -> Rationals:
        lo, hi = blocks.reduce(x, lambda rows: rows.min(axis=1)), blocks.reduce(x, lambda rows: rows.max(axis=1))
        return np.asarray(np.maximum(np.maximum(lo / Fraction(fmt.min), hi / Fraction(fmt.max)), np.array(Fraction(0))))
