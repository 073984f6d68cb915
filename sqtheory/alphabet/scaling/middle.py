"""An affine quantizer whose offset is the middle of the range, in the arithmetic of the tensor or of a format."""

from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.alphabet.formats import FloatFormat, Format
from sqtheory.alphabet.partition import Partition
from sqtheory.alphabet.rationals import NotRational, Rationals
from sqtheory.alphabet.rounding import Rounding
from sqtheory.alphabet.scaling.affine import Ends
from sqtheory.alphabet.scaling.ends import FromEnds, Range
from sqtheory.alphabet.scaling.offset_meaning import OffsetMeaning, half
from sqtheory.alphabet.scaling.offsets import ranged, written
from sqtheory.alphabet.traits import Trait
from sqtheory.arrays import Array
from sqtheory.exceptions import need


@final
@dataclass(frozen=True)
class Middle(FromEnds):
    """c = ρ((x − (ζ − σ h))/σ), value σ (c − h) + ζ with ζ = lo + σ h, h = 2^{k−1}: torchao's tinygemm layout.

    ``computed``: x is rounded to this format first, and so is the result of every sum, product and quotient.
    """

    range: Range = Range.own
    reciprocal: bool = False
    stored: FloatFormat | None = None
    computed: FloatFormat | None = None
    meaning = OffsetMeaning.middle

    def __post_init__(self) -> None:
        self.check()
        if self.computed is not None:
            need(self.computed, FloatFormat, "computed=")
            if self.stored is not None or self.reciprocal:
                raise ValueError("computed= is the arithmetic of all steps: leave stored= and reciprocal= out")

    @property
    def arguments(self) -> tuple[str, ...]:
        held = () if self.computed is None else (f"computed={self.computed}",)
        return ("offset=midpoint", *ranged(self), *written(self), *held)

    @property
    def equivariance(self) -> frozenset[Trait]:
        return super().equivariance if self.computed is None else frozenset()

    def reproduces(self, fmt: Format, rounding: Rounding) -> bool:
        return rounding.nearest and self.stored is None and self.computed is None

    def exact_placed(self, x: Rationals, blocks: Partition, fmt: Format) -> tuple[Rationals, ...]:
        if self.computed is not None:
            raise NotRational(f"arithmetic in {self.computed} is not that of rational numbers")
        return super().exact_placed(x, blocks, fmt)

    @property
    def plain(self) -> bool:
        return super().plain and self.computed is None

    def held(self, v: Ends) -> Ends:
        """v as it is computed."""
        return v if self.computed is None else self.computed.round(v)

    def grid_of(self, lo: Ends, hi: Ends, fmt: Format) -> tuple[Ends, Ends]:
        if self.computed is not None:
            lo, hi = self.held(lo), self.held(hi)
            with np.errstate(over="ignore"):
                sigma = self.held(self.held(hi - lo) / int(fmt.max))
            return sigma, self.held(lo + self.held(sigma * half(fmt)))
        sigma = self.span(lo, hi, fmt)
        with np.errstate(over="ignore"):
            middle = lo + sigma * half(fmt)
        if middle.dtype != object:
            middle = np.where(np.isfinite(middle), middle, 4 * (lo / 4 + sigma / 4 * half(fmt)))
        return sigma, middle

    def ratios(self, x: Array, sigma: Array, offset: Array, fmt: Format) -> Array:
        least = self.held(offset - self.held(sigma * half(fmt)))
        return self.held(self.over(self.held(self.held(x) - least), sigma))

    def values_of(self, codes: Array, sigma: Array, offset: Array, fmt: Format) -> Array:
        if self.computed is None:
            return super().values_of(codes, sigma, offset, fmt)
        return self.held(self.held((codes - half(fmt)) * sigma) + offset)
