"""A scale by coordinate descent: codes are changed one by one where that loses less."""

from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.alphabet.formats import Format
from sqtheory.alphabet.partition import Partition
from sqtheory.alphabet.rationals import Rationals
from sqtheory.alphabet.scaling.rule import FULL, Scaling
from sqtheory.alphabet.scaling.running import (
    Numbers,
    code_unit,
    fits,
    in_code_units,
    nearest_levels,
    number,
    quotient,
    running,
)
from sqtheory.alphabet.scaling.search import peaks
from sqtheory.arrays import Array
from sqtheory.exceptions import whole

MOST_ROUNDS = 1000


@final
@dataclass(frozen=True)
class CoordinateDescent(Scaling):
    """σ = Σ x³c / Σ x²c², the codes c = ρ(x min Γ/x_j) improved one by one, ``rounds`` times over the block.

    Code i becomes ρ(x_i/σ_i), σ_i the fit of the others, where Σ_{j≠i} x_j³c_j > 0 and Σ x² (x − σc)² falls by
    it. In real arithmetic a positive x_j makes that sum negative at the start, so only blocks whose first largest
    entry is negative are improved: the rule is not odd. Sums run in the order of the entries, in their dtype;
    comparisons are of eighth powers and fail where those are beyond its range. Sub-blocks of GGUF's Q3_K (source code
    of llama.cpp), five rounds. A round looks at the entries of a block one after another, so long blocks take long.
    """

    rounds: int = 5
    full_range = True
    needs_negative = True
    signed = True
    zero_block_is_zero = True
    equivariance = FULL

    def __post_init__(self) -> None:
        if not 0 <= whole(self.rounds, "the rounds of a descent") <= MOST_ROUNDS:
            raise ValueError(f"a descent takes 0 to {MOST_ROUNDS} rounds, got {self.rounds}")

    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        return blocks.reduce(x, lambda rows: fits(rows, lambda r: (self._descended(r, fmt),))[0])

    def exact(self, x: Rationals, blocks: Partition, fmt: Format) -> Rationals:
        """The same in rational arithmetic."""
        return self.scales(x, blocks, fmt)

    def _descended(self, rows: Numbers, fmt: Format) -> Numbers:
        peak, weights = peaks(rows), rows * rows
        inverse = number(fmt.min, peak) / np.where(peak == 0, peak + 1, peak)
        codes = nearest_levels(fmt, inverse[:, None] * rows)
        above, below = running(weights * rows * codes), running(weights * codes * codes)
        active, unit = peak != 0, number(code_unit(fmt), rows)
        for _ in range(self.rounds if active.any() else 0):
            changed = np.zeros(active.shape, bool)
            for i, (x, w) in enumerate(zip(rows.T, weights.T, strict=True)):
                old = codes[:, i]
                rest, squares = above - w * x * old, below - w * old * old
                some = active & (rest > 0)
                new = nearest_levels(fmt, x * squares / np.where(some, rest, rest * 0 + 1) * unit)
                then, under = rest + w * x * new, squares + w * new * new
                taken = some & (new != old) & (under > 0) & (then * then * below > above * above * under)
                codes[:, i] = np.where(taken, new, old)
                above, below = np.where(taken, then, above), np.where(taken, under, below)
                changed |= taken
            active &= changed
            if not active.any():
                break
        return in_code_units(np.where(below > 0, quotient(above, below), 0 * above), fmt)

    def __str__(self) -> str:
        return "descent" if self.rounds == 5 else f"descent({self.rounds})"
