"""What a quantizer returns: codes, scales and the values they decode to; and what it does to NaN."""

from dataclasses import dataclass
from enum import Enum
from typing import final

import numpy as np

from sqtheory.alphabet.formats import Codes, Format
from sqtheory.alphabet.partition import Partition
from sqtheory.arrays import Array


class NanRule(Enum):
    """What NaN or infinity in a block does.

    >>> from sqtheory import int_
    >>> int_(4, nan=NanRule.propagate)([1, float("nan")])
    array([nan, nan])
    """

    error = "refuse the tensor, naming the entry and its block"
    propagate = "the whole block becomes NaN"

    def __str__(self) -> str:
        return self.name


@final
@dataclass(frozen=True, eq=False)
class Quantized:
    """A quantized tensor: ``values`` = σ · decoded codes, codes in the tensor's shape, scales in the grid of blocks.

    >>> from sqtheory import int_
    >>> int_(4).quantize([1.75, 2, 0, 7]).codes
    array([2, 2, 0, 7], dtype=int8)
    """

    values: Array
    codes: Codes
    scales: Array
    format: Format
    partition: Partition
    offsets: Array | None = None
    """What a block has beside its scale, where codes stand for other numbers than multiples of it (``affine``)."""

    @property
    def saturated(self) -> int:
        """Number of entries whose code is the largest or the smallest of the format."""
        table = self.format.decode(self.codes, np.float64)
        return int(np.count_nonzero((table == self.format.max) | (table == self.format.min)))
