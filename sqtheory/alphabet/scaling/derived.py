"""Rules made of another rule: those that use its scales by their reciprocals, or keep those of one tensor."""

from dataclasses import dataclass
from fractions import Fraction
from typing import final

import numpy as np

from sqtheory.alphabet.formats import FloatFormat, Format
from sqtheory.alphabet.partition import Partition
from sqtheory.alphabet.rationals import Rationals, rationals
from sqtheory.alphabet.rounding import Rounding
from sqtheory.alphabet.scaling.rule import Numbers, Placed, Reach, Rounder, Scaling, check_rule
from sqtheory.alphabet.traits import Trait
from sqtheory.arrays import Array, FixedArray


class DerivedScaling(Scaling):
    """A rule made of another, whose scales it changes one by one."""

    rule: Scaling

    @property
    def max_determined(self) -> bool:
        return self.rule.max_determined

    @property
    def full_range(self) -> bool:
        return self.rule.full_range

    @property
    def needs_negative(self) -> bool:
        return self.rule.needs_negative

    @property
    def sign_blind(self) -> bool:
        return self.rule.sign_blind

    @property
    def signed(self) -> bool:
        return self.rule.signed

    @property
    def turns(self) -> bool:
        return self.rule.turns

    @property
    def exact_codes(self) -> bool:
        return self.rule.exact_codes

    @property
    def looks_at(self) -> Reach:
        return self.rule.looks_at

    @property
    def zero_block_is_zero(self) -> bool:
        return self.rule.zero_block_is_zero

    def ratio(self, x: Array, divisors: Array) -> Array:
        return self.rule.ratio(x, divisors)


@final
@dataclass(frozen=True)
class Reciprocal(DerivedScaling):
    """σ as another rule has it, but codes are ρ(fl(x·fl(1/σ))): a product with the reciprocal, not a quotient.

    The same in real arithmetic. A reciprocal beyond the dtype becomes its largest number.
    """

    rule: Scaling
    direct = False

    def __post_init__(self) -> None:
        check_rule(self.rule, "the rule of the scales")

    @property
    def sign_odd(self) -> bool:
        return self.rule.sign_odd

    @property
    def stored_as(self) -> FloatFormat | None:
        return self.rule.stored_as

    @property
    def scale_format(self) -> FloatFormat | None:
        return self.rule.scale_format

    @property
    def values(self) -> Numbers:
        return self.rule.values

    @property
    def equivariance(self) -> frozenset[Trait]:
        return self.rule.equivariance

    def implied_exponent(self, fmt: Format) -> int:
        return self.rule.implied_exponent(fmt)

    def bits(self, real: int = 32) -> tuple[int, int]:
        return self.rule.bits(real)

    def by_rows(self) -> Scaling:
        own = self.rule.by_rows()
        return self if own == self.rule else Reciprocal(own)

    def share(self, fmt: Format, negative: bool) -> Fraction | None:
        return self.rule.share(fmt, negative)

    def supremum(self, fmt: Format) -> Fraction | None:
        return self.rule.supremum(fmt)

    def reproduces(self, fmt: Format, rounding: Rounding) -> bool:
        return self.rule.reproduces(fmt, rounding)

    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        return self.rule.scales(x, blocks, fmt)

    def divisors(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        return self.rule.divisors(x, blocks, fmt)

    def exact(self, x: Rationals, blocks: Partition, fmt: Format) -> Rationals:
        return self.rule.exact(x, blocks, fmt)

    def exact_divisors(self, x: Rationals, blocks: Partition, fmt: Format) -> Rationals:
        return self.rule.exact_divisors(x, blocks, fmt)

    def ratio(self, x: Array, divisors: Array) -> Array:
        end = np.finfo(divisors.dtype).max
        with np.errstate(over="ignore"):
            return np.asarray(x * np.clip(1 / divisors, -end, end))

    def __str__(self) -> str:
        return f"reciprocal({self.rule})"


@final
@dataclass(frozen=True)
class Held(DerivedScaling):
    """The scales and divisors that a rule made of one tensor, kept for others of its shape."""

    rule: Scaling
    sigma: FixedArray
    divisor: FixedArray
    max_determined = True
    sign_blind = True
    zero_block_is_zero = False

    @property
    def looks_at(self) -> Reach:
        return Reach.nothing

    @property
    def direct(self) -> bool:
        return self.rule.direct

    @property
    def nearest_levels(self) -> bool:
        return self.rule.nearest_levels

    @property
    def second_format(self) -> Format | None:
        return self.rule.second_format

    def keeps_zero(self, fmt: Format) -> bool:
        return self.rule.keeps_zero(fmt)

    def images(self, x: Array, placed: Placed, fmt: Format, level: Rounder) -> tuple[Array, Array]:
        return self.rule.images(x, placed, fmt, level)

    def reach(self, placed: Placed, fmt: Format) -> tuple[Array, Array]:
        return self.rule.reach(placed, fmt)

    @property
    def turns(self) -> bool:
        return bool(np.any(np.sign(self.sigma.values) * np.sign(self.divisor.values) < 0))

    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        return self.sigma.values.astype(x.dtype)

    def divisors(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        return self.divisor.values.astype(x.dtype)

    def exact_divisors(self, x: Rationals, blocks: Partition, fmt: Format) -> Rationals:
        return rationals(self.divisor.values)

    def __str__(self) -> str:
        return f"held({self.rule})"
