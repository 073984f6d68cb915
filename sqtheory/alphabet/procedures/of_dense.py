"""Both orders by one mask and one set of scales."""

from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.alphabet.procedures.procedure import Procedure
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array


@final
@dataclass(frozen=True)
class OfDense(Procedure):
    """q_σ(m ⊙ W) and m ⊙ q_σ(W) by the mask m and the scales σ of W: equal where q_σ(0) = 0 (``frozen_commutation``).

    >>> import numpy as np
    >>> from sqtheory import int_, nm
    >>> OfDense().quantized_sparse(np.array([[1.75, 2, 0.25, 7]]), nm(2, 4), int_(4))
    array([[0., 2., 0., 7.]])
    """

    title = "by the mask and the scales of the dense weight"
    keeps_pattern = True
    on_grid = True

    def sparse(self, w: Array, s: Sparsifier) -> Array:
        return s(w)

    def quantized(self, w: Array, q: Quantizer) -> Array:
        return q(w)

    def sparse_quantized(self, w: Array, s: Sparsifier, q: Quantizer) -> Array:
        return q.frozen(w)(s(w))

    def quantized_sparse(self, w: Array, s: Sparsifier, q: Quantizer) -> Array:
        return np.where(s.mask(w), q(w), w.dtype.type(0))
