"""Scale and offset fitted to a block by weighted least squares, stored as integers under two float16 numbers."""

import math
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.formats import FLOAT16, Format
from sqtheory.alphabet.partition import Partition
from sqtheory.alphabet.rationals import NotRational, Rationals
from sqtheory.alphabet.rounding import nearest_even
from sqtheory.alphabet.scaling.affine import Affine, Ends, clipped, finite, integers
from sqtheory.alphabet.scaling.offset_meaning import OffsetMeaning
from sqtheory.alphabet.scaling.rule import Reach
from sqtheory.alphabet.scaling.running import Numbers, fits, nearest_levels, number, quotient, running
from sqtheory.alphabet.scaling.superblocks import check_super, held, in_super_blocks
from sqtheory.alphabet.traits import Trait
from sqtheory.arrays import Array
from sqtheory.exceptions import need, whole

ABOVE = 10
"""Tenths of a step that are tried above."""


class Misfit(Enum):
    """What a fitted scale and offset keep small.

    >>> from sqtheory import parse
    >>> print(parse("affine(4, offset=fitted, misfit=absolute)"))
    affine(4, offset=fitted, misfit=absolute)
    """

    square = "Σ w (x − β − σc)², w = √(mean x²) + |x|"
    absolute = "Σ w |x − β − σc|, w = |x|"

    def __str__(self) -> str:
        return self.name

    def weights(self, rows: Numbers) -> Numbers:
        """w of every entry. Raises NotRational for Fractions whose mean square has no rational root."""
        size = np.abs(rows)
        if self is Misfit.absolute:
            return size
        mean = running(rows * rows) / rows.shape[1]
        root = np.sqrt(mean) if mean.dtype != object else np.array([_root(one) for one in mean], object)
        return root[:, None] + size

    def of(self, rest: Numbers, weights: Numbers) -> Numbers:
        """The sum over what is left of every entry."""
        return running(weights * (np.abs(rest) if self is Misfit.absolute else rest * rest))


@final
@dataclass(frozen=True)
class FittedOffset(Affine):
    """c = ρ((x − β)/σ), value σc + β, σ_B = d s_B and β_B = −d' m_B ≤ 0 with integers s, m of ``scale_bits`` bits.

    With a = min(x_B, 0), codes ρ((x − a)(max Γ + t/10)/(max x_B − a)) are tried for t = −``below``, …, 10, and the σ'
    and β' ≤ 0 of least squares in w that they leave. The first pair of least ``misfit`` is kept, beside the
    start σ' = (max x_B − a)/max Γ, β' = a; where one is better than those before it, its β' is a from there on. Of
    ``count`` blocks d = ρ_float16(max σ'/(2^bits − 1)) and s = ρ(σ'(2^bits − 1)/max σ'), likewise d', m of −β'.
    Sums run in the order of the entries, in their dtype.

    GGUF's Q4_K (4 bits, blocks of 32), Q5_K (``below=5``) and Q2_K (2 bits, blocks of 16, ``misfit=absolute``,
    ``below=5``, ``scale_bits=4``, ``count=16``), without an importance matrix (source code of llama.cpp). Upper scales
    saturate where those of llama.cpp are infinite.
    """

    misfit: Misfit = Misfit.square
    below: int = 10
    scale_bits: int = 6
    count: int = 8
    reciprocal = False
    stored = None
    meaning = OffsetMeaning.addend

    def __post_init__(self) -> None:
        need(self.misfit, Misfit, "misfit=")
        check_super(self.scale_bits, self.count, least=1)
        if not 0 <= whole(self.below, "the tenths below") <= ABOVE:
            raise ValueError(f"0 to {ABOVE} tenths are tried below, got {self.below}")

    @property
    def arguments(self) -> tuple[str, ...]:
        plain = FittedOffset()
        names = ("misfit", "below", "scale_bits", "count")
        own = (f"{n}={getattr(self, n)}" for n in names if getattr(self, n) != getattr(plain, n))
        return ("offset=fitted", *own)

    @property
    def equivariance(self) -> frozenset[Trait]:
        return frozenset()

    @property
    def looks_at(self) -> Reach:
        return Reach.tensor

    def bits(self, real: int = 32) -> tuple[int, int]:
        """Those of s and a block's part of the float16 number, rounded up."""
        return self.scale_bits + -(-FLOAT16.bits // self.count), 0

    def offset_bits(self, fmt: Format, real: int = 32) -> int:
        return self.bits()[0]

    def made(self, x: NDArray[Any], blocks: Partition, fmt: Format) -> tuple[Ends, Ends]:
        found: list[tuple[Numbers, ...]] = []

        def kept(rows: Numbers) -> Numbers:
            found.append(fits(rows, lambda r: self._fitted(r, fmt)))
            return found[-1][0]

        sigma = blocks.reduce(x, kept)
        later = iter(found)
        offset = blocks.reduce(x, lambda rows: next(later)[1])
        return (in_super_blocks(sigma, self.count, self._stored), -in_super_blocks(-offset, self.count, self._stored))

    def _fitted(self, rows: Numbers, fmt: Format) -> tuple[Numbers, Numbers]:
        """σ' and β' of every row."""
        lo, hi = np.minimum(rows.min(axis=1), 0), rows.max(axis=1)
        flat = lo == hi
        top, weights = number(fmt.max, rows), self.misfit.weights(rows)
        total, first = running(weights), running(weights * rows)

        def codes(tenths: Numbers) -> Numbers:
            """Of the offset so far; where that has come to the greatest entry, all codes are 0."""
            inverse = quotient(tenths + top + 0 * hi, hi - offset)
            return nearest_levels(fmt, inverse[:, None] * (rows - offset[:, None]))

        def loss(sigma: Numbers, offset: Numbers, codes: Numbers) -> Numbers:
            return self.misfit.of(sigma[:, None] * codes + offset[:, None] - rows, weights)

        offset = lo
        sigma = 1 / (top / np.where(flat, hi * 0 + 1, hi - lo))
        best = loss(sigma, offset, codes(0 * top))
        for i in range(self.below + ABOVE + 1):
            c = codes(self._tenths(i, rows))
            one, two, mixed = running(weights * c), running(weights * c * c), running(weights * c * rows)
            spread = total * two - one * one
            slope, start = quotient(total * mixed - first * one, spread), quotient(two * first - one * mixed, spread)
            slope, start = np.where(start > 0, quotient(mixed, two), slope), np.minimum(start, 0)
            left = loss(slope, start, c)
            better = (spread > 0) & (left < best)
            best, sigma, offset = (np.where(better, *pair) for pair in ((left, best), (slope, sigma), (start, offset)))
        return np.where(flat, 0 * hi, sigma), np.where(flat, lo, offset)

    def _tenths(self, i: int, like: Numbers) -> Numbers:
        """(i − below)/10, in the dtype of floating-point numbers −below/10 + fl(0.1) i."""
        if like.dtype == object:
            return np.asarray(Fraction(i - self.below, 10), object)
        real = like.dtype.type
        return np.asarray(-real(self.below) / real(10) + real(0.1) * real(i))

    def _stored(self, rows: Numbers) -> Numbers:
        """Numbers that are not negative, of super-blocks, one a row."""
        top = number((1 << self.scale_bits) - 1, rows)
        most = rows.max(axis=1)
        with np.errstate(over="ignore"):
            inverse = finite(top / np.where(most > 0, most, most * 0 + 1))
            levels = clipped(integers(inverse[:, None] * rows, nearest_even), 0, int(top))
        return np.where(most > 0, held(most / top), 0 * most)[:, None] * levels

    def ratios(self, x: Array, sigma: Array, offset: Array, fmt: Format) -> Array:
        return (x - offset) / sigma

    def exact_placed(self, x: Rationals, blocks: Partition, fmt: Format) -> tuple[Rationals, ...]:
        return self.made(x, blocks, fmt)


def _root(square: Fraction) -> Fraction:
    above, below = math.isqrt(square.numerator), math.isqrt(square.denominator)
    if above * above != square.numerator or below * below != square.denominator:
        raise NotRational("a mean square has no rational root")
    return Fraction(above, below)
