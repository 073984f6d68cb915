"""Scales of least error among all numbers of a small format, the same for every block."""

from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.alphabet.formats import FloatFormat, Format
from sqtheory.alphabet.partition import Partition
from sqtheory.alphabet.rationals import Rationals, rationals
from sqtheory.alphabet.scaling.choice import exact_least_of, least_of
from sqtheory.alphabet.scaling.four_over_six import BlockError
from sqtheory.alphabet.scaling.maxima import exact_maxima, maxima
from sqtheory.alphabet.scaling.rule import DYADIC, Numbers, Scaling
from sqtheory.alphabet.traits import Trait
from sqtheory.arrays import Array
from sqtheory.exceptions import need

WIDEST = 8
"""Bits of a format whose numbers are all tried."""


@final
@dataclass(frozen=True)
class SweptScale(Scaling):
    """σ = argmin ‖x_B − σ ρ(x_B/σ)‖_p over all positive numbers of the format S, ρ nearest; the least of equals.

    p by ``error``. A block of zeros has σ = 0. No rule that stores its scales in S alone errs less in that norm, so
    that it prices the others; formats of at most 8 bits.
    """

    scale_type: FloatFormat
    error: BlockError = BlockError.mse
    sign_blind = True
    zero_block_is_zero = True

    def __post_init__(self) -> None:
        need(self.scale_type, FloatFormat, "the format of swept scales")
        need(self.error, BlockError, "the error that decides between scales")
        if self.scale_type.bits > WIDEST:
            raise ValueError(f"scales of at most {WIDEST} bits are swept, {self.scale_type} has {self.scale_type.bits}")

    @property
    def stored_as(self) -> FloatFormat:
        return self.scale_type

    @property
    def values(self) -> Numbers:
        return Numbers.dyadic if bool(np.all(np.frexp(self._sizes)[0] == 0.5)) else Numbers.real

    @property
    def equivariance(self) -> frozenset[Trait]:
        """A format of powers of two has that of its range; others have subnormal numbers near."""
        return DYADIC if self.scale_type.e == 8 and self.values is Numbers.dyadic else frozenset()

    @property
    def _sizes(self) -> Array:
        return np.asarray(self.scale_type.values[self.scale_type.values > 0])

    def _candidates(self, sizes: Array, fmt: Format) -> list[float]:
        """Those that can err least of entries of these magnitudes, none of which is 0.

        Left out are those under which every entry is next to 0, and those under which, as under the next, every entry
        of a grid Γ = −Γ saturates.
        """
        known: list[float] = self._sizes.tolist()
        if not sizes.size:
            return known[:1]
        top, low = float(sizes.max()), float(sizes.min()) if fmt.odd else 0.0
        able: list[float] = [v for v, after in zip(known, [*known[1:], np.inf], strict=True) if after * fmt.max > low]
        return [v for v in able if v == able[0] or v * fmt.smallest <= 2 * top]

    def bits(self, real: int = 32) -> tuple[int, int]:
        return self.scale_type.bits, 0

    def fits(self, p: float) -> bool:
        return bool(self.error.value == p)

    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        amax = maxima(x, blocks)
        known = self._candidates(np.abs(x[x != 0]).astype(np.float64), fmt)
        tried = [np.full(amax.shape, v, x.dtype) for v in known]
        return np.where(
            amax == 0, amax, least_of(x, blocks, fmt, [v for v in tried if np.all(v > 0)], self.error.value)
        )

    def exact(self, x: Rationals, blocks: Partition, fmt: Format) -> Rationals:
        amax = exact_maxima(x, blocks)
        known = self._candidates(np.abs(x[x != 0].astype(np.float64)), fmt)
        tried = [rationals(np.full(amax.shape, v)) for v in known]
        return np.where(amax == 0, amax, exact_least_of(x, blocks, fmt, tried, self.error.value))

    def __str__(self) -> str:
        error = [] if self.error is BlockError.mse else [str(self.error)]
        return f"sweep({', '.join([str(self.scale_type), *error])})"
