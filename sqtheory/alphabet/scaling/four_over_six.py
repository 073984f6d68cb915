"""Scales of two levels that put the largest magnitude of a block at 6 or at 4 of E2M1, whichever errs less."""

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from math import inf
from typing import final

import numpy as np

from sqtheory.alphabet.formats import E4M3, FloatFormat, Format, steps
from sqtheory.alphabet.partition import Partition
from sqtheory.alphabet.rationals import Rationals
from sqtheory.alphabet.rounding import nearest_even
from sqtheory.alphabet.scaling.choice import exact_least_of, least_of
from sqtheory.alphabet.scaling.derived import DerivedScaling
from sqtheory.alphabet.scaling.least import positive
from sqtheory.alphabet.scaling.maxima import exact_maxima, maxima
from sqtheory.alphabet.scaling.rule import FULL, Reach, Scaling
from sqtheory.alphabet.traits import Trait
from sqtheory.arrays import Array
from sqtheory.exceptions import need

TOP = 256
"""What the block with the largest maximum of the tensor has for its scale at max Γ: 3/2 of it is a number of E4M3."""
HIGHER = Fraction(3, 2)
"""The other scale over that one: the maximum is then at 4 and not at 6."""


class BlockError(Enum):
    """Which p-norm of a block's error decides between its scales.

    >>> from sqtheory import parse
    >>> print(parse("nvfp4(scaling=fouroversix(mae))"))
    scaled(e2m1, block=16, scaling=fouroversix(mae))
    """

    mse = 2.0
    mae = 1.0
    abs_max = inf

    def __str__(self) -> str:
        return self.name


@final
@dataclass(frozen=True)
class FourOverSix(Scaling):
    """σ_B = g·s of least error for s = ρ(amax_B/(max Γ · g)) or ρ(3/2 · that), g = amax/(max Γ · 256), ρ onto E4M3.

    Γ = E2M1 is meant: amax_B is at 6 or at 4. The errors are ‖x_B − q_σ(x_B)‖_p of codes to nearest, p by ``error``;
    equal ones leave 6. A scale that would round to 0 in a block that is not zero becomes 2^−9, where the released code
    makes the block 0. Source: the code of fouroversix 1.0.5, rules mse, mae and abs_max (`cook2025fouroversix`).
    """

    error: BlockError = BlockError.mse
    sign_blind = True
    zero_block_is_zero = True
    equivariance = FULL
    scale_format = E4M3

    def __post_init__(self) -> None:
        need(self.error, BlockError, "the error that decides between scales")

    @property
    def looks_at(self) -> Reach:
        return Reach.tensor

    def bits(self, real: int = 32) -> tuple[int, int]:
        return self.scale_format.bits, max(real, 32)

    def fits(self, p: float) -> bool:
        return bool(self.error.value == p)

    def by_rows(self) -> Scaling:
        return RowFourOverSix(self)

    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        amax = maxima(x, blocks)
        return self.under(np.max(amax, initial=0, keepdims=True), amax, x, blocks, fmt)

    def under(self, top: Array, amax: Array, x: Array, blocks: Partition, fmt: Format) -> Array:
        """The scales of blocks with maxima ``amax`` in tensors whose largest magnitude is ``top``, which broadcasts."""
        real = amax.dtype.type
        g = positive(top / real(min(fmt.max * TOP, float(np.finfo(real).max))), top)
        at_six = amax / real(fmt.max) / np.where(g > 0, g, real(1))
        candidates = []
        for ratio in (at_six, at_six * real(HIGHER)):
            s = self.scale_format.round(ratio)
            s = np.where((s == 0) & (amax > 0), real(self.scale_format.smallest), s)
            with np.errstate(over="ignore"):  # 3/2 of the largest numbers: they are at 6 then
                sigma = np.minimum(positive(g * s, amax), np.finfo(real).max)
            candidates.append(sigma)
        return least_of(x, blocks, fmt, candidates, self.error.value)

    def exact(self, x: Rationals, blocks: Partition, fmt: Format) -> Rationals:
        amax, levels = exact_maxima(x, blocks), steps(self.scale_format, nearest_even)
        g = amax.max() / (Fraction(fmt.max) * TOP)
        candidates = []
        for factor in (Fraction(1), HIGHER):
            out: Rationals = np.empty(amax.shape, object)
            for i, a in enumerate(amax.flat):
                code = levels.level(factor * a / Fraction(fmt.max) / g) if g else Fraction(0)
                out.flat[i] = g * (Fraction(self.scale_format.smallest) if code == 0 and a else code)
            candidates.append(out)
        return exact_least_of(x, blocks, fmt, candidates, self.error.value)

    def __str__(self) -> str:
        return "fouroversix" if self.error is BlockError.mse else f"fouroversix({self.error})"


@final
@dataclass(frozen=True)
class RowFourOverSix(DerivedScaling):
    """σ of ``FourOverSix`` in every x[i], a row or more, each a tensor of its own with an upper scale of its own."""

    rule: FourOverSix

    @property
    def scale_format(self) -> FloatFormat:
        return self.rule.scale_format

    @property
    def equivariance(self) -> frozenset[Trait]:
        return self.rule.equivariance

    def bits(self, real: int = 32) -> tuple[int, int]:
        return self.rule.bits(real)

    def fits(self, p: float) -> bool:
        return self.rule.fits(p)

    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        amax = maxima(x, blocks)
        return self.rule.under(amax.max(axis=tuple(range(1, x.ndim)), keepdims=True, initial=0), amax, x, blocks, fmt)

    def __str__(self) -> str:
        return str(self.rule)
