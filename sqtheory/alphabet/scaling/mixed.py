"""Of two element formats, each under its own scale, the one whose image of a block errs less."""

from dataclasses import dataclass
from fractions import Fraction
from typing import final

import numpy as np

from sqtheory.alphabet.formats import Format
from sqtheory.alphabet.partition import Partition
from sqtheory.alphabet.rationals import Rationals, pick
from sqtheory.alphabet.scaling.choice import exact_loss_of, loss_of
from sqtheory.alphabet.scaling.four_over_six import BlockError
from sqtheory.alphabet.scaling.rule import Numbers, Placed, Reach, Rounder, Scaling, check_rule
from sqtheory.alphabet.scaling.two_level import TwoLevel
from sqtheory.alphabet.traits import Trait
from sqtheory.arrays import Array
from sqtheory.exceptions import need

TWO_LEVEL = TwoLevel()


@final
@dataclass(frozen=True)
class MixedFormat(Scaling):
    """q(x)_B = σ ρ_Γ(x_B/σ) for Γ of the quantizer and σ its scale by ``rule``, or the same for ``other``.

    The one of less ‖x_B − q(x)_B‖_p, codes to nearest, p by ``error``; equal ones leave Γ. σ_B is given as −σ where
    it is ``other``: the sign bit of a stored scale is the flag, and scales without one store a bit more. Two formats of
    equal bits, and a rule whose scales follow from maxima. Source: IF4 of the code of fouroversix 1.0.5, which is
    nvfp4 with ``mixed(int4)`` (`cook2025fouroversix`).
    """

    other: Format
    error: BlockError = BlockError.mse
    rule: Scaling = TWO_LEVEL
    exact_codes = False
    nearest_levels = True
    direct = False
    signed = True

    def __post_init__(self) -> None:
        need(self.other, Format, "the other format")
        need(self.error, BlockError, "the error that decides between formats")
        check_rule(self.rule, "the rule of the scales of both formats")
        own = self.rule.max_determined and self.rule.exact_codes and self.rule.direct
        if not own or self.rule.signed or self.rule.full_range or self.rule.shifts:
            raise ValueError(f"scales of two formats follow from the maxima of blocks alone, not by {self.rule}")

    def refuses(self, fmt: Format) -> str | None:
        if fmt != self.other and fmt.bits == self.other.bits:
            return None
        return f"blocks are of two formats of equal bits, not of {fmt} and {self.other}"

    @property
    def second_format(self) -> Format:
        return self.other

    @property
    def sign_blind(self) -> bool:
        return self.rule.sign_blind and self.other.odd

    @property
    def looks_at(self) -> Reach:
        return Reach.tensor if self.rule.looks_at is Reach.tensor else Reach.block

    @property
    def zero_block_is_zero(self) -> bool:
        return self.rule.zero_block_is_zero

    @property
    def equivariance(self) -> frozenset[Trait]:
        return self.rule.equivariance

    def keeps_zero(self, fmt: Format) -> bool:
        return self.rule.keeps_zero(fmt) and self.rule.keeps_zero(self.other)

    def fits(self, p: float) -> bool:
        return bool(self.error.value == p)

    def bits(self, real: int = 32) -> tuple[int, int]:
        block, shared = self.rule.bits(real)
        stored = self.rule.stored_as or self.rule.scale_format
        spare = self.rule.values is Numbers.real if stored is None else stored.signed
        return block + (not spare), shared

    def by_rows(self) -> Scaling:
        own = self.rule.by_rows()
        return self if own == self.rule else MixedFormat(self.other, self.error, own)

    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        first, second = (self.rule.scales(x, blocks, one) for one in (fmt, self.other))
        unit, p = blocks.spread(np.frexp(first)[1], x.shape), self.error.value
        spent, others = (loss_of(x, blocks, *of, unit, p) for of in ((fmt, first), (self.other, second)))
        return np.where(others < spent, -second, first)

    def placed(self, x: Array, blocks: Partition, fmt: Format) -> Placed:
        return (self.scales(x, blocks, fmt),) * 2

    def exact(self, x: Rationals, blocks: Partition, fmt: Format) -> Rationals:
        first, second = (self.rule.exact(x, blocks, one) for one in (fmt, self.other))
        p = self.error.value
        spent, others = (exact_loss_of(x, blocks, *of, p) for of in ((fmt, first), (self.other, second)))
        return np.where(np.asarray(others < spent, bool), -second, first)

    def exact_placed(self, x: Rationals, blocks: Partition, fmt: Format) -> tuple[Rationals, ...]:
        return (self.exact(x, blocks, fmt),) * 2

    def images(self, x: Array, placed: Placed, fmt: Format, level: Rounder) -> tuple[Array, Array]:
        size, second = np.abs(placed[0]), np.asarray(placed[0] < 0, bool)
        whole = x.dtype == object
        divisor = pick(size == 0, Fraction(1), size) if whole else np.where(size == 0, size.dtype.type(1), size)
        ratio = x / divisor
        code = np.where(second, level(self.other, ratio), level(fmt, ratio))
        return code, code * size

    def reach(self, placed: Placed, fmt: Format) -> tuple[Array, Array]:
        size, second = np.abs(placed[0].astype(np.float64)), placed[0] < 0
        return size * np.where(second, self.other.min, fmt.min), size * np.where(second, self.other.max, fmt.max)

    def __str__(self) -> str:
        error = [] if self.error is BlockError.mse else [str(self.error)]
        rule = [] if self.rule == TWO_LEVEL else [f"rule={self.rule}"]
        return f"mixed({', '.join([str(self.other), *error, *rule])})"
