"""A scale that is searched for among those that put the largest magnitude near the end of the grid."""

from dataclasses import dataclass
from fractions import Fraction
from typing import final

import numpy as np

from sqtheory.alphabet.formats import Format
from sqtheory.alphabet.partition import Partition
from sqtheory.alphabet.rationals import Rationals
from sqtheory.alphabet.rounding import Rounding
from sqtheory.alphabet.scaling.rule import FULL, Scaling
from sqtheory.alphabet.scaling.running import Numbers, fits, in_code_units, nearest_levels, number, quotient, running
from sqtheory.arrays import Array
from sqtheory.exceptions import whole

MOST_TENTHS = 100


@final
@dataclass(frozen=True)
class CandidateSearch(Scaling):
    """σ = Σ x³c / Σ x²c² of the codes c = ρ(x (min Γ − t/10)/x_j), t ∈ {0, −n, …, n}, whose σ Σ x³c is largest.

    x_j is the first entry of largest magnitude, and of equal t the first is taken. So Σ x² (x − σc)² is the least of
    those of the codes that are tried. Sums run in the order of the entries, in their dtype.
    Sub-blocks of GGUF's Q6_K (source code of llama.cpp), where n = 9.
    """

    tenths: int = 9
    full_range = True
    needs_negative = True
    signed = True
    sign_odd = True
    zero_block_is_zero = True
    equivariance = FULL

    def __post_init__(self) -> None:
        if not 0 <= whole(self.tenths, "the tenths of a search") <= MOST_TENTHS:
            raise ValueError(f"a search tries 0 to {MOST_TENTHS} tenths on either side, got {self.tenths}")

    def reproduces(self, fmt: Format, rounding: Rounding) -> bool:
        """Integers that lie within 1/2 of (min Γ − t/10) c/c_j are c again, for the t of the first time or for 0."""
        return rounding.nearest and fmt.kind == "integer"

    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        return blocks.reduce(x, lambda rows: fits(rows, lambda r: (self._best(r, fmt),))[0])

    def exact(self, x: Rationals, blocks: Partition, fmt: Format) -> Rationals:
        """The same in rational arithmetic."""
        return self.scales(x, blocks, fmt)

    def _best(self, rows: Numbers, fmt: Format) -> Numbers:
        peak = peaks(rows)
        by, weights = np.where(peak == 0, peak + 1, peak), rows * rows
        sigma = best = 0 * peak
        for t in (0, *range(-self.tenths, 0), *range(1, self.tenths + 1)):
            inverse = -(tenths(t, peak) + number(-fmt.min, peak)) / by
            codes = nearest_levels(fmt, inverse[:, None] * rows)
            above, below = running(weights * rows * codes), running(weights * codes * codes)
            found = quotient(above, below)
            better = (below > 0) & (above * above > best * below) if t else below > 0
            sigma, best = np.where(better, found, sigma), np.where(better, found * above, best)
        return in_code_units(sigma, fmt)

    def __str__(self) -> str:
        return "search" if self.tenths == 9 else f"search({self.tenths})"


def peaks(rows: Numbers) -> Numbers:
    """The first entry of largest magnitude of every row."""
    return np.asarray(rows[np.arange(len(rows)), np.abs(rows).argmax(axis=1)])


def tenths(t: int, like: Numbers) -> Numbers:
    """t/10, as the product fl(0.1) t in the dtype of floating-point numbers."""
    return np.asarray(Fraction(t, 10) if like.dtype == object else like.dtype.type(0.1) * like.dtype.type(t))
