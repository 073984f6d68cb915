"""Scores computed and held in a type of few digits, where powers of different magnitudes tie and small ones vanish."""

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import final

import numpy as np

from sqtheory.alphabet.formats import BFLOAT16, FLOAT16
from sqtheory.alphabet.norms import check_norm, spell_norm
from sqtheory.alphabet.rationals import NotRational, Rationals, nearest_binary
from sqtheory.alphabet.rounding import nearest_even
from sqtheory.alphabet.scores import HOMOGENEOUS, Score
from sqtheory.alphabet.traits import SCALE_EQUIVARIANT
from sqtheory.arrays import Array
from sqtheory.exceptions import need


class Precision(Enum):
    """A type of numbers by its binary digits and the exponent of its smallest number.

    >>> Precision.bfloat16.nearest(np.array([257.0, 1e39]))
    array([256.,  inf])
    """

    bfloat16 = (8, -133)
    float16 = (11, -24)
    float32 = (24, -149)

    @property
    def digits(self) -> int:
        return self.value[0]

    def nearest(self, v: Array) -> Array:
        """Every entry rounded to this type, half to even, in float64; ∞ beyond its range."""
        if self is Precision.float32:
            with np.errstate(over="ignore"):
                return v.astype(np.float32).astype(np.float64)
        fmt = BFLOAT16 if self is Precision.bfloat16 else FLOAT16
        grid = fmt.nearest_grid(np.minimum(v.astype(np.float64), 2 * fmt.max), nearest_even)
        return np.where(np.abs(grid) > fmt.max, np.inf, grid)

    def exact(self, v: Fraction) -> Fraction:
        """The same of a rational number of any size."""
        return nearest_binary(v, *self.value)

    def __str__(self) -> str:
        return self.name


@final
@dataclass(frozen=True)
class HeldPower(Score):
    """|x_i|^p, where |x_i| and then its power are rounded to a type, as where weights have that type.

    Larger entries have no smaller score, but not every larger one a larger: no ranking by magnitude.
    """

    p: float
    held: Precision
    least = 0.0
    traits = HOMOGENEOUS - {SCALE_EQUIVARIANT}
    zero_is_least = True

    def __post_init__(self) -> None:
        need(self.held, Precision, "a score in a type")
        if not np.isfinite(check_norm(self.p)):
            raise ValueError("a score is a finite power of |x|, got inf")

    @property
    def digits(self) -> int:
        return self.held.digits

    def of(self, x: Array) -> Array:
        with np.errstate(over="ignore"):
            return self.held.nearest(self.held.nearest(np.abs(x)) ** self.p)

    def exact(self, x: Rationals) -> Rationals:
        if not float(self.p).is_integer():
            raise NotRational(f"the score {self} is not computed in rational numbers")
        out: Rationals = np.empty(x.shape, object)
        for i, v in enumerate(x.flat):
            out.flat[i] = self.held.exact(self.held.exact(abs(v)) ** int(self.p))
        return out

    def __str__(self) -> str:
        return f"magnitude({self.held})" if self.p == 1 else f"power({spell_norm(self.p)}, {self.held})"


def held_power(p: float, held: Precision) -> HeldPower:
    """|x|^p as it is computed and held in bfloat16, float16 or float32.

    >>> held_power(2, Precision.bfloat16).of(np.array([1, 1 + 2.0**-8]))
    array([1., 1.])
    """
    return HeldPower(float(p), held)


def held_magnitude(held: Precision) -> HeldPower:
    """|x| rounded to a type.

    >>> held_magnitude(Precision.float16).of(np.array([2049.0, -2.0**-25]))
    array([2048.,    0.])
    """
    return HeldPower(1.0, held)
