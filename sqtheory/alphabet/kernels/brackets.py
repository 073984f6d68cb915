"""The k-th largest of many numbers that come piece by piece: a bracket from a sample, one pass that counts."""

import math
from dataclasses import dataclass, field
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.kernels.scratch import scratch

Scores: TypeAlias = NDArray[Any]
"""Finite floating-point numbers, or the bits of magnitudes."""
DEVIATIONS = 6.0
"""Half the width of a bracket, in standard deviations of a quantile of as many independent numbers.

Numbers of one scale block come together in the sample and need not be independent.
"""
WIDER = 8.0
"""A bracket that misses is made so many times as wide."""


@final
@dataclass(frozen=True)
class Place:
    """The k-th largest score, and how many scores are larger, and equal."""

    score: Any
    above: int
    ties: int


@final
@dataclass
class Bracket:
    """What lies above, between and at two numbers; what equals either is counted, so ties take no memory."""

    low: Any
    high: Any
    unbounded: bool = False
    """No score lies outside."""
    above: int = 0
    at_high: int = 0
    at_low: int = 0
    between: list[Scores] = field(default_factory=list)

    @classmethod
    def around(cls, sample: Scores, k: int, size: int, deviations: float) -> "Bracket":
        """Where the k-th largest of ``size`` numbers should lie, of which this is a sample, ascending."""
        least, most = (-np.inf, np.inf) if sample.dtype.kind == "f" else (-1, np.iinfo(sample.dtype).max)
        if not sample.size:
            return cls(least, most, unbounded=True)
        share = 1 - k / size
        spread = deviations * math.sqrt(share * (1 - share) * sample.size) + 2
        low, high = math.floor(share * sample.size - spread), math.ceil(share * sample.size + spread)
        inner = low >= 0, high < sample.size
        return cls(sample[low] if inner[0] else least, sample[high] if inner[1] else most, unbounded=not any(inner))

    def add(self, scores: Scores) -> None:
        """Count these (flat)."""
        over = np.greater(scores, self.high, out=scratch("over", scores.size, np.bool_))
        inside = np.greater_equal(scores, self.low, out=scratch("inside", scores.size, np.bool_))
        self.above += int(np.count_nonzero(over))
        found = scores[np.flatnonzero(np.not_equal(inside, over, out=inside))]
        at_high = found == self.high
        at_low = np.logical_and(found == self.low, ~at_high)
        self.at_high += int(np.count_nonzero(at_high))
        self.at_low += int(np.count_nonzero(at_low))
        self.between.append(found[~(at_high | at_low)])

    def take(self, counts: NDArray[np.int64], between: Scores) -> None:
        """The same from a loop: how many are above, at the higher, at the lower, and between, where these are first."""
        above, at_high, at_low, inside = counts.tolist()
        self.above += above
        self.at_high += at_high
        self.at_low += at_low
        self.between.append(between[:inside].copy())

    def place(self, k: int) -> Place | None:
        """The k-th largest of all that was counted; None if it lies outside."""
        if 0 < k - self.above <= self.at_high:
            return Place(self.high, self.above, self.at_high)
        inside = np.concatenate(self.between)
        above = self.above + self.at_high
        place = inside.size - (k - above)
        if 0 <= place < inside.size:
            inside.partition(place)
            cut, larger = inside[place], inside[place + 1 :]
            more = int(np.count_nonzero(larger > cut))
            ties = inside.size - more - int(np.count_nonzero(inside[:place] < cut))
            return Place(cut, above + more, ties)
        if 0 < -place <= self.at_low:
            return Place(self.low, above + inside.size, self.at_low)
        return None
