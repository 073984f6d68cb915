"""Operators as they are: nothing makes up for what they lose."""

from dataclasses import dataclass
from typing import final

from sqtheory.alphabet.procedures.procedure import Procedure
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array


@final
@dataclass(frozen=True)
class Plain(Procedure):
    """s(W), q(W), q(s(W)) and s(q(W)).

    >>> import numpy as np
    >>> from sqtheory import int_, nm
    >>> PLAIN.sparse_quantized(np.array([[1.75, 2, 0.25, 7]]), nm(2, 4), int_(4))
    array([[0., 2., 0., 7.]])
    """

    title = "entry by entry"
    keeps_pattern = True
    on_grid = True

    def sparse(self, w: Array, s: Sparsifier) -> Array:
        return s(w)

    def quantized(self, w: Array, q: Quantizer) -> Array:
        return q(w)

    def sparse_quantized(self, w: Array, s: Sparsifier, q: Quantizer) -> Array:
        return (s >> q)(w)

    def quantized_sparse(self, w: Array, s: Sparsifier, q: Quantizer) -> Array:
        return (q >> s)(w)


PLAIN = Plain()
