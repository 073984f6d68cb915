"""What pieces of one tensor add up to under a mask and a format, in whatever order they are added."""

from dataclasses import dataclass
from operator import add
from typing import final

from sqtheory.alphabet.kernels.exact import rounded
from sqtheory.orders.counts import Counts, Errors, Openings, Sums, sign
from sqtheory.orders.errors import root

LOST = 2.0**-900
"""Powers below this may have underflowed; sums above it do not feel that."""
DOUBT = 1 << 48
"""A lead of less than one in so many of both errors may be that of rounded powers."""


@final
@dataclass(frozen=True)
class Partial:
    """Sums of p-th powers of entries and errors, exactly, in units of 2^−1074; and counts. Pieces add up."""

    x: int = 0
    s: int = 0
    q: int = 0
    sq: int = 0
    qs: int = 0
    gain: int = 0
    lost: int = 0
    """Powers of numbers that are not 0 which may have underflowed."""
    moved: int = 0
    """Entries of non-zero image that one order keeps and the other prunes."""
    swaps: int = 0
    selected: int = 0
    tied: int = 0
    living: int = 0
    pruned: int = 0
    saturated: int = 0
    flushed: int = 0
    shifted: int = 0
    """Blocks whose scale the mask moves."""
    shift: int = 0
    """What S→Q adds up to there, beyond ``sq``, which is at the scales of x."""

    def __add__(self, other: "Partial") -> "Partial":
        return Partial(*map(add, vars(self).values(), vars(other).values()))

    @property
    def decided(self) -> bool:
        """The sign of ``lead`` is not that of rounded powers."""
        return not (self.moved or self.shifted) or abs(self.lead) * DOUBT > self.sq + self.qs

    @property
    def lead(self) -> int:
        """‖ε_{Q→S}‖^p − ‖ε_{S→Q}‖^p but for the rounding of each power."""
        return self.qs - self.sq - self.shift

    def counts(self, p: float, lead: int) -> Counts | None:
        """All of the tensor with the sign of the exact lead; None where powers were lost."""
        sums = (self.s, self.q, self.sq + self.shift, self.qs, self.gain, self.sq, self.x)
        totals = [rounded(units) for units in sums]
        if self.lost and min(totals) < LOST:
            return None
        *errors, x = (root(total, p) for total in totals)
        openings = Openings(self.selected, self.shifted, self.living, 0, self.pruned, self.saturated, self.flushed)
        return Counts(Sums(p, x, Errors(*errors), sign(lead)), self.swaps, self.tied, openings)
