"""Boxes of given sides, whatever rule they came from: what a packed tensor says of its blocks and groups."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from types import EllipsisType
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.partition.partition import Partition, Shape

Where: TypeAlias = tuple[slice | EllipsisType, ...]
"""An index of numpy that makes a view."""


@final
@dataclass(frozen=True)
class Boxes(Partition):
    """Boxes of the same sides for a tensor of as many axes."""

    box: Shape

    def sides(self, shape: Shape) -> Shape:
        if len(self.box) != len(shape) or any(c < 1 for c in self.box):
            raise ValueError(f"boxes of sides {self.box} do not divide a tensor of shape {shape}")
        return self.box

    def __str__(self) -> str:
        return f"boxes of {'×'.join(map(str, self.box)) or 'one entry'}"

    def sizes(self, shape: Shape) -> list[tuple[int, int]]:
        """For each shape of a box the number of boxes and of their entries, in the order of ``split``."""
        return [
            (prod((part.stop - part.start) // c for part, c in zip(region, sides, strict=True)), prod(sides))
            for region, _, sides in self._regions(shape)
        ]

    def bands(self, shape: Shape, size: int) -> Iterator[tuple[Where, Where]]:
        """Whole boxes along the first axis, about ``size`` entries or more at once: in the tensor, and in the grid."""
        if not shape:
            yield (...,), (...,)
            return
        one = self.box[0] < shape[0]
        side = self.box[0] if one else 1
        step = max(1, size // max(1, prod(shape[1:]) * side)) * side
        for at in range(0, shape[0], step):
            yield (slice(at, at + step), ...), (slice(at // side, -(-(at + step) // side)) if one else slice(0, 1), ...)

    def spread(self, per_box: NDArray[Any], shape: Shape) -> NDArray[Any]:
        """One value for each box, repeated for every entry of the box."""
        for axis, (side, length) in enumerate(zip(self.box, shape, strict=True)):
            if side >= length:
                continue  # one box: broadcast below
            per_box = np.repeat(per_box, side, axis=axis) if side > 1 else per_box
            per_box = per_box[(slice(None),) * axis + (slice(0, length),)]
        return np.broadcast_to(per_box, shape)
