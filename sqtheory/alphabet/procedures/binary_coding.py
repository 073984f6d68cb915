"""Binary codes fitted to each block of a weight, in place of a format's fixed levels."""

from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.alphabet.binary.fitting import alternated, greedy
from sqtheory.alphabet.binary.powers import PowerSums
from sqtheory.alphabet.partition import Partition
from sqtheory.alphabet.procedures.procedure import Procedure
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array, Mask
from sqtheory.exceptions import whole


@final
@dataclass(frozen=True)
class BinaryCoding(Procedure):
    """Every block Σ_i α_i b_i with as many signs an entry as q's format has bits: q says how many, not which levels.

    Fitted greedily, then by ``rounds`` of least squares, ``rounded`` if told, and nearest codes; one bit is not
    alternated, as published. Blocks are q's, or ``per``. With ``masked`` what s prunes first has weight 0 in the fit
    and stays 0; else a pruned entry is encoded like any other, by a sum of scales of which none need be 0.
    """

    rounds: int = 15
    rounded: PowerSums | None = None
    masked: bool = True
    per: Partition | None = None

    on_grid = False

    def __post_init__(self) -> None:
        if whole(self.rounds, "the number of rounds") < 0:
            raise ValueError(f"a code is alternated 0 times or more, got {self.rounds}")

    @property
    def title(self) -> str:
        scales = f", scales of {self.rounded.terms} powers of two" if self.rounded else ""
        return f"binary codes fitted to {'survivors' if self.masked else 'all entries'} of each block{scales}"

    @property
    def keeps_pattern(self) -> bool:
        return self.masked

    def sparse(self, w: Array, s: Sparsifier) -> Array:
        return s(w)

    def quantized(self, w: Array, q: Quantizer) -> Array:
        return self._encoded(w, np.ones(w.shape, bool), q)

    def sparse_quantized(self, w: Array, s: Sparsifier, q: Quantizer) -> Array:
        kept = s.mask(w)
        return self._encoded(np.where(kept, w, 0), kept if self.masked else np.ones(w.shape, bool), q)

    def quantized_sparse(self, w: Array, s: Sparsifier, q: Quantizer) -> Array:
        return s.apply(self.quantized(w, q), w)

    def _encoded(self, w: Array, kept: Mask, q: Quantizer) -> Array:
        boxes = self.per or q.partition
        pieces = zip(boxes.split(w.astype(np.float64)), boxes.split(kept), strict=True)
        fitted = [self._rows(rows, where, q.format.bits) for rows, where in pieces]
        return boxes.join(fitted, w.shape).astype(w.dtype)

    def _rows(self, rows: Array, kept: Mask, bits: int) -> Array:
        _, unit = np.frexp(np.abs(rows).max(axis=1, keepdims=True, initial=0.0))
        scaled = np.ldexp(rows, -unit)
        code = alternated(scaled, greedy(scaled, bits, kept), self.rounds if bits > 1 else 0, self.rounded)
        return np.ldexp(code.values, unit)
