"""What a compressed tensor leaves, quantized densely and added to it."""

from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.alphabet.procedures import Procedure
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array


@final
@dataclass(frozen=True)
class Residual(Procedure):
    """y + q(x − y) for the backbone y = q(s(x)), or s(q(x)) for Q→S: the error is x − y − q(x − y), whatever y is.

    As the abstract of SharQ describes it (`meng2026sharq`; the formula is read from its words). ``of_sparse``: the
    residual x − s(x) of the backbone before it is quantized, which that abstract rules out.
    """

    of_sparse: bool = False
    keeps_pattern = False
    on_grid = False

    @property
    def title(self) -> str:
        return f"with the residual of the {'un' * self.of_sparse}quantized backbone, quantized"

    @property
    def compensates(self) -> bool:
        return True

    def sparse(self, w: Array, s: Sparsifier) -> Array:
        return s(w)

    def quantized(self, w: Array, q: Quantizer) -> Array:
        return q(w)

    def sparse_quantized(self, w: Array, s: Sparsifier, q: Quantizer) -> Array:
        backbone = (s >> q)(w)
        return np.asarray(backbone + q(w - (s(w) if self.of_sparse else backbone)))

    def quantized_sparse(self, w: Array, s: Sparsifier, q: Quantizer) -> Array:
        image = q(w)
        backbone = s(image)
        return np.asarray(backbone + q((image if self.of_sparse else w) - backbone))
