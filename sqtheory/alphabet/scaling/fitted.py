"""Scales fitted to the distribution of the block, which may clip its maximum."""

from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.alphabet.formats import Format
from sqtheory.alphabet.partition import Partition
from sqtheory.alphabet.rounding import Rounding
from sqtheory.alphabet.scaling.least import positive
from sqtheory.alphabet.scaling.maxima import maxima
from sqtheory.alphabet.scaling.maximum import AbsMax
from sqtheory.alphabet.scaling.rule import FULL, Scaling
from sqtheory.arrays import Array
from sqtheory.exceptions import real, whole

MOST_STEPS = 10_000
"""Scales that ``mse`` tries at most."""


@final
@dataclass(frozen=True)
class Percentile(Scaling):
    """σ = (the p-th percentile of |x_B|, linearly interpolated) / max Γ; where it is 0, the maximum instead."""

    p: float
    sign_blind = True
    zero_block_is_zero = True
    equivariance = FULL

    def __post_init__(self) -> None:
        if not 0 < real(self.p, "a percentile") < 100:
            raise ValueError(f"a percentile lies in (0, 100), got {self.p}: the 100th is absmax")

    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        amax = maxima(x, blocks)
        cut = blocks.reduce(np.abs(x), lambda rows: np.percentile(rows, self.p, axis=1).astype(x.dtype))
        return AbsMax().from_maximum(np.where(cut > 0, cut, amax), fmt)

    def __str__(self) -> str:
        return f"percentile({self.p})"


@final
@dataclass(frozen=True)
class MeanSquare(Scaling):
    """σ = argmin ‖x_B − σ ρ(x_B/σ)‖₂ over σ ∈ {1, 1 − 1/n, …, 1/n} · amax/max Γ, ρ nearest; the largest of equals."""

    steps: int = 100
    sign_blind = True
    zero_block_is_zero = True
    equivariance = FULL

    def reproduces(self, fmt: Format, rounding: Rounding) -> bool:
        return rounding.nearest and fmt.min == -fmt.max

    def __post_init__(self) -> None:
        if not 1 <= whole(self.steps, "the number of steps of mse") <= MOST_STEPS:
            raise ValueError(f"mse needs at least one step and at most {MOST_STEPS}, got {self.steps}")

    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        return blocks.reduce(x, lambda rows: self._best(rows, fmt))

    def _best(self, rows: Array, fmt: Format) -> Array:
        full = AbsMax().from_maximum(np.abs(rows).max(axis=1), fmt)
        unit = np.frexp(full)[1][:, None]  # errors are measured in a power of two near σ, so squares stay in range
        best, least = full, np.full(full.shape, np.inf)
        for i in range(self.steps, 0, -1):
            scale = positive(full * full.dtype.type(i / self.steps), full)
            divisor = np.where(scale == 0, scale.dtype.type(1), scale)[:, None]
            with np.errstate(over="ignore"):  # an image beyond the dtype: an infinite loss, never the least
                image = fmt.round(rows / divisor) * divisor
            error = np.ldexp((rows - image).astype(np.float64), -unit)
            loss = np.einsum("ij,ij->i", error, error)
            best, least = np.where(loss < least, scale, best), np.minimum(loss, least)
        return best

    def __str__(self) -> str:
        return "mse" if self.steps == 100 else f"mse({self.steps})"
