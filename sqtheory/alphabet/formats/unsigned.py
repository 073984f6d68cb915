"""k-bit integers without a sign."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import final

import numpy as np

from sqtheory.alphabet.formats.format import Format, Table
from sqtheory.alphabet.rounding import Rounding
from sqtheory.arrays import Array
from sqtheory.exceptions import whole


@final
@dataclass(frozen=True)
class UnsignedFormat(Format):
    """Γ = {0, 1, …, 2^k−1}, each its own code, 1 ≤ k ≤ 16.

    >>> UnsignedFormat(2).values
    array([0., 1., 2., 3.])
    """

    k: int
    name: str = field(init=False)
    kind = "integer"

    def __post_init__(self) -> None:
        if not 1 <= whole(self.k, "the number of bits of an unsigned format") <= 16:
            raise ValueError(f"an unsigned format needs 1 to 16 bits, got {self.k}")
        object.__setattr__(self, "name", f"uint{self.k}")

    @property
    def bits(self) -> int:
        return self.k

    @cached_property
    def code_values(self) -> Table:
        return np.arange(2.0**self.k)

    def nearest_grid(self, v: Array, rounding: Rounding) -> Array:
        return rounding.integer(v) + v.dtype.type(0)

    def step(self, v: Array | float) -> Array:
        return np.ones(np.shape(v))
