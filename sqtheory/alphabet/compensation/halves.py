"""Rounding errors of the first half of the survivors are made up for by the second half, in closed form."""

from dataclasses import dataclass
from fractions import Fraction
from typing import final

import numpy as np

from sqtheory.alphabet.compensation.column_grid import ColumnGrid
from sqtheory.alphabet.compensation.refit import refitted
from sqtheory.alphabet.compensation.second_moments import SHARE, damped, inverse_factor
from sqtheory.alphabet.compensation.sweep import swept
from sqtheory.alphabet.procedures import Procedure
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array, FixedArray, Mask


def shifted(w: Array, image: Array, keep: Mask, h: Array, split: int) -> Array:
    """w_2 + H_22⁻¹ H_21 (w_1 − image_1) of every row: w_1 its kept entries before ``split``, w_2 those from it on.

    w, image, keep: (rows, inputs); h: (inputs, inputs), positive definite; float64. All other entries are as in w.
    The least-squares answer of w_2 to what outputs lose by the rounding of w_1 (`guo2025obr`, official code).
    """
    first = np.arange(w.shape[1]) < split
    return np.asarray(w + refitted(np.where(keep & first, w - image, 0.0), keep & ~first, h))


@final
@dataclass(frozen=True)
class HalfByHalf(Procedure):
    """Survivors make up for the pruned weights, and those from input ``split`` on for the rounding of those before it.

    ``moments``: XᵀX, (inputs, inputs), to whose diagonal ``damping`` times its mean is added. All codes have the scales
    of W. Q→S puts the same to the quantized weight, by the mask of that. Where ``feedback``, the second half is rounded
    column by column, each error fed to the later ones (`guo2025obr`, official code).
    """

    moments: FixedArray
    split: Fraction = Fraction(1, 2)
    feedback: bool = False
    damping: float = SHARE
    keeps_pattern = True
    on_grid = True

    @property
    def title(self) -> str:
        return f"with half of the rounding errors moved{' and the others fed back' * self.feedback}"

    @property
    def compensates(self) -> bool:
        return True

    def sparse(self, w: Array, s: Sparsifier) -> Array:
        return refitted(w, s.mask(w), self._moments(w)).astype(w.dtype)

    def quantized(self, w: Array, q: Quantizer) -> Array:
        return self._rounded(w, np.ones(w.shape, bool), ColumnGrid.of(q, w))

    def sparse_quantized(self, w: Array, s: Sparsifier, q: Quantizer) -> Array:
        return self._pruned(w, s.mask(w), ColumnGrid.of(q, w))

    def quantized_sparse(self, w: Array, s: Sparsifier, q: Quantizer) -> Array:
        image = self.quantized(w, q)
        return self._pruned(image, s.mask(image), ColumnGrid.of(q, w))

    def _moments(self, w: Array) -> Array:
        h = damped(self.moments.values, self.damping)
        if len(h) != w.shape[1]:
            raise ValueError(f"moments of {len(h)} inputs do not fit a weight of shape {w.shape}")
        return h

    def _pruned(self, w: Array, keep: Mask, grid: ColumnGrid) -> Array:
        return self._rounded(refitted(w, keep, self._moments(w)).astype(w.dtype), keep, grid)

    def _rounded(self, w: Array, keep: Mask, grid: ColumnGrid) -> Array:
        h, split = self._moments(w), int(self.split * w.shape[1])

        def image(values: Array) -> Array:
            return np.where(keep, grid.at(values, grid.scales), 0.0)

        moved = shifted(w, image(w), keep, h, split)
        out = image(moved)
        if self.feedback:
            out[:, split:] = swept(
                moved[:, split:],
                inverse_factor(h)[split:, split:],
                lambda j, column: np.where(keep[:, split + j], grid.image(split + j, column), 0.0),
            )
        return out.astype(w.dtype)
