"""Scales fitted to the distribution of the block, which may clip its maximum."""

from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.alphabet.formats import Format
from sqtheory.alphabet.norms import check_norm, spell_norm
from sqtheory.alphabet.partition import Partition
from sqtheory.alphabet.rounding import Rounding
from sqtheory.alphabet.scaling.least import positive
from sqtheory.alphabet.scaling.maxima import maxima
from sqtheory.alphabet.scaling.maximum import AbsMax
from sqtheory.alphabet.scaling.rule import FULL, Scaling
from sqtheory.arrays import Array
from sqtheory.exceptions import real, whole

MOST_STEPS = 10_000
"""Scales that ``mse`` and ``lp`` try at most."""


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
class LeastNorm(Scaling):
    """σ = argmin ‖x_B − σ ρ(x_B/σ)‖_p over σ ∈ {1, 1 − 1/n, …, 1/n} · amax/max Γ, ρ nearest; the largest of equals.

    p = 2 is the mean squared error (``mse``), 2.4 what observers of PyTorch minimise.
    """

    p: float = 2.0
    steps: int = 100
    sign_blind = True
    zero_block_is_zero = True
    equivariance = FULL

    def fits(self, p: float) -> bool:
        return self.p == p or self.steps == 1

    def reproduces(self, fmt: Format, rounding: Rounding) -> bool:
        return rounding.nearest and fmt.min == -fmt.max

    def __post_init__(self) -> None:
        object.__setattr__(self, "p", check_norm(self.p))
        if not 1 <= whole(self.steps, "the number of steps of mse and lp") <= MOST_STEPS:
            raise ValueError(f"mse and lp need at least one step and at most {MOST_STEPS}, got {self.steps}")

    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        return blocks.reduce(x, lambda rows: self._best(rows, fmt))

    def _best(self, rows: Array, fmt: Format) -> Array:
        full = AbsMax().from_maximum(np.abs(rows).max(axis=1), fmt)
        unit = np.frexp(full)[1][:, None]  # errors are measured in a power of two near σ, so powers stay in range
        best, least = full, np.full(full.shape, np.inf)
        for i in range(self.steps, 0, -1):
            scale = positive(full * full.dtype.type(i / self.steps), full)
            divisor = np.where(scale == 0, scale.dtype.type(1), scale)[:, None]
            with np.errstate(over="ignore"):  # an image beyond the dtype: an infinite loss, never the least
                image = fmt.round(rows / divisor) * divisor
                loss = losses(np.ldexp((rows - image).astype(np.float64), -unit), self.p)
            best, least = np.where(loss < least, scale, best), np.minimum(loss, least)
        return best

    def __str__(self) -> str:
        steps = [] if self.steps == 100 else [str(self.steps)]
        if self.p == 2:
            return f"mse({self.steps})" if steps else "mse"
        return f"lp({', '.join([spell_norm(self.p), *steps])})"


def losses(errors: Array, p: float) -> Array:
    """Σ |e|^p of every row, max |e| for p = ∞: what is compared where scales are fitted."""
    if p == 2:
        return np.asarray(np.einsum("ij,ij->i", errors, errors))
    size = np.abs(errors)
    return np.asarray(size.max(axis=1, initial=0) if p == np.inf else (size**p).sum(axis=1))


def mse(steps: int = 100) -> LeastNorm:
    """The rule of least squared error among so many scales."""
    return LeastNorm(steps=steps)
