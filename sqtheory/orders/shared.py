"""What pairs of a mask and a format have in common on a tile: block maxima, the sums that no format changes."""

from typing import TypeAlias, final

from sqtheory.alphabet.kernels.maxima import amax_of_runs, ends_of_runs
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array

Sides: TypeAlias = tuple[int, int]
"""Σ |x_i|^p of all entries and of those that a mask prunes, in units of 2^−1074."""


@final
class Shared:
    """Entries in C order with what is known of them, each found when it is first asked for."""

    def __init__(self, x: Array) -> None:
        self.x = x
        self.sides: dict[tuple[Sparsifier, float], Sides] = {}
        """By mask and p, where they were found."""
        self._amax: dict[int, Array] = {}
        self._ends: dict[int, tuple[Array, Array]] = {}

    def amax(self, block: int) -> Array:
        """The largest magnitude of every block of so many entries."""
        if block not in self._amax:
            self._amax[block] = amax_of_runs(self.x.reshape(-1), block).copy()
        return self._amax[block]

    def ends(self, block: int) -> tuple[Array, Array]:
        """The least and the greatest entry of every block, or 0 where all are above or below."""
        if block not in self._ends:
            self._ends[block] = ends_of_runs(self.x.reshape(-1), block)
        return self._ends[block]
