"""What every rule for the scale of a block offers, and what a consumer may ask of it."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from enum import Enum
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from sqtheory.alphabet.formats import E8M0, FloatFormat, Format
from sqtheory.alphabet.partition import Partition
from sqtheory.alphabet.rationals import NotRational, Rationals, pick, rationals
from sqtheory.alphabet.rounding import Rounding
from sqtheory.alphabet.scaling.maxima import exact_maxima
from sqtheory.alphabet.scaling.offset_meaning import OffsetMeaning
from sqtheory.alphabet.traits import DYADIC_EQUIVARIANT, SCALE_EQUIVARIANT, Trait
from sqtheory.arrays import Array
from sqtheory.exceptions import Undefined, need

DYADIC = frozenset({DYADIC_EQUIVARIANT})
FULL = frozenset({DYADIC_EQUIVARIANT, SCALE_EQUIVARIANT})
EXPONENT = E8M0.bits
"""Bits of a power-of-two scale."""
Placed: TypeAlias = tuple[Array, ...]
"""What a rule makes of every block: its scale, then what divides by it, or what it has beside it."""
Rounder: TypeAlias = Callable[[Format, Array], Array]
"""ρ onto a format."""


class Reach(Enum):
    """How much of a tensor the scale of a block looks at."""

    nothing = "σ_B is the same for every tensor of a shape"
    block = "σ_B depends on x_B, and on no other entry"
    tensor = "σ_B depends on entries of other blocks too"


class Numbers(Enum):
    """Which numbers the scales of a tensor can be."""

    one = "one number, the same for every block of every tensor"
    dyadic = "0 and powers of two"
    real = "any numbers, none of them negative unless the rule is signed"


class Scaling(ABC):
    """A rule x_B ↦ σ_B: the number that divides block B before rounding and multiplies it after."""

    @property
    def max_determined(self) -> bool:
        """σ_B depends on x through max |x_B| (and max |x| for two-level scales) at most."""
        return False

    @property
    def follows_maximum(self) -> bool:
        """x_i is divided by σ_B itself, one function, ``of_maxima``, of max |x_B| and max |x| for every block."""
        return False

    @property
    def follows_signs(self) -> bool:
        """σ_B is one function, ``of_signed_maxima``, of max |x_B| and of whether some entry is negative."""
        return False

    def fits(self, p: float) -> bool:
        """σ_B errs least in ‖x_B − σ ρ(x_B/σ)‖_p, ρ nearest, of one or more numbers given by max |x_B| and max |x|."""
        return self.follows_maximum

    @property
    def full_range(self) -> bool:
        """An integer format used with this rule includes −2^{k−1}."""
        return False

    @property
    def needs_negative(self) -> bool:
        """It asks for a negative level."""
        return False

    @property
    def sign_blind(self) -> bool:
        """σ(−x) = σ(x) for a grid Γ = −Γ."""
        return False

    @property
    def sign_odd(self) -> bool:
        """σ(−x) = −σ(x), so that q(−x) = −q(x) on any grid."""
        return False

    @property
    def signed(self) -> bool:
        """σ_B can be negative."""
        return False

    @property
    def turns(self) -> bool:
        """σ_B can have the sign opposite to that of what divides its block: images change sign."""
        return False

    @property
    def exact_codes(self) -> bool:
        """In real arithmetic codes are ρ(x/σ): the number that divides is the one that multiplies."""
        return True

    @property
    def nearest_levels(self) -> bool:
        """Where ρ is nearest, x_i is as near to its image as to any other level of its block at the block's scale."""
        return self.exact_codes

    @property
    def second_format(self) -> Format | None:
        """The format that codes of a block can be of instead of the quantizer's; σ_B is negative then."""
        return None

    def formats(self, fmt: Format) -> tuple[Format, ...]:
        """Those that codes of a block of a quantizer of this format can be of."""
        return (fmt,) if self.second_format is None else (fmt, self.second_format)

    def refuses(self, fmt: Format) -> str | None:
        """Why this rule is not for quantizers of a format; None where it is."""
        return None

    @property
    def direct(self) -> bool:
        """Codes are ρ(fl(x/σ)) in the arithmetic of the tensor too."""
        return True

    @property
    def shifts(self) -> bool:
        """A block has an offset beside its scale, so that codes do not stand for multiples of σ (see ``Affine``)."""
        return self.meaning is not None

    @property
    def meaning(self) -> OffsetMeaning | None:
        """What the offset of a block is; None where blocks have none."""
        return None

    def divisors(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        """What entries are divided by before rounding: σ, unless the rule stores another number than it codes by."""
        return self.scales(x, blocks, fmt)

    def exact_divisors(self, x: Rationals, blocks: Partition, fmt: Format) -> Rationals:
        """The same in rational arithmetic. Raises NotRational as ``exact``."""
        return self.exact(x, blocks, fmt)

    def ratio(self, x: Array, divisors: Array) -> Array:
        """Entries over what divides them, which is not 0, as the rule computes it."""
        return np.asarray(x / divisors)

    @property
    def looks_at(self) -> Reach:
        """How much of x σ_B depends on."""
        return Reach.block

    @property
    def values(self) -> Numbers:
        """Which numbers σ_B can be."""
        return Numbers.one if self.constant is not None else Numbers.real

    @property
    def constant(self) -> float | None:
        """σ_B where it is one number for every block of every tensor; None where it is not."""
        return None

    @property
    def scale_format(self) -> FloatFormat | None:
        """The format of the numbers that blocks store beneath one number of the tensor; None without such a number."""
        return None

    @property
    def stored_as(self) -> FloatFormat | None:
        """The format that holds every scale as it is; None where scales are real numbers, or of two levels."""
        return None

    def bits(self, real: int = 32) -> tuple[int, int]:
        """Bits that a block stores for its scale, and bits that all blocks share; a real scale takes ``real``."""
        return {Numbers.one: (0, real), Numbers.dyadic: (EXPONENT, 0), Numbers.real: (real, 0)}[self.values]

    def implied_exponent(self, fmt: Format) -> int:
        """i where a power-of-two scale σ is stored as the exponent of σ·2^i."""
        return 0

    @property
    def by_block(self) -> bool:
        """A scale depends on the entries of its block alone, or on none."""
        return self.looks_at is not Reach.tensor

    @property
    def apart(self) -> bool:
        """A scale is made of the largest magnitude of its block, wherever that lies."""
        return self.follows_maximum and self.looks_at is Reach.block

    @property
    def arguments(self) -> tuple[str, ...]:
        """The arguments of ``affine`` that spell this rule, if it shifts."""
        return ()

    def keeps_zero(self, fmt: Format) -> bool:
        """0 is a level of every block and its own image."""
        return fmt.has_zero

    def offset_bits(self, fmt: Format, real: int = 32) -> int:
        """Bits that a block stores for its offset."""
        return real if self.shifts else 0

    def placed(self, x: Array, blocks: Partition, fmt: Format) -> Placed:
        """What ``images`` needs of every block, arrays of shape ``blocks.grid(x.shape)``; the first are ``scales``."""
        return self.scales(x, blocks, fmt), self.divisors(x, blocks, fmt)

    def exact_placed(self, x: Rationals, blocks: Partition, fmt: Format) -> tuple[Rationals, ...]:
        """``placed`` in rational arithmetic. Raises as ``exact``."""
        sigma = self.exact(x, blocks, fmt)
        return sigma, sigma if self.exact_codes else self.exact_divisors(x, blocks, fmt)

    def images(self, x: Array, placed: Placed, fmt: Format, level: Rounder) -> tuple[Array, Array]:
        """Codes as numbers of ``fmt`` and what they stand for: ρ(x/σ) and σ ρ(x/σ); arrays of Fractions too."""
        sigma, by = placed
        divisor = np.where(by == 0, by.dtype.type(1), by)
        code = level(fmt, x / divisor if x.dtype == object else self.ratio(x, divisor))
        return code, code * sigma

    def reach(self, placed: Placed, fmt: Format) -> tuple[Array, Array]:
        """The least and the greatest number that a block holds without saturating, float64."""
        wide = placed[0].astype(np.float64)
        ends = wide * fmt.min, wide * fmt.max
        return np.minimum(*ends), np.maximum(*ends)

    def frozen(self, placed: Placed) -> "Scaling | None":
        """The rule that makes of every tensor what this one made of one; None where it is that of its scales."""
        return None

    def by_rows(self) -> "Scaling":
        """The rule that makes of every x[i] what this one makes of a tensor that is x[i] alone."""
        return self

    def of_maxima(self, amax: Array, top: Array, fmt: Format) -> Array:
        """σ of blocks with these maxima in a tensor whose largest magnitude is ``top``, which broadcasts.

        Raises Undefined unless the rule ``follows_maximum``.
        """
        raise Undefined(f"scales by {self} do not follow from the maxima of blocks")

    def of_signed_maxima(self, amax: Array, least: Array, fmt: Format) -> Array:
        """σ of blocks with these maxima and least entries. Raises Undefined unless the rule ``follows_signs``."""
        raise Undefined(f"scales by {self} do not follow from the maxima and signs of blocks")

    def share(self, fmt: Format, negative: bool) -> Fraction | None:
        """σ_B/max |x_B| where it is one number for all blocks with a negative entry, or all without one; else None."""
        return None

    def supremum(self, fmt: Format) -> Fraction | None:
        """The least upper bound of |σ_B|/max |x_B| over all blocks; None where it is not known, or infinite."""
        plus, minus = (self.share(fmt, negative) for negative in (False, True))
        return plus if plus == minus else None

    def exact(self, x: Rationals, blocks: Partition, fmt: Format) -> Rationals:
        """σ of every block in rational arithmetic; raises NotRational where this rule or tensor is not computed so."""
        if self.looks_at is Reach.nothing:
            return rationals(self.scales(np.zeros(x.shape), blocks, fmt))
        plus, minus = (self.share(fmt, negative) for negative in (False, True))
        if plus is None or minus is None:
            raise NotRational(f"scales by {self} are not rational functions of the block")
        negative = np.asarray(blocks.reduce(x, lambda rows: rows.min(axis=1)) < 0)
        return np.asarray(exact_maxima(x, blocks) * pick(negative, minus, plus))

    def reproduces(self, fmt: Format, rounding: Rounding) -> bool:
        """Quantizing an image q(x) again, its scale chosen anew, gives q(x) for a deterministic rounding.

        In real arithmetic; a scale that is no power of two carries errors, which only rounding to nearest forgives.
        """
        return False

    @property
    def zero_block_is_zero(self) -> bool:
        """A block of zeros has σ = 0, so that its image is 0 even where 0 is no level."""
        return False

    @property
    def equivariance(self) -> frozenset[Trait]:
        """Which of σ(2^j x) = 2^j σ(x) and σ(c x) = c σ(x) hold for blocks that are not zero."""
        return frozenset()

    @abstractmethod
    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        """σ for every block, shape ``blocks.grid(x.shape)``, dtype of x."""

    def __str__(self) -> str:
        return type(self).__name__.lower()


def check_rule(rule: Scaling, what: str) -> None:
    """Raise TypeError for what is no rule, and ValueError for one that no other can be made of."""
    need(rule, Scaling, what)
    if rule.second_format is not None:
        raise ValueError(f"{what}: no other scales are made of those by {rule}, which choose a format too")
