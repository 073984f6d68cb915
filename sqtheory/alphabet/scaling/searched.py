"""An integer zero point found together with its scale by a search for the least weighted error."""

from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.alphabet.formats import Format
from sqtheory.alphabet.partition import Partition
from sqtheory.alphabet.rationals import NotRational, Rationals
from sqtheory.alphabet.rounding import nearest_even
from sqtheory.alphabet.scaling.affine import Affine, Ends, clipped, finite, integers
from sqtheory.alphabet.scaling.offset_meaning import OffsetMeaning
from sqtheory.alphabet.traits import Trait
from sqtheory.arrays import Array

STEPS = 20
"""Widths of the range that are tried, a tenth of a step apart, from one step less than the block's own."""
FAR = 40
"""Exponents of maxima beyond which squares are not summed as they are."""


@final
@dataclass(frozen=True)
class SearchedZero(Affine):
    """c = clip(ρ(x/σ + z)), value σ (c − z), z = clip(ρ(−β/σ)): σ and β of least Σ w (σ ρ(ι (x − β')) + β − x)² found.

    w = |x| + √(mean x²). From β = min x_B and σ = (hi − β)/max Γ on, for t = 0, …, 19: codes by ι = (max Γ − 1 + t/10)
    over hi − β', β' the best β so far, then (σ, β) of least squares for these codes, kept where better. A block of one
    number has σ = 1. z is a code: of a block whose β is positive it is 0, and what lies above max Γ σ saturates. The
    ``k_quant`` of ONNX Runtime's MatMulNBits (its code, in float32 but for the ratios x/σ + z, which are float64).
    """

    stored = None
    reciprocal = False
    meaning = OffsetMeaning.code

    @property
    def arguments(self) -> tuple[str, ...]:
        return ("offset=searched",)

    @property
    def zero_block_is_zero(self) -> bool:
        return False

    @property
    def equivariance(self) -> frozenset[Trait]:
        return frozenset()

    def keeps_zero(self, fmt: Format) -> bool:
        return True

    def made(self, x: Array, blocks: Partition, fmt: Format) -> tuple[Ends, Ends]:
        sigma = blocks.reduce(x, lambda rows: searched(rows, fmt)[0])
        least = blocks.reduce(x, lambda rows: searched(rows, fmt)[1])
        with np.errstate(over="ignore"):
            start = clipped(-least / np.where(sigma == 0, 1, sigma), -1, int(fmt.max) + 1)
        return sigma, clipped(integers(start, nearest_even), 0, int(fmt.max))

    def exact_placed(self, x: Rationals, blocks: Partition, fmt: Format) -> tuple[Rationals, ...]:
        raise NotRational("the weights of the search hold square roots")

    def ratios(self, x: Array, sigma: Array, offset: Array, fmt: Format) -> Array:
        return x.astype(np.float64) / sigma + offset

    def values_of(self, codes: Array, sigma: Array, offset: Array, fmt: Format) -> Array:
        return np.asarray((codes - offset) * sigma, sigma.dtype)


@np.errstate(all="ignore")  # where sums leave the range, or codes are all one, no trial is better
def searched(rows: Array, fmt: Format) -> tuple[Array, Array]:
    """σ and β of every row, in the arithmetic of the rows; rows far from 1 are searched over a power of two."""
    power = np.frexp(np.abs(rows).max(axis=1, keepdims=True))[1]
    power = np.where(np.abs(power) > FAR, power, 0)
    x, most = np.ascontiguousarray(np.ldexp(rows, -power)), int(fmt.max)

    def total(v: Array) -> Array:
        return np.asarray(v.sum(axis=1, keepdims=True))

    weights = np.sqrt(total(x * x) / x.dtype.type(x.shape[1])) + np.abs(x)
    least, hi = x.min(axis=1, keepdims=True), x.max(axis=1, keepdims=True)
    all_w, all_x = total(weights), total(weights * x)

    def trial(steps: float) -> tuple[Array, Array]:
        """1/σ and the codes by the best β so far."""
        per = np.where(least == hi, 1, x.dtype.type(steps) / np.where(least == hi, 1, hi - least)).astype(x.dtype)
        return per, np.clip(np.rint(per * (x - least)), 0, most)

    per, codes = trial(most)
    sigma = 1 / per
    loss = total(weights * (sigma * codes + least - x) ** 2)
    for t in range(STEPS):
        codes = trial(-1 + 0.1 * t + most)[1]
        by_code = weights * codes
        one, two, mixed = total(by_code), total(by_code * codes), total(by_code * x)
        determinant = all_w * two - one * one
        scale, start = (all_w * mixed - all_x * one) / determinant, (two * all_x - one * mixed) / determinant
        other = total(weights * (scale * codes + start - x) ** 2)
        better = other < loss
        loss, sigma, least = (np.where(better, *two) for two in ((other, loss), (scale, sigma), (start, least)))
    alone = rows.min(axis=1) == rows.max(axis=1)
    sigma, least = (finite(np.ldexp(v, power))[:, 0] for v in (sigma, least))
    return np.where(alone, x.dtype.type(1), sigma), least
