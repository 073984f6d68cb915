"""A scale that alternates between the nearest codes and the least squares that they leave."""

from dataclasses import dataclass
from fractions import Fraction
from typing import final

import numpy as np

from sqtheory.alphabet.formats import Format
from sqtheory.alphabet.partition import Partition
from sqtheory.alphabet.rationals import Rationals
from sqtheory.alphabet.scaling.maximum import AbsMax
from sqtheory.alphabet.scaling.rule import FULL, Scaling
from sqtheory.alphabet.scaling.running import Numbers, fits, in_code_units, nearest_levels, quotient, running
from sqtheory.arrays import Array
from sqtheory.exceptions import whole

MOST_ROUNDS = 1000


@final
@dataclass(frozen=True)
class LeastSquares(Scaling):
    """σ_r of σ_0 = max |x_B|/max Γ, σ_{i+1} = Σ x c / Σ c² for the nearest codes c = ρ(x/σ_i), r = ``rounds``.

    σ_{i+1} is the least of Σ (x − σc)² over σ, and nearest codes the least over c, so that this never grows; σ stays
    once codes do. It also stays where Σ x c is not positive, which takes a grid without 0. Sums run in the order of
    the entries, in their dtype.
    """

    rounds: int = 10
    sign_blind = True
    zero_block_is_zero = True
    equivariance = FULL

    def __post_init__(self) -> None:
        if not 1 <= whole(self.rounds, "the rounds of least squares") <= MOST_ROUNDS:
            raise ValueError(f"least squares take 1 to {MOST_ROUNDS} rounds, got {self.rounds}")

    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        return blocks.reduce(x, lambda rows: fits(rows, lambda r: (self._alternated(r, fmt),))[0])

    def exact(self, x: Rationals, blocks: Partition, fmt: Format) -> Rationals:
        """The same in rational arithmetic."""
        return self.scales(x, blocks, fmt)

    def _alternated(self, rows: Numbers, fmt: Format) -> Numbers:
        amax = np.abs(rows).max(axis=1)
        sigma = AbsMax().from_maximum(amax, fmt) if amax.dtype != object else amax / Fraction(fmt.max)
        for _ in range(self.rounds):
            codes = nearest_levels(fmt, rows / np.where(amax == 0, amax + 1, sigma)[:, None])
            above, below = running(rows * codes), running(codes * codes)
            fitted = np.where(above > 0, in_code_units(quotient(above, below), fmt), sigma)
            if np.array_equal(fitted, sigma):
                break
            sigma = fitted
        return np.asarray(sigma)

    def __str__(self) -> str:
        return "leastsquares" if self.rounds == 10 else f"leastsquares({self.rounds})"
