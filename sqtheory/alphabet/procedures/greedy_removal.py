"""Optimal brain compression: entries pruned and rounded one by one, the cheapest first, the rest of a row answering."""

from dataclasses import dataclass
from typing import final

from sqtheory.alphabet.compensation.column_grid import ColumnGrid, ScalesOf
from sqtheory.alphabet.compensation.greedy import removed, rounded_greedily
from sqtheory.alphabet.procedures.known_inputs import KnownInputs
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array


@final
@dataclass(frozen=True)
class GreedyRemoval(KnownInputs):
    """Every move by its exact step (`frantar2022obc`, §4, ExactOBS, and §5, OBQ), in groups that lie in rows.

    s alone: ExactOBS. q alone: OBQ. S→Q: one after the other. Q→S: ExactOBS on what OBQ has made, survivors rounded
    again at the scales of the dense weight. Joint: pruning is rounding to the grid {0}, and that entry goes first which
    loses least more by it than by rounding to Γ; then the others are rounded.
    Raises ValueError for a mask whose groups reach over rows but not over all, and as ``ErrorFeedback`` does.
    """

    scales: ScalesOf = ScalesOf.given
    name = "obc"
    title = "one by one with exact steps"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.scales is ScalesOf.running:
            raise ValueError("obc: entries are rounded in no order of blocks, so scales are not made anew by blocks")

    def sparse(self, w: Array, s: Sparsifier) -> Array:
        return removed(w, self.h(w), s)[0].astype(w.dtype)

    def quantized(self, w: Array, q: Quantizer) -> Array:
        return rounded_greedily(w, self.h(w), ColumnGrid.of(q, w)).astype(w.dtype)

    def sparse_quantized(self, w: Array, s: Sparsifier, q: Quantizer) -> Array:
        h = self.h(w)
        if self.scales is ScalesOf.dense:
            return removed(w, h, s, rounding=ColumnGrid.of(q, w))[0].astype(w.dtype)
        made, keep = removed(w, h, s)
        sparse = made.astype(w.dtype)
        return rounded_greedily(sparse, h, ColumnGrid.of(q, sparse), keep).astype(w.dtype)

    def quantized_sparse(self, w: Array, s: Sparsifier, q: Quantizer) -> Array:
        grid = ColumnGrid.of(q, w)
        return removed(self.quantized(w, q), self.h(w), s, rounding=grid)[0].astype(w.dtype)

    @property
    def has_joint(self) -> bool:
        return True

    def joint(self, w: Array, s: Sparsifier, q: Quantizer) -> Array:
        grid = ColumnGrid.of(q, w)
        return removed(w, self.h(w), s, grid, grid)[0].astype(w.dtype)
