"""What an instruction multiplies: numbers of few bits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.formats import BFLOAT16, E4M3, E5M2, FLOAT16
from sqtheory.arrays import Array
from sqtheory.exceptions import first_at

Exponents: TypeAlias = NDArray[np.int16]
NO_EXPONENT = -4096
"""Of a zero, which counts for none: far below that of any number, and so are its sums with theirs."""


@final
@dataclass(frozen=True)
class Operand:
    """{± 2^e · M/2^m : e ≥ emin, M < 2^{m+1}} up to ``max``: the numbers that an instruction takes for a factor.

    ``cut``: other numbers of float32 are read as these, cut towards zero; else they are refused.
    """

    name: str
    fraction_bits: int
    """m."""
    emin: int
    """The exponent of the smallest normal number, with which subnormal ones count."""
    max: float
    cut: bool = False

    def read(self, x: Array, name: str) -> Array:
        """The entries of x as the instruction reads them, float32. Raises ValueError naming one that it cannot."""
        held = x.astype(np.float32)
        read = (held.view(np.uint32) & np.uint32(-(1 << 23 - self.fraction_bits) & 0xFFFFFFFF)).view(np.float32)
        units = np.ldexp(read, self.fraction_bits - np.maximum(np.frexp(read)[1] - 1, self.emin))
        kept = (held == x) & (np.abs(read) <= self.max)
        if not self.cut:
            kept &= (read == held) & (units == np.rint(units))
        if not kept.all():
            where = first_at(~kept)
            raise ValueError(f"{name}{list(where)} = {x[where]} is no number of {self.name}: quantize it first")
        return np.asarray(read + np.float32(0))

    def toward_zero(self, x: Array) -> Array:
        """The operand next to every entry of x on the side of 0, the largest one beyond ``max``: float64."""
        held = np.clip(x, -self.max, self.max).astype(np.float64)
        last = np.maximum(np.frexp(held)[1] - 1, self.emin) - self.fraction_bits
        return np.asarray(np.ldexp(np.trunc(np.ldexp(held, -last)), last) + 0.0)

    def exponents(self, x: Array) -> Exponents:
        """max(⌊log₂ |x|⌋, emin) of every entry; ``NO_EXPONENT`` of zeros."""
        e = np.maximum(np.frexp(x)[1] - 1, self.emin)
        return np.where(x == 0, NO_EXPONENT, e).astype(np.int16)

    def __str__(self) -> str:
        return self.name


OPERANDS: Mapping[str, Operand] = {
    one.name: one
    for one in (
        Operand("bf16", BFLOAT16.m, BFLOAT16.emin, BFLOAT16.max),
        Operand("f16", FLOAT16.m, FLOAT16.emin, FLOAT16.max),
        Operand("tf32", 10, -126, float(np.finfo(np.float32).max), cut=True),
        Operand("e4m3", E4M3.m, E4M3.emin, E4M3.max),
        Operand("e5m2", E5M2.m, E5M2.emin, E5M2.max),
    )
}
"""By name; tf32 ignores the low 13 bits of a float32 number."""
