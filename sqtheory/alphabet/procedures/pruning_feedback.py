"""SparseGPT: pruning with feedback, in one pass with rounding or before it."""

from dataclasses import dataclass
from typing import final

from sqtheory.alphabet.compensation.column_grid import ColumnGrid, ScalesOf
from sqtheory.alphabet.compensation.pruning import SlabMasks, pruned
from sqtheory.alphabet.compensation.rounding import rounded
from sqtheory.alphabet.compensation.sweep import WIDTH
from sqtheory.alphabet.procedures.known_inputs import KnownInputs
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array


@final
@dataclass(frozen=True)
class PruningFeedback(KnownInputs):
    """Both s and q with each column's error made up for by those after it (`frantar2023sparsegpt`, §3.3 and §3.5).

    The boxes and budgets are those of s, the score is |w_ij| √D_j, in slabs of ``columns`` where groups are no narrower
    (``SlabMasks``). s alone: the pass that prunes. q alone: GPTQ's. S→Q: one after the other, zeros held; at the scales
    of the dense weight and one mask that is the joint pass. Q→S: the mask is chosen, slab by slab, on what GPTQ has
    made, and survivors stay on its grid. Joint: one pass, at the scales of the dense weight.
    ``inclusive``: slabs prune one entry more, as published code does. Raises as ``ErrorFeedback`` does.
    """

    scales: ScalesOf = ScalesOf.given
    columns: int = WIDTH
    inclusive: bool = False
    name = "sparsegpt"
    title = "pruned and rounded with error feedback"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.columns < 1:
            raise ValueError(f"sparsegpt: a slab has at least one column, got {self.columns}")

    def sparse(self, w: Array, s: Sparsifier) -> Array:
        return pruned(w, self.h(w), self._masks(s))[0].astype(w.dtype)

    def quantized(self, w: Array, q: Quantizer) -> Array:
        return rounded(w, self.h(w), ColumnGrid.of(q, w), renew=self._renew).astype(w.dtype)

    def sparse_quantized(self, w: Array, s: Sparsifier, q: Quantizer) -> Array:
        h = self.h(w)
        made, keep = pruned(w, h, self._masks(s))
        sparse = made.astype(w.dtype)
        grid = ColumnGrid.of(q, w if self.scales is ScalesOf.dense else sparse)
        return rounded(sparse, h, grid, keep, renew=self._renew).astype(w.dtype)

    def quantized_sparse(self, w: Array, s: Sparsifier, q: Quantizer) -> Array:
        h, grid = self.h(w), ColumnGrid.of(q, w)
        return pruned(rounded(w, h, grid), h, self._masks(s), grid)[0].astype(w.dtype)

    @property
    def has_joint(self) -> bool:
        return True

    def joint(self, w: Array, s: Sparsifier, q: Quantizer) -> Array:
        return pruned(w, self.h(w), self._masks(s), ColumnGrid.of(q, w))[0].astype(w.dtype)

    @property
    def _renew(self) -> bool:
        return self.scales is ScalesOf.running

    def _masks(self, s: Sparsifier) -> SlabMasks:
        return SlabMasks(s, self.columns, self.inclusive)
