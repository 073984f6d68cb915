"""Rules whose scale is one function of the largest magnitude of a block."""

from abc import abstractmethod
from fractions import Fraction

import numpy as np

from sqtheory.alphabet.formats import Format
from sqtheory.alphabet.partition import Partition
from sqtheory.alphabet.rationals import NotRational, Rationals, rationals
from sqtheory.alphabet.scaling.maxima import exact_maxima, maxima
from sqtheory.alphabet.scaling.rule import Numbers, Scaling
from sqtheory.arrays import Array


class FromMaximum(Scaling):
    """σ_B = φ(max |x_B|, max |x|) for a function φ that is non-decreasing in its first argument."""

    max_determined = True
    follows_maximum = True
    sign_blind = True

    @abstractmethod
    def from_maximum(self, amax: Array, fmt: Format) -> Array:
        """φ applied to the grid of block maxima."""

    def of_maxima(self, amax: Array, top: Array, fmt: Format) -> Array:
        return self.from_maximum(amax, fmt)

    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        return self.from_maximum(maxima(x, blocks), fmt)

    def exact(self, x: Rationals, blocks: Partition, fmt: Format) -> Rationals:
        """A power of two is that of the bits of a float64 maximum, and NotRational is raised for any other maximum."""
        if self.values is not Numbers.dyadic:
            return super().exact(x, blocks, fmt)
        amax = exact_maxima(x, blocks)
        held = amax.astype(np.float64)
        if any(Fraction(float(v)) != a for v, a in zip(held.flat, amax.flat, strict=True)):
            raise NotRational("a power of two is found from the bits of a float64 maximum")
        return rationals(self.from_maximum(held, fmt))
