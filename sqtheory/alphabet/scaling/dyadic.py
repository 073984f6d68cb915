"""Scales that are powers of two, from the exponent bits of the largest magnitude."""

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import final

import numpy as np

from sqtheory.alphabet.formats import Format, binade
from sqtheory.alphabet.rounding import Rounding
from sqtheory.alphabet.scaling.from_maximum import FromMaximum
from sqtheory.alphabet.scaling.least import positive
from sqtheory.alphabet.scaling.rule import DYADIC, Numbers
from sqtheory.alphabet.traits import Trait
from sqtheory.arrays import Array
from sqtheory.exceptions import need, real

E8M0_RANGE = (-127, 127)
"""Exponents a shared power-of-two scale can hold (OCP MX v1.0, §5.4)."""


class Exponent(Enum):
    """Which power of two: the rounding of log₂(amax/max Γ) in PowerOfTwo."""

    floor = "⌊log₂ amax⌋ − e_max: the OCP rule, large significands saturate"
    ceil = "⌈log₂ amax⌉ − e_max"
    even = "⌊log₂ of amax rounded to the element's fraction bits⌋ − e_max"
    rceil = "⌈log₂(amax/max Γ)⌉: the smallest power of two that never saturates"
    oas = "⌊log₂ amax⌋ − e_max, and one more where that brings the image of amax nearer to it"

    def __str__(self) -> str:
        return self.name


@final
@dataclass(frozen=True)
class PowerOfTwo(FromMaximum):
    """σ = 2^{E−i} with 2^E, E clamped to [−127, 127], the shared scale of OCP MX v1.0 (§5.4 and §6.3).

    E − i comes from the exponent bits of amax, e_max = ⌊log₂ max Γ⌋; i is the implied exponent of Γ, k − 2 for k-bit
    integers and else 0. ``floor`` is the specification's rule; the others are those of published training recipes
    (`mishra2025recipes` for ``rceil``). ``oas`` is overflow-aware: it doubles the scale of ``floor`` where amax/σ is
    beyond the middle of max Γ and of the least doubled level above, 7 for E2M1, 464 for E4M3. The name is that of
    arXiv 2603.08713, of which only the abstract was read. A zero block has σ = 0.
    """

    exponent: Exponent = Exponent.floor
    zero_block_is_zero = True
    equivariance = DYADIC

    def __post_init__(self) -> None:
        need(self.exponent, Exponent, "the rule for the exponent")

    def reproduces(self, fmt: Format, rounding: Rounding) -> bool:
        """Γ = −Γ must hold 2^{e_max} and twice each element within its range, for a maximum may fall a binade.

        Under ``even`` a rule that rounds down, be it a midpoint above an odd code, may leave the maximum where twice
        it is beyond the range.
        """
        twice = 2 * fmt.values
        inside = twice[np.abs(twice) <= fmt.max]
        closed = np.array_equal(fmt.values[np.searchsorted(fmt.values, inside)], inside)
        kept = closed and 2.0 ** (np.frexp(fmt.max)[1] - 1) in fmt.values
        halves = np.array([1.5, -1.5])
        outward = rounding.nearest and np.array_equal(rounding.integer(halves), 2 * np.sign(halves))
        return bool(fmt.odd and kept and (self.exponent is not Exponent.even or outward))

    @property
    def values(self) -> Numbers:
        return Numbers.dyadic

    def implied_exponent(self, fmt: Format) -> int:
        return fmt.implied_exponent

    def supremum(self, fmt: Format) -> Fraction:
        """2^{−e_max} for ``floor``, twice that for ``ceil``: approached just above a power of two."""
        significand, power = np.frexp(fmt.max)
        unit = Fraction(2) ** (1 - int(power))
        match self.exponent:
            case Exponent.floor:
                return unit
            case Exponent.ceil:
                return 2 * unit
            case Exponent.even:
                return unit / (1 - Fraction(1, 2 ** (fmt.fraction_bits + 2)))
            case Exponent.rceil:
                return unit / Fraction(float(significand))
            case Exponent.oas:
                return 2 / doubled_from(fmt)

    def from_maximum(self, amax: Array, fmt: Format) -> Array:
        top_significand, top_power = np.frexp(fmt.max)
        low, high = (e - fmt.implied_exponent for e in E8M0_RANGE)
        if self.exponent is Exponent.floor and 1 <= top_power <= 128:
            binades = binade(amax) * amax.dtype.type(2.0 ** (1 - top_power))  # 0 for subnormal maxima: below anyway
            return np.where(amax == 0, 0, np.clip(binades, 2.0**low, 2.0**high))
        significand, power = np.frexp(amax)  # amax = significand · 2^power, significand in [1/2, 1)
        match self.exponent:
            case Exponent.floor:
                e = power - top_power
            case Exponent.ceil:
                e = power - top_power + (significand > 0.5)
            case Exponent.even:
                e = power - top_power + (significand >= 1 - 2.0 ** -(fmt.fraction_bits + 2))
            case Exponent.rceil:
                e = power - top_power + (significand > top_significand)
            case Exponent.oas:
                e = power - top_power + (significand > float(doubled_from(fmt) / Fraction(2) ** int(top_power)))
        return np.where(amax == 0, 0, np.ldexp(amax.dtype.type(1), np.clip(e, low, high)))

    def __str__(self) -> str:
        return str(self.exponent)


def doubled_from(fmt: Format) -> Fraction:
    """amax/σ beyond which the nearest number of 2Γ is nearer than max Γ: the middle of max Γ and of the next of 2Γ."""
    twice = 2 * fmt.values
    return (Fraction(fmt.max) + Fraction(float(twice[twice > fmt.max][0]))) / 2


@final
@dataclass(frozen=True)
class FloorFull(FromMaximum):
    """σ = 2^{⌊log₂ amax⌋}/2^{⌊log₂ |min Γ|⌋}: for k-bit integers of full range half the scale of ``floor``.

    A positive maximum saturates, one just below a power of two at about half; −2^j stays. Brevitas' MXINT8 (its code),
    where the OCP format has the scale of ``floor``. The exponent ⌊log₂ amax⌋ is clamped to [−127, 127].
    """

    full_range = True
    needs_negative = True
    zero_block_is_zero = True
    equivariance = DYADIC

    @property
    def values(self) -> Numbers:
        return Numbers.dyadic

    def implied_exponent(self, fmt: Format) -> int:
        return int(np.frexp(-fmt.min)[1]) - 1

    def supremum(self, fmt: Format) -> Fraction:
        return Fraction(2) ** -self.implied_exponent(fmt)

    def from_maximum(self, amax: Array, fmt: Format) -> Array:
        e = np.clip(np.frexp(amax)[1] - 1, *E8M0_RANGE) - self.implied_exponent(fmt)
        return np.where(amax == 0, 0, positive(np.ldexp(amax.dtype.type(1), e), amax))


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
        if self.epsilon is not None and not 0 < real(self.epsilon, "compat=") < np.inf:
            raise ValueError(f"compat needs a positive epsilon, got {self.epsilon}")

    @property
    def values(self) -> Numbers:
        return Numbers.dyadic

    def supremum(self, fmt: Format) -> Fraction | None:
        """2^{1−f}, approached just above a power of two; infinite where ε gives small blocks a scale."""
        return None if self.epsilon is not None else Fraction(2) ** (1 - int(np.frexp(fmt.max)[1]))

    @property
    def zero_block_is_zero(self) -> bool:
        return self.epsilon is None

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
