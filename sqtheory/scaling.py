"""How the scale σ of a block is chosen: by its maximum, a power of two, two levels, a percentile, an error, or not.

Rule for scales too small for the arithmetic (every scaling that looks at the block): a block of zeros has
image 0, and σ = 0 unless its rule says otherwise; where a positive σ would round to 0 it becomes the smallest
positive number of its format instead, so a block is never divided by zero; ratios are clipped to the range of
the format, so a σ rounded down saturates; an image beyond the largest number of the dtype becomes that number.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, final

import numpy as np

from sqtheory.arrays import Array, FixedArray
from sqtheory.formats import E4M3, FloatFormat, Format
from sqtheory.partition import Partition
from sqtheory.rounding import Rounding
from sqtheory.traits import DYADIC_EQUIVARIANT, SCALE_EQUIVARIANT, Trait

E8M0_RANGE = (-127, 127)
"""Exponents a shared power-of-two scale can hold (OCP MX v1.0, §5.4)."""
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

    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        amax, real = maxima(x, blocks), x.dtype.type
        one_signed = (blocks.reduce(x, lambda rows: rows.min(axis=1)) >= 0) & (amax > 0)
        steps = np.where(one_signed, real(fmt.max - fmt.min), real((fmt.max - fmt.min) / 2))
        return positive(np.where(amax == 0, real(1), amax) / steps, amax)


class Exponent(Enum):
    """Which power of two: the rounding of log₂(amax/max Γ) in PowerOfTwo."""

    floor = "⌊log₂ amax⌋ − e_max: the OCP rule, large significands saturate"
    ceil = "⌈log₂ amax⌉ − e_max"
    even = "⌊log₂ of amax rounded to the element's fraction bits⌋ − e_max"
    rceil = "⌈log₂(amax/max Γ)⌉: the smallest power of two that never saturates"

    def __str__(self) -> str:
        return self.name


@final
@dataclass(frozen=True)
class PowerOfTwo(FromMaximum):
    """σ = 2^E with E from the exponent bits of amax, clamped to [−127, 127] (OCP MX v1.0, §5.4 and §6.3).

    e_max = ⌊log₂ max Γ⌋. ``floor`` is the specification's rule; the others are those of published
    training recipes (`mishra2025recipes` for ``rceil``). A zero block has σ = 0.
    """

    exponent: Exponent = Exponent.floor

    def reproduces(self, fmt: Format, rounding: Rounding) -> bool:
        """Γ = −Γ must hold 2^{e_max} and twice each element within its range, for a maximum may fall a binade.

        Under ``even`` a rule that rounds down may leave the maximum where twice it is beyond the range.
        """
        twice = 2 * fmt.values
        closed = np.isin(twice[np.abs(twice) <= fmt.max], fmt.values).all()
        kept = closed and 2.0 ** (np.frexp(fmt.max)[1] - 1) in fmt.values
        return bool(fmt.odd and kept and (self.exponent is not Exponent.even or rounding.nearest))

    @property
    def equivariance(self) -> frozenset[Trait]:
        return DYADIC

    def from_maximum(self, amax: Array, fmt: Format) -> Array:
        significand, power = np.frexp(amax)  # amax = significand · 2^power, significand in [1/2, 1)
        top_significand, top_power = np.frexp(fmt.max)
        match self.exponent:
            case Exponent.floor:
                e = power - top_power
            case Exponent.ceil:
                e = power - top_power + (significand > 0.5)
            case Exponent.even:
                e = power - top_power + (significand >= 1 - 2.0 ** -(fmt.fraction_bits + 2))
            case Exponent.rceil:
                e = power - top_power + (significand > top_significand)
        return np.where(amax == 0, 0, np.ldexp(amax.dtype.type(1), np.clip(e, *E8M0_RANGE)))

    def __str__(self) -> str:
        return str(self.exponent)


@final
@dataclass(frozen=True)
class SharedExponent(FromMaximum):
    """σ = 2^{⌈log₂ amax⌉ − f}, f = bits of max Γ = 2^f − 1: hybrid block floating point (`drumond2018hbfp`).

    A maximum that is an exact power of two is clamped one step lower. With ``epsilon`` the exponent
    is ⌈fl32(log₂ fl32(amax + ε))⌉ as in the official emulator (ε = 1e-8), whose float32 logarithm this
    reproduces on purpose; there a zero block has σ = 2^{⌈log₂ ε⌉ − f}, and a maximum beyond float32 counts
    as its largest number.
    """

    epsilon: float | None = None

    def __post_init__(self) -> None:
        if self.epsilon is not None and not self.epsilon > 0:
            raise ValueError(f"compat needs a positive epsilon, got {self.epsilon}")

    @property
    def equivariance(self) -> frozenset[Trait]:
        return DYADIC if self.epsilon is None else frozenset()

    def __str__(self) -> str:
        return "shared" if self.epsilon is None else f"shared({self.epsilon!r})"

    def from_maximum(self, amax: Array, fmt: Format) -> Array:
        fraction = int(np.frexp(fmt.max)[1])
        if self.epsilon is None:
            significand, power = np.frexp(amax)
            e = power - (significand == 0.5)
            return np.where(amax == 0, 0, positive(np.ldexp(amax.dtype.type(1), e - fraction), amax))
        held = np.minimum(amax, np.finfo(np.float32).max).astype(np.float32)
        shifted = (held + np.float32(self.epsilon)).astype(np.float64)
        e = np.ceil(np.log2(shifted).astype(np.float32)).astype(np.int32)
        return positive(np.ldexp(amax.dtype.type(1), e - fraction), shifted)


@final
@dataclass(frozen=True)
class TwoLevel(FromMaximum):
    """σ_B = g·ρ(amax_B / (max Γ · g)) with ρ rounding to a scale format S and g = amax / (max Γ · max S).

    NVFP4 (`nvidia2025nvfp4`): Γ = E2M1, S = E4M3, g one float32 number for the tensor. A block scale
    that would round to 0 in a block that is not zero becomes the smallest positive number of S.
    """

    scale_format: FloatFormat = E4M3

    def from_maximum(self, amax: Array, fmt: Format) -> Array:
        real = amax.dtype.type
        top = np.max(amax, initial=0, keepdims=True)
        g = positive(top / real(fmt.max * self.scale_format.max), top)
        if not np.any(g > 0):
            return np.zeros_like(amax)
        s = self.scale_format.round(amax / real(fmt.max) / g)
        s = np.where((s == 0) & (amax > 0), real(self.scale_format.smallest), s)
        return positive(g * s, amax)

    def __str__(self) -> str:
        return "twolevel" if self.scale_format == E4M3 else f"twolevel({self.scale_format})"


@final
@dataclass(frozen=True)
class Unscaled(FromMaximum):
    """σ = 1: a plain cast."""

    def reproduces(self, fmt: Format, rounding: Rounding) -> bool:
        return True

    @property
    def equivariance(self) -> frozenset[Trait]:
        return frozenset()

    def from_maximum(self, amax: Array, fmt: Format) -> Array:
        return np.ones_like(amax)


@final
@dataclass(frozen=True)
class Frozen(Scaling):
    """σ given: one number, or one for each block in the shape of the grid of blocks. Where σ = 0 the image is 0."""

    scale: FixedArray
    max_determined = True

    def reproduces(self, fmt: Format, rounding: Rounding) -> bool:
        return rounding.nearest

    @property
    def equivariance(self) -> frozenset[Trait]:
        return frozenset()

    def __post_init__(self) -> None:
        values = np.asarray(self.scale.values, np.float64)
        if not np.all(np.isfinite(values) & (values >= 0)):
            raise ValueError("a frozen scale needs finite numbers that are not negative")

    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        grid, given = blocks.grid(x.shape), self.scale.values
        if given.ndim and given.shape != grid:
            raise ValueError(f"the frozen scale has shape {given.shape}, the blocks form the grid {grid}")
        if np.max(given, initial=0) > float(np.finfo(x.dtype).max):
            raise ValueError(f"a frozen scale of {np.max(given)} is beyond the range of {x.dtype}")
        return np.broadcast_to(positive(given.astype(x.dtype), given), grid)

    def __str__(self) -> str:
        one = self.scale.values
        return f"frozen({one.item() if one.ndim == 0 else self.scale.name})"


@final
@dataclass(frozen=True)
class Percentile(Scaling):
    """σ = (the p-th percentile of |x_B|, linearly interpolated) / max Γ; where it is 0, the maximum instead."""

    p: float

    def __post_init__(self) -> None:
        if not 0 < self.p < 100:
            raise ValueError(f"a percentile lies in (0, 100), got {self.p}: the 100th is absmax")

    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        amax = maxima(x, blocks)
        cut = blocks.reduce(np.abs(x), lambda rows: np.percentile(rows, self.p, axis=1).astype(x.dtype))
        return AbsMax().from_maximum(np.where(cut > 0, cut, amax), fmt)

    def __str__(self) -> str:
        return f"percentile({self.p})"


@final
@dataclass(frozen=True)
class MeanSquare(Scaling):
    """σ = argmin ‖x_B − σ ρ(x_B/σ)‖₂ over σ ∈ {1, 1 − 1/n, …, 1/n} · amax/max Γ, ρ nearest; the largest of equals."""

    steps: int = 100

    def reproduces(self, fmt: Format, rounding: Rounding) -> bool:
        return rounding.nearest and fmt.min == -fmt.max

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ValueError(f"mse needs at least one step, got {self.steps}")

    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        return blocks.reduce(x, lambda rows: self._best(rows, fmt))

    def _best(self, rows: Array, fmt: Format) -> Array:
        full = AbsMax().from_maximum(np.abs(rows).max(axis=1), fmt)
        unit = np.frexp(full)[1][:, None]  # errors are measured in a power of two near σ, so squares stay in range
        best, least = full, np.full(full.shape, np.inf)
        for i in range(self.steps, 0, -1):
            scale = positive(full * full.dtype.type(i / self.steps), full)
            divisor = np.where(scale == 0, scale.dtype.type(1), scale)[:, None]
            with np.errstate(over="ignore"):  # an image beyond the dtype: an infinite loss, never the least
                image = fmt.round(rows / divisor) * divisor
            error = np.ldexp((rows - image).astype(np.float64), -unit)
            loss = np.einsum("ij,ij->i", error, error)
            best, least = np.where(loss < least, scale, best), np.minimum(loss, least)
        return best

    def __str__(self) -> str:
        return "mse" if self.steps == 100 else f"mse({self.steps})"


SCALINGS: dict[str, Scaling] = {
    "absmax": AbsMax(),
    "fullrange": FullRange(),
    "midpoint": Midpoint(),
    "halfrange": HalfRange(),
    **{e.name: PowerOfTwo(e) for e in Exponent},
    "mse": MeanSquare(),
}
"""The rules that need no argument, by name."""
