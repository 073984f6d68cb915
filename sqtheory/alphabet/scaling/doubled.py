"""Scales of scales: the scales of blocks quantized themselves, many under one scale of their own."""

from dataclasses import dataclass
from fractions import Fraction
from typing import final

import numpy as np

from sqtheory.alphabet.formats import DYNAMIC8, Format, steps
from sqtheory.alphabet.partition import Partition
from sqtheory.alphabet.rationals import Rationals
from sqtheory.alphabet.rounding import nearest_even
from sqtheory.alphabet.scaling.derived import DerivedScaling
from sqtheory.alphabet.scaling.maximum import AbsMax
from sqtheory.alphabet.scaling.rule import Reach, Scaling
from sqtheory.alphabet.traits import Trait
from sqtheory.arrays import Array
from sqtheory.exceptions import need, whole

ABSMAX = AbsMax()


@final
@dataclass(frozen=True)
class DoubleQuantization(DerivedScaling):
    """σ_B = α + τ ρ((σ'_B − α)/τ): σ' the scales of another rule, α their mean, τ the largest |σ' − α| of ``count``.

    ρ rounds to the dynamic 8-bit map, and codes are made by σ' itself: the double quantization of `dettmers2023qlora`
    (§3), in the form of bitsandbytes' code, which has one α for the tensor and one τ for 256 blocks in C order. α is
    summed in float64. A small σ' may become negative, and 0 may become another number.
    """

    rule: Scaling = ABSMAX
    count: int = 256
    max_determined = False
    signed = True
    turns = True
    zero_block_is_zero = False
    exact_codes = False
    direct = False

    def __post_init__(self) -> None:
        need(self.rule, Scaling, "the rule of doubly quantized scales")
        if whole(self.count, "the number of blocks under one scale") < 1:
            raise ValueError(f"a scale of scales is that of one block or more, got {self.count}")
        if self.rule.looks_at is not Reach.block or not self.rule.exact_codes:
            raise ValueError(f"scales by {self.rule} are not made of their block alone and quantized once more")

    @property
    def equivariance(self) -> frozenset[Trait]:
        return self.rule.equivariance

    @property
    def looks_at(self) -> Reach:
        return Reach.tensor

    def bits(self, real: int = 32) -> tuple[int, int]:
        """Without the scales of scales, one for ``count`` blocks."""
        return DYNAMIC8.bits, real

    def by_rows(self) -> Scaling:
        return RowDoubleQuantization(self)

    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        made = self.rule.scales(x, blocks, fmt)
        flat = made.reshape(-1)
        if not flat.size:
            return made
        shift = max(0, int(np.frexp(np.abs(flat).max())[1]) - 512)  # so that no sum leaves the range of float64
        alpha = flat.dtype.type(np.ldexp(np.ldexp(flat.astype(np.float64), -shift).mean(), shift))
        rest = flat - alpha
        tau = np.repeat(np.maximum.reduceat(np.abs(rest), np.arange(0, flat.size, self.count)), self.count)[: flat.size]
        held = DYNAMIC8.round(rest / np.where(tau == 0, flat.dtype.type(1), tau)) * tau + alpha
        return np.asarray(held.reshape(made.shape))

    def divisors(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        return self.rule.divisors(x, blocks, fmt)

    def exact(self, x: Rationals, blocks: Partition, fmt: Format) -> Rationals:
        made = self.rule.exact(x, blocks, fmt)
        out: Rationals = np.empty(made.size, object)
        flat, levels = made.reshape(-1).tolist(), steps(DYNAMIC8, nearest_even)
        alpha = sum(flat, Fraction(0)) / max(len(flat), 1)
        for at in range(0, len(flat), self.count):
            rest = [v - alpha for v in flat[at : at + self.count]]
            tau = max(map(abs, rest))
            out[at : at + len(rest)] = [alpha + (tau * levels.level(v / tau) if tau else 0) for v in rest]
        return out.reshape(made.shape)

    def exact_divisors(self, x: Rationals, blocks: Partition, fmt: Format) -> Rationals:
        return self.rule.exact_divisors(x, blocks, fmt)

    def __str__(self) -> str:
        rule = [] if self.rule == ABSMAX else [str(self.rule)]
        count = [] if self.count == 256 else [f"count={self.count}"]
        return f"double({', '.join([*rule, *count])})" if rule or count else "double"


@final
@dataclass(frozen=True)
class RowDoubleQuantization(DerivedScaling):
    """σ of ``DoubleQuantization`` in every x[i], each a tensor of its own."""

    rule: DoubleQuantization
    max_determined = False
    direct = False

    @property
    def equivariance(self) -> frozenset[Trait]:
        return self.rule.equivariance

    def bits(self, real: int = 32) -> tuple[int, int]:
        return self.rule.bits(real)

    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        return np.concatenate([self.rule.scales(x[i : i + 1], blocks, fmt) for i in range(len(x))])

    def divisors(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        return self.rule.divisors(x, blocks, fmt)

    def __str__(self) -> str:
        return str(self.rule)
