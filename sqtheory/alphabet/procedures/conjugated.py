"""A procedure in another orthonormal basis of the inputs: there and back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.alphabet.procedures.procedure import Procedure
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array, FixedArray
from sqtheory.exceptions import need

ORTHOGONAL = 1e-9
"""By how much R Rᵀ may miss the identity."""


@final
@dataclass(frozen=True)
class Conjugated(Procedure):
    """W ↦ f(W R) Rᵀ for every map f of another procedure and an orthogonal R (inputs, inputs), in float64.

    A layer that runs so rotates its inputs, x Wᵀ = (x R)(W R)ᵀ: what f keeps and rounds are entries of W R, and what f
    knows of the inputs is of x R, as RᵀHR for second moments H. Raises ValueError for an R that is not orthogonal, and
    for a weight of another number of inputs.
    """

    inner: Procedure
    basis: FixedArray
    keeps_pattern = False
    on_grid = False

    def __post_init__(self) -> None:
        need(self.inner, Procedure, "conjugated: the procedure")
        r = self.basis.values
        if r.ndim != 2 or r.shape[0] != r.shape[1] or np.abs(r @ r.T - np.eye(len(r))).max() > ORTHOGONAL:
            raise ValueError(f"a rotation of the inputs needs an orthogonal matrix, got {self.basis!r}")

    @property
    def title(self) -> str:
        return f"{self.inner.title}, in rotated inputs"

    @property
    def compensates(self) -> bool:
        return self.inner.compensates

    @property
    def changes_basis(self) -> bool:
        return True

    def sparse(self, w: Array, s: Sparsifier) -> Array:
        return self._there_and_back(w, lambda x: self.inner.sparse(x, s))

    def quantized(self, w: Array, q: Quantizer) -> Array:
        return self._there_and_back(w, lambda x: self.inner.quantized(x, q))

    def sparse_quantized(self, w: Array, s: Sparsifier, q: Quantizer) -> Array:
        return self._there_and_back(w, lambda x: self.inner.sparse_quantized(x, s, q))

    def quantized_sparse(self, w: Array, s: Sparsifier, q: Quantizer) -> Array:
        return self._there_and_back(w, lambda x: self.inner.quantized_sparse(x, s, q))

    @property
    def has_joint(self) -> bool:
        return self.inner.has_joint

    def joint(self, w: Array, s: Sparsifier, q: Quantizer) -> Array | None:
        rotated = self.inner.joint(self._there(w), s, q)
        return None if rotated is None else self._back(rotated, w)

    def _there_and_back(self, w: Array, f: Callable[[Array], Array]) -> Array:
        return self._back(f(self._there(w)), w)

    def _there(self, w: Array) -> Array:
        r = self.basis.values
        if w.shape[-1] != len(r):
            raise ValueError(f"a rotation of {len(r)} inputs does not fit a weight of shape {w.shape}")
        return np.asarray(w.astype(np.float64) @ r)

    def _back(self, rotated: Array, w: Array) -> Array:
        return np.asarray(rotated @ self.basis.values.T, w.dtype)
