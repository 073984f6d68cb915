"""Scales that do not look at the block: none, or fixed beforehand."""

from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.alphabet.formats import Format
from sqtheory.alphabet.partition import Partition
from sqtheory.alphabet.rounding import Rounding
from sqtheory.alphabet.scaling.from_maximum import FromMaximum
from sqtheory.alphabet.scaling.least import positive
from sqtheory.alphabet.scaling.rule import Reach, Scaling
from sqtheory.arrays import Array, FixedArray
from sqtheory.exceptions import need


@final
@dataclass(frozen=True)
class Unscaled(FromMaximum):
    """σ = 1: a plain cast."""

    constant = 1.0

    @property
    def looks_at(self) -> Reach:
        return Reach.nothing

    def bits(self, real: int = 32) -> tuple[int, int]:
        return 0, 0

    def reproduces(self, fmt: Format, rounding: Rounding) -> bool:
        return True

    def from_maximum(self, amax: Array, fmt: Format) -> Array:
        return np.ones_like(amax)


@final
@dataclass(frozen=True)
class Frozen(Scaling):
    """σ given: one number, or one for each block in the shape of the grid of blocks. Where σ = 0 the image is 0."""

    scale: FixedArray
    max_determined = True
    sign_blind = True

    @property
    def looks_at(self) -> Reach:
        return Reach.nothing

    @property
    def constant(self) -> float | None:
        values = self.scale.values
        return None if values.ndim else float(values)

    def reproduces(self, fmt: Format, rounding: Rounding) -> bool:
        return rounding.nearest

    def __post_init__(self) -> None:
        need(self.scale, FixedArray, "a frozen scale")
        if self.scale.values.dtype == np.bool_:
            raise TypeError("a frozen scale is made of numbers, got truth values")
        values = np.asarray(self.scale.values, np.float64)
        if values.ndim == 0:
            object.__setattr__(self, "scale", FixedArray(values))
        if not np.all(np.isfinite(values) & (values >= 0)):
            raise ValueError("a frozen scale needs finite numbers that are not negative")

    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        grid, given = blocks.grid(x.shape), self.scale.values
        if given.ndim and given.shape != grid:
            raise ValueError(f"the frozen scale has shape {given.shape}, the blocks form the grid {grid}")
        if np.max(given, initial=0) > float(np.finfo(x.dtype).max):
            raise ValueError(f"a frozen scale of {np.max(given)} is beyond the range of {x.dtype}")
        return np.broadcast_to(positive(given.astype(x.dtype), given), grid)

    def __str__(self) -> str:
        one = self.scale.values
        return f"frozen({one.item() if one.ndim == 0 else self.scale.name})"
