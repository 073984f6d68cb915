"""Two-level scales of many tensors at once, each a row."""

from dataclasses import dataclass
from typing import final

from sqtheory.arrays import Array
from sqtheory.formats import Format
from sqtheory.partition import Partition
from sqtheory.scaling.maximum import TwoLevel
from sqtheory.scaling.rule import Scaling, maxima


@final
@dataclass(frozen=True)
class RowTwoLevel(Scaling):
    """σ of ``TwoLevel`` in every row of x (rows × n), each a tensor of its own with an upper scale of its own."""

    rule: TwoLevel
    max_determined = True

    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        amax = maxima(x, blocks)
        return self.rule.below(amax.max(axis=-1, keepdims=True, initial=0), amax, fmt)

    def __str__(self) -> str:
        return str(self.rule)
