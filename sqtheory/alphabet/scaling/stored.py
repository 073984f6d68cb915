"""Scales stored in a format of their own, before codes are made or after."""

from dataclasses import dataclass
from fractions import Fraction
from typing import final

import numpy as np

from sqtheory.alphabet.formats import FloatFormat, Format, Table
from sqtheory.alphabet.partition import Partition
from sqtheory.alphabet.rationals import Rationals
from sqtheory.alphabet.rounding import Rounding, nearest_even
from sqtheory.alphabet.scaling.derived import DerivedScaling
from sqtheory.alphabet.scaling.maximum import AbsMax
from sqtheory.alphabet.scaling.rule import DYADIC, Numbers, Reach, Scaling, check_rule
from sqtheory.alphabet.traits import Trait
from sqtheory.arrays import Array
from sqtheory.exceptions import need, real

ABSMAX = AbsMax()


@final
@dataclass(frozen=True)
class StoredScale(DerivedScaling):
    """σ = ρ_S(σ'), the scale σ' of another rule as a number of the format S, which saturates.

    What would be nearer to 0 than ``least``, by default the smallest positive number of S, becomes that number, of the
    sign of σ'; with ``least`` 0 it may become 0, and with it the block. With ``late`` codes are made by σ' before it
    is stored: q(x)_i = ρ_S(σ') ρ(x_i/σ'). NVFP4 without a scale of the tensor is ``stored(e4m3)``, and the scales of
    GGUF are ``stored(float16, …, late=true)``.
    """

    scale_type: FloatFormat
    rule: Scaling = ABSMAX
    rounding: Rounding = nearest_even
    least: float | None = None
    late: bool = False

    def __post_init__(self) -> None:
        need(self.scale_type, FloatFormat, "the format of stored scales")
        check_rule(self.rule, "the rule of stored scales")
        need(self.rounding, Rounding, "rounding=")
        need(self.late, bool, "late=")
        if not self.rounding.deterministic:
            raise ValueError(f"scales are not rounded at random, got rounding={self.rounding}")
        if self.rule.looks_at is not Reach.block:
            raise ValueError(f"scales by {self.rule} are not made of their block alone and stored each by itself")
        if self.rule.signed and self.scale_type.min >= 0:
            raise ValueError(f"scales by {self.rule} can be negative, {self.scale_type} has no negative number")
        least = 0.0 if self.least is None else real(self.least, "least=")
        if least != 0 and not np.any(self._sizes == least):
            raise ValueError(f"the least scale is 0 or a positive number of {self.scale_type}, got {self.least}")

    @property
    def _sizes(self) -> Table:
        """The positive numbers of S."""
        return self.scale_type.values[self.scale_type.values > 0]

    @property
    def _least(self) -> float:
        return self.scale_type.smallest if self.least is None else self.least

    @property
    def stored_as(self) -> FloatFormat:
        return self.scale_type

    @property
    def follows_maximum(self) -> bool:
        return self.rule.follows_maximum and not self.late

    @property
    def sign_odd(self) -> bool:
        return self.rule.sign_odd and self.rounding.odd

    @property
    def exact_codes(self) -> bool:
        return self.rule.exact_codes and not self.late

    @property
    def direct(self) -> bool:
        return self.rule.direct and not self.late

    @property
    def values(self) -> Numbers:
        return Numbers.dyadic if bool(np.all(np.frexp(self._sizes)[0] == 0.5)) else Numbers.real

    @property
    def equivariance(self) -> frozenset[Trait]:
        """A format of 8 exponent bits has the range of float32; in others scales of few bits, or none, are not far."""
        return self.rule.equivariance & DYADIC if self.scale_type.e == 8 else frozenset()

    def bits(self, real: int = 32) -> tuple[int, int]:
        return self.scale_type.bits, 0

    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        return self._stored(self.rule.scales(x, blocks, fmt))

    def of_maxima(self, amax: Array, top: Array, fmt: Format) -> Array:
        if not self.follows_maximum:
            return super().of_maxima(amax, top, fmt)
        return self._stored(self.rule.of_maxima(amax, top, fmt))

    def divisors(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        return self.rule.divisors(x, blocks, fmt) if self.late else self.scales(x, blocks, fmt)

    def exact(self, x: Rationals, blocks: Partition, fmt: Format) -> Rationals:
        made = self.rule.exact(x, blocks, fmt)
        out: Rationals = np.empty(made.shape, object)
        out.reshape(-1)[:] = [self._exactly(v) for v in made.flat]
        return out

    def exact_divisors(self, x: Rationals, blocks: Partition, fmt: Format) -> Rationals:
        return self.rule.exact_divisors(x, blocks, fmt) if self.late else self.exact(x, blocks, fmt)

    def _stored(self, sigma: Array) -> Array:
        held = self.scale_type.round(sigma, self.rounding)
        low = (np.abs(held) < self._least) & (sigma != 0)
        held = np.where(low, np.copysign(self._least, sigma).astype(sigma.dtype), held) if low.any() else held
        return np.where(sigma == 0, sigma, held) + sigma.dtype.type(0)

    def _exactly(self, sigma: Fraction) -> Fraction:
        if sigma == 0:
            return sigma
        held = self.scale_type.round_exactly(sigma, self.rounding)
        return held if abs(held) >= self._least else Fraction(self._least) * (1 if sigma > 0 else -1)

    def __str__(self) -> str:
        plain = StoredScale(self.scale_type)
        options = {"rounding": self.rounding, "least": self.least, "late": str(self.late).lower()}
        named = [f"{n}={v}" for n, v in options.items() if getattr(self, n) != getattr(plain, n)]
        rule = [] if self.rule == plain.rule else [str(self.rule)]
        return f"stored({', '.join([str(self.scale_type), *rule, *named])})"
