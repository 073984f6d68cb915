"""Two-level scales of many tensors at once."""

from dataclasses import dataclass
from typing import final

from sqtheory.alphabet.formats import Format
from sqtheory.alphabet.partition import Partition
from sqtheory.alphabet.scaling.maximum import TwoLevel
from sqtheory.alphabet.scaling.rule import Scaling, maxima
from sqtheory.arrays import Array


@final
@dataclass(frozen=True)
class RowTwoLevel(Scaling):
    """σ of ``TwoLevel`` in every x[i], a row or more, each a tensor of its own with an upper scale of its own."""

    rule: TwoLevel
    max_determined = True

    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        amax = maxima(x, blocks)
        return self.rule.below(amax.max(axis=tuple(range(1, x.ndim)), keepdims=True, initial=0), amax, fmt)

    def __str__(self) -> str:
        return str(self.rule)
