"""Which of both harms more, and whether the better order goes with it, over the pipelines of a grid."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.random import Generator

from sqtheory.arrays import Array
from sqtheory.exceptions import need_generator
from sqtheory.tables import Table

RESAMPLES = 1000
COLUMNS = ("pipelines", "Q harms more", "weaker first better", "worse", "even", "Spearman ρ", "95 %", "ρ within masks")


@final
@dataclass(frozen=True)
class Harms:
    """By how much a model is worse under one mask and format: s alone, q alone, S→Q, Q→S."""

    mask: str
    sparse: float
    quantized: float
    pruned_first: float
    quantized_first: float

    @property
    def gap(self) -> float:
        """By how much more q alone harms than s alone: the hypothesis prunes first where positive."""
        return self.quantized - self.sparse

    @property
    def advantage(self) -> float:
        """By how much more Q→S harms than S→Q: the hypothesis has it rise with the gap."""
        return self.quantized_first - self.pruned_first


def midranks(values: Sequence[float] | Array) -> Array:
    """The rank of every value, 1 for the smallest; equal ones share the mean of their ranks."""
    x = np.asarray(values, np.float64)
    below, upto = (np.searchsorted(np.sort(x), x, side=side) for side in ("left", "right"))
    return np.asarray((below + upto + 1) / 2)


def spearman(x: Sequence[float] | Array, y: Sequence[float] | Array) -> float:
    """ρ, the correlation of the ranks of x and y. Raises ValueError where all values of one of them are equal.

    >>> spearman([1, 2, 3], [1, 10, 5])
    0.5
    """
    a, b = (ranks - ranks.mean() for ranks in (midranks(x), midranks(y)))
    size = float((a @ a) * (b @ b))
    if size == 0:
        raise ValueError("a rank correlation needs two values that differ, of each of both")
    return float(a @ b / np.sqrt(size))


def interval(x: Sequence[float], y: Sequence[float], rng: Generator, resamples: int = RESAMPLES) -> tuple[float, float]:
    """The middle 95 % of ρ over resamples of the pairs (percentile bootstrap).

    A resample in which all values are equal has no ρ and is drawn again.
    """
    need_generator(rng, "a bootstrap needs")
    spearman(x, y)
    a, b, found = np.asarray(x), np.asarray(y), list[float]()
    while len(found) < resamples:
        at = rng.integers(a.size, size=a.size)
        if np.ptp(a[at]) > 0 and np.ptp(b[at]) > 0:
            found.append(spearman(a[at], b[at]))
    low, high = np.quantile(found, (0.025, 0.975))
    return float(low), float(high)


@final
@dataclass(frozen=True)
class Grid:
    """The pipelines of one model, of one kind: one-shot or tuned, weights alone or with activations."""

    name: str
    harms: tuple[Harms, ...]

    def within(self) -> float:
        """The mean of ρ over the masks under which both differ at all."""
        masks = dict.fromkeys(each.mask for each in self.harms)
        groups = [[each for each in self.harms if each.mask == mask] for mask in masks]
        pairs = [([h.gap for h in group], [h.advantage for h in group]) for group in groups]
        return float(np.mean([spearman(x, y) for x, y in pairs if np.ptp(x) > 0 and np.ptp(y) > 0]))

    def row(self, rng: Generator) -> tuple[str, ...]:
        """Its line of the table."""
        gaps, advantages = [each.gap for each in self.harms], [each.advantage for each in self.harms]
        signs = np.sign(gaps) * np.sign(advantages)
        counts = (
            len(gaps),
            np.count_nonzero(np.asarray(gaps) > 0),
            *(np.count_nonzero(signs == s) for s in (1, -1, 0)),
        )
        return (self.name, *map(str, counts), *(self._numbers(rng) if np.ptp(advantages) > 0 else ("–",) * 3))

    def _numbers(self, rng: Generator) -> tuple[str, ...]:
        gaps, advantages = [each.gap for each in self.harms], [each.advantage for each in self.harms]
        low, high = interval(gaps, advantages, rng)
        return f"{spearman(gaps, advantages):.2f}", f"[{low:.2f}, {high:.2f}]", f"{self.within():.2f}"


def intensity_table(grids: Iterable[Grid], rng: Generator) -> Table:
    """One line a grid: pipelines in which q alone harms more, the sign rule, the rank correlation with its interval."""
    return Table(("grid", *COLUMNS), tuple(grid.row(rng) for grid in grids))
