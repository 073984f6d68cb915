"""The offsets of affine quantizers by the ends of a block: an integer zero point, or a real number."""

from dataclasses import dataclass
from fractions import Fraction
from typing import final

import numpy as np

from sqtheory.alphabet.formats import FloatFormat, Format, IntFormat
from sqtheory.alphabet.partition import Partition
from sqtheory.alphabet.rationals import Rationals
from sqtheory.alphabet.rounding import Rounding, nearest_even
from sqtheory.alphabet.scaling.affine import Ends, clipped, finite, integers
from sqtheory.alphabet.scaling.ends import FromEnds, Range
from sqtheory.alphabet.scaling.offset_meaning import OffsetMeaning
from sqtheory.alphabet.scaling.rule import Placed, Rounder
from sqtheory.alphabet.scaling.running import number
from sqtheory.alphabet.traits import Trait
from sqtheory.arrays import Array
from sqtheory.exceptions import need, real


@final
@dataclass(frozen=True)
class ZeroPoint(FromEnds):
    """c = clip(ρ(x/σ) + z), value σ (c − z), z = clip(ρ₀(−lo/σ)) an integer code: 0 is a level wherever the block lies.

    ``added=before``: c = clip(ρ(x/σ + z)), which breaks ties by the parity or the sign of the code.
    The asymmetric rule of GPTQ (`frantar2023gptq`, quantizer of the official code), ONNX Runtime's MatMulNBits
    (ties of codes and of z up, z added before) and torchao (by the reciprocal).
    """

    range: Range = Range.with_zero
    added_before: bool = False
    zero_rounding: Rounding = nearest_even
    reciprocal: bool = False
    stored: FloatFormat | None = None
    meaning = OffsetMeaning.code

    def __post_init__(self) -> None:
        self.check()
        need(self.zero_rounding, Rounding, "zero_rounding=")
        if not self.zero_rounding.deterministic:
            raise ValueError("a zero point is rounded by a deterministic rule")

    @property
    def arguments(self) -> tuple[str, ...]:
        own = [f"range={self.range}"] if self.range is not Range.with_zero else []
        own += ["added=before"] if self.added_before else []
        own += [f"zero_rounding={self.zero_rounding}"] if self.zero_rounding != nearest_even else []
        return (*own, *written(self))

    @property
    def constants(self) -> bool:
        return False

    def keeps_zero(self, fmt: Format) -> bool:
        return True

    def share(self, fmt: Format, negative: bool) -> Fraction | None:
        known = self.range is Range.with_zero and not negative and self.stored is None
        return 1 / Fraction(fmt.max - fmt.min) if known else None

    def grid_of(self, lo: Ends, hi: Ends, fmt: Format) -> tuple[Ends, Ends]:
        sigma, most = self.span(lo, hi, fmt), int(fmt.max)
        start = clipped(-lo / np.where(sigma == 0, 1, sigma), -1, most + 1)
        return sigma, clipped(integers(start, self.zero_rounding), 0, most)

    def ratios(self, x: Array, sigma: Array, offset: Array, fmt: Format) -> Array:
        return self.over(x, sigma) + offset

    def coded(self, x: Array, sigma: Array, offset: Array, fmt: Format, level: Rounder) -> Array:
        if self.added_before:
            return super().coded(x, sigma, offset, fmt, level)
        whole = level(IntFormat(fmt.bits + 1), self.over(x, sigma)) + offset
        return clipped(whole, 0, int(fmt.max))


@final
@dataclass(frozen=True)
class Minimum(FromEnds):
    """c = ρ((x − β)/σ), value σ c + β with β = lo in real numbers: 0 is a level where lo is 0, or by chance.

    GGUF Q4_1 and Q5_1 (by the reciprocal, ties up, stored in float16), optimum-quanto.
    """

    range: Range = Range.own
    reciprocal: bool = False
    stored: FloatFormat | None = None
    meaning = OffsetMeaning.addend

    @property
    def arguments(self) -> tuple[str, ...]:
        return ("offset=float", *ranged(self), *written(self))

    def reproduces(self, fmt: Format, rounding: Rounding) -> bool:
        return rounding.nearest and self.stored is None

    def grid_of(self, lo: Ends, hi: Ends, fmt: Format) -> tuple[Ends, Ends]:
        return self.span(lo, hi, fmt), lo

    def ratios(self, x: Array, sigma: Array, offset: Array, fmt: Format) -> Array:
        return self.over(x - offset, sigma)


@final
@dataclass(frozen=True)
class Edge(FromEnds):
    """c = ρ((x − β)/σ), value σ c + β, β the end of larger magnitude and σ changed so that it is a multiple of σ.

    σ = max((hi − lo)/max Γ, ``least``), negative where β = hi, becomes β/n for n = ρ(β/σ), half to even, which
    puts 0 at code −n in real arithmetic; where n = 0, β = 0. The affine mode of mlx, with ``least`` = 1e-7.
    """

    least: float = 0.0
    range: Range = Range.own
    reciprocal: bool = False
    stored: FloatFormat | None = None
    meaning = OffsetMeaning.addend
    sign_blind = False
    signed = True

    def __post_init__(self) -> None:
        self.check()
        if not 0 <= real(self.least, "the least scale"):
            raise ValueError(f"the least scale is not negative, got {self.least}")

    @property
    def arguments(self) -> tuple[str, ...]:
        return ("offset=edge", *([f"least={self.least!r}"] if self.least else []), *ranged(self), *written(self))

    @property
    def zero_block_is_zero(self) -> bool:
        return not self.least

    @property
    def equivariance(self) -> frozenset[Trait]:
        return frozenset() if self.least else super().equivariance

    def grid_of(self, lo: Ends, hi: Ends, fmt: Format) -> tuple[Ends, Ends]:
        width = self.span(lo, hi, fmt)
        if self.least:
            width = np.maximum(width, number(self.least, width))
        below = np.abs(lo) > np.abs(hi)
        sigma, edge = np.where(below, width, -width), np.where(below, lo, hi)
        count = integers(edge / np.where(sigma == 0, 1, sigma), nearest_even)
        even = (count != 0) & (sigma != 0)
        return np.where(even, edge / np.where(even, count, 1), sigma), np.where(even | (sigma == 0), edge, 0 * edge)

    def ratios(self, x: Array, sigma: Array, offset: Array, fmt: Format) -> Array:
        return self.over(x - offset, sigma)


@final
@dataclass(frozen=True)
class RealZero(FromEnds):
    """c = ρ(x s + z), value (c − z)/s with s = max Γ fl(1/(hi − lo)) and a real z = −lo s.

    ``rounded``: z is rounded to an integer, half to even, which may be no code. hqq without its optimization,
    where s ≤ ``most`` = 2e4, and s = 1 in blocks with hi − lo ≤ ``narrow`` = 1e-4.
    """

    rounded: bool = False
    most: float = 0.0
    narrow: float = 0.0
    range: Range = Range.own
    reciprocal = False
    stored = None
    meaning = OffsetMeaning.zero

    @property
    def constants(self) -> bool:
        return bool(self.narrow)

    def __post_init__(self) -> None:
        self.check()
        need(self.rounded, bool, "rounded=")
        if not (0 <= real(self.most, "the largest 1/σ") and 0 <= real(self.narrow, "the width of a narrow block")):
            raise ValueError("the largest 1/σ and the width of a narrow block are not negative")

    @property
    def arguments(self) -> tuple[str, ...]:
        limits = [f"{name}={value!r}" for name, value in (("most", self.most), ("narrow", self.narrow)) if value]
        return ("offset=real", *(["rounded=true"] if self.rounded else []), *limits, *ranged(self))

    @property
    def zero_block_is_zero(self) -> bool:
        return not (self.most or self.narrow)

    @property
    def equivariance(self) -> frozenset[Trait]:
        return frozenset() if self.most or self.narrow else super().equivariance

    def grid_of(self, lo: Ends, hi: Ends, fmt: Format) -> tuple[Ends, Ends]:
        per, offset = self._zero(lo, hi, fmt)
        with np.errstate(over="ignore"):
            return np.where(per == 0, 0 * per, finite(1 / np.where(per == 0, 1, per))), offset

    def placed(self, x: Array, blocks: Partition, fmt: Format) -> Placed:
        lo, hi = self.ends(x, blocks)
        return (*self.grid_of(lo, hi, fmt), self._zero(lo, hi, fmt)[0])

    def exact_placed(self, x: Rationals, blocks: Partition, fmt: Format) -> tuple[Rationals, ...]:
        lo, hi = self.ends(x, blocks)
        return (*self.grid_of(lo, hi, fmt), self._zero(lo, hi, fmt)[0])

    def _zero(self, lo: Ends, hi: Ends, fmt: Format) -> tuple[Ends, Ends]:
        """1/σ, 0 in a block of zeros, and z."""
        with np.errstate(over="ignore", divide="ignore"):
            width = hi - lo
            small = width <= number(self.narrow, width)
            per = finite(1 / np.where(small, number(1, width), width) * int(fmt.max))
            if width.dtype != object:
                per = np.where(np.isinf(width), int(fmt.max) / (hi / 4 - lo / 4) / 4, per)
        per = np.where(small, per * 0 + bool(self.narrow), per)
        if self.most:
            per = np.minimum(per, number(self.most, per))
        return per, integers(-lo * per, nearest_even) if self.rounded else -lo * per

    def images(self, x: Array, placed: Placed, fmt: Format, level: Rounder) -> tuple[Array, Array]:
        sigma, offset, per = placed
        with np.errstate(over="ignore", invalid="ignore"):
            codes = level(fmt, x * per + offset)
            return codes, finite(self.values_of(codes, sigma, offset, fmt))

    def ratios(self, x: Array, sigma: Array, offset: Array, fmt: Format) -> Array:
        return x / sigma + offset


def ranged(rule: FromEnds) -> tuple[str, ...]:
    """The range of a rule whose usual range is a block's own, as it is written."""
    return () if rule.range is Range.own else (f"range={rule.range}",)


def written(rule: FromEnds) -> tuple[str, ...]:
    """How codes are made and what is stored, as it is written."""
    stored = () if rule.stored is None else (f"stored={rule.stored}",)
    return (*(("reciprocal=true",) if rule.reciprocal else ()), *stored)
