"""Casts as devices and libraries do them: what becomes of numbers beyond the range is named, and no NaN is silent."""

from dataclasses import dataclass
from enum import Enum
from typing import final

import numpy as np

from sqtheory.alphabet.formats import E8M0, Format, is_monotone, is_odd
from sqtheory.alphabet.operators import Operator
from sqtheory.alphabet.options import CAST, Options, check_options
from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.quantized import NanRule
from sqtheory.alphabet.rounding import Rounding, nearest_even
from sqtheory.alphabet.traits import DETERMINISTIC, IDEMPOTENT, KEEPS_ZERO, MAX_DETERMINED, MONOTONE, ODD, Trait
from sqtheory.arrays import Array, Mask
from sqtheory.exceptions import NonFinite, first_at, need


class Overflow(Enum):
    """What becomes of a number that rounds beyond the range, judged after rounding (IEEE 754, §7.4), and of infinity.

    >>> from sqtheory import E4M3, cast
    >>> cast(E4M3, overflow=Overflow.nan)([464, 465]), cast(E4M3, overflow=Overflow.saturate)([464, 465])
    (array([448.,  nan]), array([448., 448.]))
    """

    nan = "NaN"
    inf = "the infinity of its sign"
    saturate = "the end of the range"
    error = "refused, naming the first such entry"

    def __str__(self) -> str:
        return self.name


@final
@dataclass(frozen=True)
class DeviceCast(Operator):
    """q(x)_i = ρ(x_i) without a scale; beyond the range, infinity included, as ``overflow`` says.

    NaN is refused unless ``nan=propagate`` or ``overflow=nan``, which asks for it. E8M0 has no 0 and no signs: those
    overflow too, but saturate at 2^−127; a midpoint goes up, and what lies between 2^−127 and 2^−126, where float32
    is subnormal, becomes 2^−126, nearest or not, as ml_dtypes 0.6.0 and torch 2.13.0 have it (torch takes a number
    for its magnitude there, and 0 for 2^−127). Raises NonFinite naming the entry; ValueError for an overflow that the
    format has no code for.
    """

    format: Format
    overflow: Overflow
    rounding: Rounding = nearest_even
    nan: NanRule = NanRule.error

    def __post_init__(self) -> None:
        kinds = (("format", Format), ("overflow", Overflow), ("rounding", Rounding), ("nan", NanRule))
        for name, kind in kinds:
            need(getattr(self, name), kind, f"{name}=")
        code = self.format.overflow
        has = {Overflow.nan: code is not None and np.isnan(code), Overflow.inf: code == np.inf}
        if not has.get(self.overflow, True):
            there = [one for one, known in has.items() if known]
            instead = f"{self.format} overflows to {there[0]}" if there else f"{self.format} has no code for it"
            raise ValueError(f"overflow={self.overflow}: {instead}; overflow=saturate and overflow=error always hold")

    @property
    def traits(self) -> frozenset[Trait]:
        steady, silent = self.rounding.deterministic, self.overflow is not Overflow.nan
        conditions = {
            ODD: steady and self.format.has_zero and is_odd(self.format, self.rounding),
            MONOTONE: is_monotone(self.format, self.rounding) and silent,
            KEEPS_ZERO: self.format.has_zero,
            IDEMPOTENT: steady and silent,
            MAX_DETERMINED: steady,
            DETERMINISTIC: steady,
        }
        return frozenset(t for t, holds in conditions.items() if holds)

    @property
    def by_row(self) -> bool:
        return True

    def own_run(self, shape: Shape) -> int | None:
        return 1 if self.rounding.deterministic and shape and all(shape) else None

    def apply(self, x: Array, origin: Array) -> Array:
        if self.nan is NanRule.error and self.overflow is not Overflow.nan:
            self._refuse(x, np.isnan(x), "is no number: refused by nan=error")
        image = self.format.round(x, self.rounding)
        if self.overflow is Overflow.saturate:
            return self._raised(x, image)
        beyond = np.asarray(self.format.overflows(x, self.rounding))
        if self.format == E8M0:
            beyond &= ~((x > 0) & (x < 1))
        if self.overflow is Overflow.error:
            self._refuse(x, beyond, f"is beyond {self.format}: refused by overflow=error")
            return self._raised(x, image)
        lost = x.dtype.type(np.nan if self.overflow is Overflow.nan else np.inf)
        return np.where(beyond, np.copysign(lost, x), self._raised(x, image))

    def _raised(self, x: Array, image: Array) -> Array:
        """Of E8M0, what lies between its two smallest numbers goes to the larger; NearestEven sends midpoints up."""
        if self.format != E8M0 or self.rounding != nearest_even:
            return image
        low, high = (x.dtype.type(v) for v in self.format.values[:2])
        return np.where((x > low) & (x < high), high, image)

    def _refuse(self, x: Array, bad: Mask, why: str) -> None:
        if bad.any():
            first = first_at(bad)
            also = f" and {count - 1} more" if (count := int(np.count_nonzero(bad))) > 1 else ""
            raise NonFinite(f"{x[first]} at {first}{also} {why}")

    def __str__(self) -> str:
        rounding = [] if self.rounding == nearest_even else [f"rounding={self.rounding}"]
        nan = [] if self.nan is NanRule.error else [f"nan={self.nan}"]
        return f"cast({', '.join([str(self.format), f'overflow={self.overflow}', *rounding, *nan])})"


def device_cast(fmt: Format, overflow: Overflow, options: Options) -> DeviceCast:
    """The cast with these options. Raises TypeError for options of scales, which it has none of."""
    check_options(options, Options)
    own = {"rounding", "nan"}
    if other := next((k for k in options if k not in own and options.get(k) != CAST.get(k)), None):
        raise TypeError(f"overflow= is of entries without a scale: no {other}= beside it")
    return DeviceCast(fmt, overflow, options.get("rounding", nearest_even), options.get("nan", NanRule.error))
