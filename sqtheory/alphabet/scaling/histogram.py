"""A scale fitted to the histogram of the block, which may clip its maximum."""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.formats import Format
from sqtheory.alphabet.partition import Partition
from sqtheory.alphabet.scaling.maximum import AbsMax
from sqtheory.alphabet.scaling.rule import FULL, Scaling
from sqtheory.arrays import Array
from sqtheory.exceptions import whole

COARSE = 10
"""So many parts of the bins are tried first."""
MOST_BINS = 4096


@final
@dataclass(frozen=True)
class LeastOfHistogram(Scaling):
    """σ = α/max Γ, α the middle c_i of one of n bins of [0, max |x_B|] where Σ_j n_j (c_j − σρ(c_j/σ))² is least.

    n_j entries of |x_B| lie in bin j, ρ rounds to nearest and saturates. Tried are every tenth of the bins, then all
    between the neighbours of the best; the first of equals. SLiM-Quant (`mozaffari2025slim`, official code), which
    takes ρ to be the floor at steps of half the size, of the same mean square where the steps are fine.
    """

    bins: int = 512
    sign_blind = True
    zero_block_is_zero = True
    equivariance = FULL

    def __post_init__(self) -> None:
        if not COARSE <= whole(self.bins, "the number of bins") <= MOST_BINS:
            raise ValueError(f"a histogram has {COARSE} to {MOST_BINS} bins, got {self.bins}")

    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        return blocks.reduce(
            x, lambda rows: AbsMax().from_maximum(np.array([self._cap(row, fmt) for row in rows], rows.dtype), fmt)
        )

    def _cap(self, row: Array, fmt: Format) -> float:
        """α of a block, in float64."""
        sizes = np.abs(row).astype(np.float64)
        amax = float(sizes.max())
        if amax == 0:
            return 0.0
        unit = np.frexp(amax)[1]
        shares = np.ldexp(sizes, -unit) / np.ldexp(amax, -unit)
        counts = np.bincount(np.minimum((shares * self.bins).astype(np.intp), self.bins - 1), minlength=self.bins)
        coarse = np.arange(0, self.bins, self.bins // COARSE)
        best = int(np.argmin(self._losses(coarse, counts, fmt)))
        fine = np.arange(coarse[max(best - 1, 0)], coarse[min(best + 1, coarse.size - 1)] + 1)
        chosen = fine[int(np.argmin(self._losses(fine, counts, fmt)))]
        return float(np.ldexp((chosen + 0.5) / self.bins * np.ldexp(amax, -unit), unit))

    def _losses(self, tried: NDArray[np.intp], counts: NDArray[np.intp], fmt: Format) -> Array:
        """The loss of every α, in units of (max |x_B|)²."""
        middles = (np.arange(self.bins) + 0.5) / self.bins
        sigma = middles[tried][:, None] / fmt.max
        return np.asarray(((middles - sigma * fmt.round(middles / sigma)) ** 2 * counts).sum(axis=1))

    def __str__(self) -> str:
        return "histogram" if self.bins == 512 else f"histogram({self.bins})"
