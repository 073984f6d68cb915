"""GPTQ: pruning as it is, rounding column by column with feedback."""

from dataclasses import dataclass
from typing import final

from sqtheory.alphabet.compensation.column_grid import ColumnGrid, ScalesOf
from sqtheory.alphabet.compensation.rounding import ColumnOrder, Zeros, rounded
from sqtheory.alphabet.procedures.known_inputs import KnownInputs
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array


@final
@dataclass(frozen=True)
class ErrorFeedback(KnownInputs):
    """s entry by entry; q with each column's error made up for by those after it (`frantar2023gptq`, Algorithm 1).

    S→Q: the sweep over s(W), whose zeros ``zeros`` says are held or not. Q→S: s of what the sweep makes of W.
    ``scales``: of which weight, or made anew block by block. ``order``: of the columns.
    Raises ValueError for moments of other inputs, or not positive definite, and what s and q raise.
    """

    zeros: Zeros = Zeros.held
    order: ColumnOrder = ColumnOrder.natural
    scales: ScalesOf = ScalesOf.given
    name = "gptq"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.scales is ScalesOf.running and self.order is not ColumnOrder.natural:
            raise ValueError("gptq: scales are made anew block by block in the natural order of columns only")

    @property
    def title(self) -> str:
        return "with error feedback"

    @property
    def keeps_pattern(self) -> bool:
        return self.zeros is not Zeros.refilled

    def sparse(self, w: Array, s: Sparsifier) -> Array:
        return s(w)

    def quantized(self, w: Array, q: Quantizer) -> Array:
        return self._swept(w, None, q, w)

    def sparse_quantized(self, w: Array, s: Sparsifier, q: Quantizer) -> Array:
        return self._swept(w, s, q, s(w))

    def quantized_sparse(self, w: Array, s: Sparsifier, q: Quantizer) -> Array:
        image = self.quantized(w, q)
        return s.apply(image, w)

    def _swept(self, w: Array, s: Sparsifier | None, q: Quantizer, given: Array) -> Array:
        keep = None if s is None else s.mask(w)
        made = rounded(
            given,
            self.h(w),
            ColumnGrid.of(q, w if self.scales is ScalesOf.dense else given),
            keep,
            zeros=self.zeros,
            order=self.order,
            renew=self.scales is ScalesOf.running,
        )
        return made.astype(w.dtype)
