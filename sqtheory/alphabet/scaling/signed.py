"""Real scales set by the largest magnitude of the block together with its sign."""

from dataclasses import dataclass
from fractions import Fraction
from typing import final

import numpy as np

from sqtheory.alphabet.formats import Format
from sqtheory.alphabet.partition import Partition
from sqtheory.alphabet.rationals import Rationals, rationals
from sqtheory.alphabet.rounding import Rounding
from sqtheory.alphabet.scaling.least import positive
from sqtheory.alphabet.scaling.rule import FULL, Scaling
from sqtheory.arrays import Array
from sqtheory.exceptions import need


@final
@dataclass(frozen=True)
class SignedMax(Scaling):
    """σ = x_j / min Γ, x_j the entry of largest magnitude: it is its own image, of either sign, at the level min Γ.

    For k-bit integers −x_j/2^{k−1}. Of equal magnitudes the first is x_j, or with ``minimum`` a negative one: the
    scales of GGUF's Q4_0 and Q5_0, and of the symmetric ``MatMulNBits`` of ONNX Runtime (their source code).
    """

    minimum: bool = False
    full_range = True
    needs_negative = True
    signed = True
    zero_block_is_zero = True
    equivariance = FULL

    def __post_init__(self) -> None:
        need(self.minimum, bool, "minimum=")

    @property
    def sign_odd(self) -> bool:
        return not self.minimum

    def reproduces(self, fmt: Format, rounding: Rounding) -> bool:
        """No other image may be as large as that of x_j, or else the other sign must make no difference."""
        return rounding.nearest and (-fmt.min > fmt.max or fmt.odd)

    def share(self, fmt: Format, negative: bool) -> Fraction | None:
        return None if negative else 1 / Fraction(fmt.min)

    def supremum(self, fmt: Format) -> Fraction:
        return -1 / Fraction(fmt.min)

    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        peak = blocks.reduce(x, self._peaks)
        return positive(peak / peak.dtype.type(fmt.min) + peak.dtype.type(0), -peak)

    def exact(self, x: Rationals, blocks: Partition, fmt: Format) -> Rationals:
        return np.asarray(blocks.reduce(x, self._peaks) / rationals(np.asarray(fmt.min)).item())

    def _peaks(self, rows: Array) -> Array:
        """x_j of every row."""
        if self.minimum:
            low, high = rows.min(axis=1), rows.max(axis=1)
            return np.asarray(np.where(-low >= high, low, high))
        at = np.abs(rows).argmax(axis=1)
        return np.asarray(rows[np.arange(len(rows)), at])

    def __str__(self) -> str:
        return "signedmax(minimum=true)" if self.minimum else "signedmax"
