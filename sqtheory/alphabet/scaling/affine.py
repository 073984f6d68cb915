"""Scales with an offset beside them: what every rule shares whose codes are no multiples of the scale."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.formats import FloatFormat, Format
from sqtheory.alphabet.partition import Partition
from sqtheory.alphabet.rationals import NotRational, Rationals, rationals
from sqtheory.alphabet.rounding import Rounding
from sqtheory.alphabet.scaling.offset_meaning import OffsetMeaning
from sqtheory.alphabet.scaling.rule import FULL, Placed, Reach, Rounder, Scaling
from sqtheory.alphabet.traits import Trait
from sqtheory.arrays import Array, FixedArray
from sqtheory.exceptions import need

Ends: TypeAlias = NDArray[Any]
"""Floating-point numbers or Fractions, one for every block."""


class Affine(Scaling):
    """A scale σ_B and an offset: codes c ∈ Γ = {0, …, 2^k−1} stand for β_B + σ_B c or σ_B (c − z_B).

    ``reciprocal``: codes are made by a product with fl(1/σ) instead of a quotient. ``stored``: values are made with σ
    and a real offset rounded to this format (its largest number beyond its range), after the codes were made without.
    """

    stored: FloatFormat | None
    reciprocal: bool
    meaning: OffsetMeaning
    exact_codes = False
    direct = False

    @property
    def zero_block_is_zero(self) -> bool:
        return True

    @property
    def equivariance(self) -> frozenset[Trait]:
        return FULL if self.stored is None else frozenset()

    def keeps_zero(self, fmt: Format) -> bool:
        return False

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Raise TypeError for fields of other types."""
        need(self.reciprocal, bool, "reciprocal=")
        if self.stored is not None:
            need(self.stored, FloatFormat, "stored=")

    @property
    @abstractmethod
    def arguments(self) -> tuple[str, ...]:
        """The keywords that spell this rule where it is not the usual one."""

    @abstractmethod
    def ratios(self, x: Array, sigma: Array, offset: Array, fmt: Format) -> Array:
        """What is rounded onto Γ to make codes; σ is nowhere 0."""

    def values_of(self, codes: Array, sigma: Array, offset: Array, fmt: Format) -> Array:
        """What codes stand for."""
        return self.meaning.values(codes, sigma, offset, fmt)

    @property
    def stored_as(self) -> FloatFormat | None:
        return self.stored

    @property
    def plain(self) -> bool:
        """Values are made with the numbers that made the codes, in the arithmetic of the tensor."""
        return self.stored is None

    @property
    def stored_offset(self) -> bool:
        """The offset is a real number, stored as the scale is."""
        return self.meaning is not OffsetMeaning.code

    def bits(self, real: int = 32) -> tuple[int, int]:
        return (real if self.stored is None else self.stored.bits), 0

    def offset_bits(self, fmt: Format, real: int = 32) -> int:
        return self.bits(real)[0] if self.stored_offset else fmt.bits

    @abstractmethod
    def made(self, x: NDArray[Any], blocks: Partition, fmt: Format) -> tuple[Ends, Ends]:
        """Scale and offset of every block, by which codes are made."""

    def placed(self, x: Array, blocks: Partition, fmt: Format) -> Placed:
        sigma, offset = self.made(x, blocks, fmt)
        if self.stored is None:
            return sigma, offset
        kept = self.stored.round(offset) if self.stored_offset else offset
        return self.stored.round(sigma), kept, sigma, offset

    def exact_placed(self, x: Rationals, blocks: Partition, fmt: Format) -> tuple[Rationals, ...]:
        if self.stored is not None:
            raise NotRational(f"scales stored in {self.stored} are not computed in rational numbers here")
        return self.made(x, blocks, fmt)

    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        return self.placed(x, blocks, fmt)[0]

    def exact(self, x: Rationals, blocks: Partition, fmt: Format) -> Rationals:
        return self.exact_placed(x, blocks, fmt)[0]

    def images(self, x: Array, placed: Placed, fmt: Format, level: Rounder) -> tuple[Array, Array]:
        unit = self.unit(x)
        (sigma, offset), (by, beside) = (self.shrunk(two, unit) for two in (placed[:2], placed[-2:]))
        with np.errstate(over="ignore", invalid="ignore"):
            codes = self.coded(x if unit == 1 else x / unit, np.where(by == 0, 1, by), beside, fmt, level)
            return codes, finite(self.values_of(codes, sigma, offset, fmt) * unit)

    @staticmethod
    def unit(x: Array) -> int:
        """A power of two over which differences of the entries are in the range of their dtype."""
        return 4 if x.dtype != object and np.abs(x).max(initial=0) > np.finfo(x.dtype).max / 4 else 1

    def shrunk(self, of: Placed, unit: int) -> Placed:
        """Scale and offset of x over a unit."""
        sigma, offset = of
        return of if unit == 1 else (sigma / unit, offset / unit if self.stored_offset else offset)

    def coded(self, x: Array, sigma: Array, offset: Array, fmt: Format, level: Rounder) -> Array:
        """Codes on Γ."""
        return level(fmt, self.ratios(x, sigma, offset, fmt))

    def over(self, x: Array, sigma: Array) -> Array:
        """x/σ, as a product where the rule is by the reciprocal, which is finite."""
        return x * finite(1 / sigma) if self.reciprocal and x.dtype != object else x / sigma

    def reach(self, placed: Placed, fmt: Format) -> tuple[Array, Array]:
        sigma, offset = (a.astype(np.float64) for a in placed[:2])
        ends = [self.values_of(np.full(sigma.shape, end), sigma, offset, fmt) for end in (fmt.min, fmt.max)]
        half = np.abs(sigma) / 2 + 4 * np.finfo(placed[0].dtype).eps * np.maximum(*map(np.abs, ends))
        return np.minimum(*ends) - half, np.maximum(*ends) + half

    def frozen(self, placed: Placed) -> Scaling:
        return FrozenAffine(self, tuple(FixedArray(a) for a in placed))

    def __str__(self) -> str:
        options = [one for one in self.arguments if not one.startswith("offset=")]
        return type(self).__name__.lower() + (f"({', '.join(options)})" if options else "")


@final
@dataclass(frozen=True)
class FrozenAffine(Scaling):
    """Scale and offset given for every block, as ``rule`` made them of another tensor."""

    rule: Affine
    arrays: tuple[FixedArray, ...]
    exact_codes = False
    direct = False
    max_determined = True
    sign_blind = True

    @property
    def looks_at(self) -> Reach:
        return Reach.nothing

    def reproduces(self, fmt: Format, rounding: Rounding) -> bool:
        return rounding.nearest and self.rule.plain

    def keeps_zero(self, fmt: Format) -> bool:
        return self.rule.keeps_zero(fmt)

    @property
    def meaning(self) -> OffsetMeaning:
        return self.rule.meaning

    @property
    def stored_as(self) -> FloatFormat | None:
        return self.rule.stored_as

    @property
    def signed(self) -> bool:
        return self.rule.signed

    def bits(self, real: int = 32) -> tuple[int, int]:
        return self.rule.bits(real)

    def offset_bits(self, fmt: Format, real: int = 32) -> int:
        return self.rule.offset_bits(fmt, real)

    def placed(self, x: Array, blocks: Partition, fmt: Format) -> Placed:
        grid = blocks.grid(x.shape)
        for given in self.arrays:
            if given.values.shape != grid:
                raise ValueError(f"the frozen scale has shape {given.values.shape}, the blocks form the grid {grid}")
        return tuple(given.values.astype(x.dtype) for given in self.arrays)

    def exact_placed(self, x: Rationals, blocks: Partition, fmt: Format) -> tuple[Rationals, ...]:
        return tuple(rationals(a) for a in self.placed(np.zeros(x.shape), blocks, fmt))

    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        return self.placed(x, blocks, fmt)[0]

    def images(self, x: Array, placed: Placed, fmt: Format, level: Rounder) -> tuple[Array, Array]:
        return self.rule.images(x, placed, fmt, level)

    def reach(self, placed: Placed, fmt: Format) -> tuple[Array, Array]:
        return self.rule.reach(placed, fmt)

    def frozen(self, placed: Placed) -> Scaling:
        return FrozenAffine(self.rule, tuple(FixedArray(a) for a in placed))

    @property
    def arguments(self) -> tuple[str, ...]:
        return (*self.rule.arguments, f"frozen={self.arrays[0].name}")

    def __str__(self) -> str:
        return f"frozen({self.arrays[0].name}, {self.rule})"


def integers(v: Ends, rounding: Rounding) -> Ends:
    """v rounded onto ℤ, floating-point numbers or Fractions: of those only parity, sign and the fraction matter."""
    if v.dtype != object:
        return np.asarray(rounding.integer(v) + v.dtype.type(0))
    return _each(v, lambda one: _integer(one, rounding))


def finite(v: Ends) -> Ends:
    """v, the largest numbers of its dtype where it is infinite."""
    return v if v.dtype == object else np.clip(v, -np.finfo(v.dtype).max, np.finfo(v.dtype).max)


def clipped(v: Ends, low: int, high: int) -> Ends:
    """v in [low, high], the nearer end beyond."""
    return np.minimum(np.maximum(v, low), high)


def _each(v: Ends, function: Callable[[Any], Any]) -> Ends:
    out: Ends = np.empty(v.size, object)
    out[:] = [function(one) for one in v.flat]
    return out.reshape(v.shape)


def _integer(v: Any, rounding: Rounding) -> Any:
    whole = v.numerator // v.denominator
    part = v - whole
    own = whole % 2 - (2 if whole < 0 else 0)
    near = 0.0 if part == 0 else 0.5 if 2 * part == 1 else 0.25 if 2 * part < 1 else 0.75
    moved = int(rounding.integer(np.array([own + near]))[0]) - own
    return whole + moved + 0 * v
