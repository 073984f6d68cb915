"""k-bit integers."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import final

import numpy as np

from sqtheory.alphabet.formats.format import Codes, Format, Table
from sqtheory.alphabet.rounding import Rounding
from sqtheory.arrays import Array
from sqtheory.exceptions import need, whole


@final
@dataclass(frozen=True)
class IntFormat(Format):
    """Γ = {−(2^{k−1}−1), …, 2^{k−1}−1}; with ``full_range`` also −2^{k−1} (two's complement), 2 ≤ k ≤ 16.

    >>> IntFormat(3).values
    array([-3., -2., -1.,  0.,  1.,  2.,  3.])
    """

    k: int
    full_range: bool = False
    name: str = field(init=False)
    kind = "integer"

    def __post_init__(self) -> None:
        whole(self.k, "the number of bits of an integer format")
        need(self.full_range, bool, "full_range=")
        object.__setattr__(self, "name", f"int{self.k}{'full' if self.full_range else ''}")
        if not 2 <= self.k <= 16:
            raise ValueError(f"an integer format needs 2 to 16 bits, got {self.k}")

    def full(self) -> "IntFormat":
        return IntFormat(self.k, full_range=True)

    @property
    def bits(self) -> int:
        return self.k

    @property
    def implied_exponent(self) -> int:
        """k − 2: the implied scale 2^−6 of INT8 (OCP MX v1.0, §5.3.4), so that elements lie between −2 and 2."""
        return self.k - 2

    @cached_property
    def code_values(self) -> Table:
        half = 1 << (self.k - 1)
        value: Table = (np.arange(2.0 * half) + half) % (2 * half) - half
        if not self.full_range:
            value[half] = np.nan
        return value

    def nearest_grid(self, v: Array, rounding: Rounding) -> Array:
        return rounding.integer(v) + v.dtype.type(0)

    def encode(self, values: Array) -> Codes:
        """The integers themselves, int8 or int16; ValueError for a value that is no element of Γ."""
        patterns = super().encode(values)
        signed = np.asarray(patterns.astype(np.uint16) << (16 - self.k)).view(np.int16) >> (16 - self.k)
        return np.asarray(signed, np.int8 if self.k <= 8 else np.int16)

    def step(self, v: Array | float) -> Array:
        return np.ones(np.shape(v))
