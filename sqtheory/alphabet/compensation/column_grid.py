"""The grid of a quantizer in every column of a matrix: the scales of its blocks are spread once."""

from dataclasses import dataclass, replace
from enum import Enum
from typing import final

import numpy as np

from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.scaling import Reach
from sqtheory.arrays import Array


class ScalesOf(Enum):
    """Of what the scales are that a pruned weight is rounded with."""

    given = "of the pruned weight"
    dense = "of the weight before it is pruned"
    running = "of what a block holds when the sweep comes to it"

    def __str__(self) -> str:
        return self.name


@final
@dataclass(frozen=True, eq=False)
class ColumnGrid:
    """ρ(v/σ) σ for entries of one column, or of any place, at scales that are known of every entry.

    ``scales`` (rows, inputs), of the dtype of the tensor: images are those that q gives there at these scales.
    """

    q: Quantizer
    scales: Array

    @classmethod
    def of(cls, q: Quantizer, w: Array) -> "ColumnGrid":
        """At the scales of w, a finite matrix of float32 or float64.

        Raises as q does for its shape, and ValueError for offsets beside the scales and for blocks of two formats.
        """
        if q.scaling.second_format is not None:
            raise ValueError(
                f"columns are not rounded one by one onto the grid of {q}, whose blocks are of two formats"
            )
        if q.scaling.shifts:
            raise ValueError(f"columns are not rounded one by one onto the grid of {q}, which has offsets")
        q.check(w.shape)
        return cls(q, spread_scales(q, w))

    def image(self, j: int, column: Array) -> Array:
        """The image of column j, float64."""
        return self.at(column, self.scales[:, j])

    def at(self, values: Array, scales: Array) -> Array:
        """The image of values at scales of their shape, float64."""
        unit = np.where(scales == 0, scales.dtype.type(1), scales)
        with np.errstate(over="ignore"):
            ratios = self.q.format.round(values.astype(scales.dtype) / unit, self.q.rounding, saturate=self.q.saturate)
            image = ratios * scales
        largest = np.finfo(scales.dtype).max
        return (np.clip(image, -largest, largest) if self.q.saturate else image).astype(np.float64)

    @property
    def largest_step(self) -> float:
        """The largest distance of two neighbours of the grid, at scale 1."""
        return float(np.diff(self.q.format.values).max(initial=0.0))

    @property
    def starts(self) -> range:
        """Where blocks begin whose scale may follow what they hold when a sweep comes to them."""
        return range(0, self.scales.shape[1], renewed_every(self.q, self.scales.shape))

    def renewed(self, start: int, current: Array) -> "ColumnGrid":
        """The same with the scales of the blocks that begin at a column made anew from what they hold."""
        end = start + renewed_every(self.q, current.shape)
        scales = self.scales.copy()
        scales[:, start:end] = spread_scales(self.q, current.astype(scales.dtype))[:, start:end]
        return replace(self, scales=scales)


def spread_scales(q: Quantizer, w: Array) -> Array:
    """σ of every entry of w."""
    return q.partition.spread(q.scales(w), w.shape)


def renewed_every(q: Quantizer, shape: Shape) -> int:
    """How many columns share their scales; all of them where a scale looks beyond its block, or at nothing."""
    return q.partition.sides(shape)[1] if q.scaling.looks_at is Reach.block else max(shape[1], 1)
