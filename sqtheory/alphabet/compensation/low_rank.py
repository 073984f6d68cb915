"""The r largest singular directions of an error, stored beside the compressed weight and added to it."""

from dataclasses import dataclass
from fractions import Fraction
from typing import final

import numpy as np

from sqtheory.alphabet.procedures import Procedure
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array, FixedArray, Mask


def tails(e: Array) -> Array:
    """√Σ_{i>r} σ_i² for r = 0, 1, …, n: the Frobenius distance of e to the matrices of rank at most r.

    e: (…, rows, inputs), finite; n = min(rows, inputs); (…, n + 1) float64, by `eckart1936approximation`.
    """
    spectrum = np.linalg.svd(e.astype(np.float64), compute_uv=False)
    largest = np.where(spectrum[..., :1] > 0, spectrum[..., :1], 1.0)
    squares = (spectrum / largest)[..., ::-1] ** 2
    left = np.sqrt(np.cumsum(squares, axis=-1)[..., ::-1]) * largest
    return np.concatenate([left, np.zeros((*left.shape[:-1], 1))], axis=-1)


def best_of_rank(e: Array, rank: int, weights: Array | None = None) -> Array:
    """argmin ‖(e − L) diag(weights)‖_F over L of rank at most ``rank``: the first terms of the singular decomposition.

    e: (rows, inputs), finite; weights: (inputs,), none negative, 1 unless given; float64. Columns of weight 0 count for
    nothing and stay 0 in L. Raises ValueError for a negative rank and for weights of another shape or sign.
    """
    if rank < 0:
        raise ValueError(f"a rank is not negative, got {rank}")
    error = e.astype(np.float64)
    scale = np.ones(error.shape[1]) if weights is None else weights.astype(np.float64)
    if scale.shape != error.shape[1:] or not (np.isfinite(scale) & (scale >= 0)).all():
        raise ValueError(f"an error of shape {error.shape} needs a finite weight ≥ 0 for each of its columns")
    left, spectrum, right = np.linalg.svd(error * scale, full_matrices=False)
    best = (left[:, :rank] * spectrum[:rank]) @ right[:rank]
    return np.asarray(np.divide(best, scale, out=np.zeros_like(best), where=scale > 0))


@final
@dataclass(frozen=True)
class LowRank(Procedure):
    """Ŵ + L: L the best correction of the weighted error W − Ŵ of rank ⌊share · min(outputs, inputs)⌋, kept exactly.

    ``weights``: (inputs,), ‖X_j‖₂ of every input, the same for all where None. S→Q and Q→S prune by the mask of W
    itself, as SLiM does (`mozaffari2025slim`, official code). With ``again`` the result is q(m ⊙ (W − L)) + L: what
    that code stores, whichever order L was made for.
    """

    weights: FixedArray | None
    share: Fraction = Fraction(1, 10)
    again: bool = False
    keeps_pattern = False
    on_grid = False

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ValueError(f"the share of a full rank lies in [0, 1], got {self.share}")

    @property
    def title(self) -> str:
        return f"with a correction of {self.share} of the full rank{', before which both are redone' * self.again}"

    @property
    def compensates(self) -> bool:
        return True

    def sparse(self, w: Array, s: Sparsifier) -> Array:
        return self._with(w, s(w))

    def quantized(self, w: Array, q: Quantizer) -> Array:
        return self._with(w, q(w))

    def sparse_quantized(self, w: Array, s: Sparsifier, q: Quantizer) -> Array:
        return self._both(w, s.mask(w), q, (s >> q)(w))

    def quantized_sparse(self, w: Array, s: Sparsifier, q: Quantizer) -> Array:
        keep = s.mask(w)
        return self._both(w, keep, q, np.where(keep, q(w), w.dtype.type(0)))

    def correction(self, w: Array, image: Array) -> Array:
        """L for the weight W and what is left of it: (outputs, inputs), float64."""
        rank = int(self.share * min(w.shape))
        return best_of_rank(w.astype(np.float64) - image, rank, None if self.weights is None else self.weights.values)

    def _with(self, w: Array, image: Array) -> Array:
        return np.asarray((image + self.correction(w, image)).astype(w.dtype))

    def _both(self, w: Array, keep: Mask, q: Quantizer, image: Array) -> Array:
        if not self.again:
            return self._with(w, image)
        low = self.correction(w, image)
        return np.asarray((q(np.where(keep, w - low, 0.0).astype(w.dtype)) + low).astype(w.dtype))
