"""How a real number becomes one of its two neighbours on a grid."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.arrays import Array
from sqtheory.exceptions import need_generator

Flags: TypeAlias = NDArray[np.bool_]


class Rounding(ABC):
    """A choice ρ(v) ∈ {lo, hi} for every v in a grid cell lo ≤ v ≤ hi, with ρ(lo) = lo and ρ(hi) = hi.

    >>> nearest_even.integer(np.array([0.5, 1.5, -0.7]))
    array([ 0.,  2., -1.])
    """

    name: str
    odd: bool = True
    """ρ(−v) = −ρ(v) on a grid symmetric about 0."""
    deterministic: bool = True
    nearest: bool = False
    """|v − ρ(v)| ≤ (hi − lo)/2."""

    @abstractmethod
    def integer(self, y: Array) -> Array:
        """Round y onto the integers ℤ, in the dtype of y; the sign of zero is kept."""

    @abstractmethod
    def upper(self, v: Array, lo: Array, hi: Array, lower_is_odd: Flags) -> Flags:
        """Say where v in the cell [lo, hi] (float64) goes to hi; ``lower_is_odd`` is the parity of lo's code."""

    def __str__(self) -> str:
        return self.name


def against_middle(v: Array, lo: Array, hi: Array) -> tuple[Flags, Flags]:
    """Where v > (lo + hi)/2 and where v = (lo + hi)/2, exactly: the rounding error of the sum is recovered."""
    a, b = lo / 2, hi / 2
    middle = a + b
    b_part = middle - a
    lost = (a - (middle - b_part)) + (b - b_part)
    at = v == middle
    return (v > middle) | (at & (lost < 0)), at & (lost == 0)


@final
@dataclass(frozen=True)
class NearestEven(Rounding):
    """ρ(v) is the nearest grid point; a midpoint goes to the neighbour with the even code (IEEE 754 default).

    A grid of powers of two has no even significand to prefer, and there a midpoint goes to the larger
    magnitude (IEEE 754-2019, §4.3.1).
    """

    name = "nearest_even"
    nearest = True

    def integer(self, y: Array) -> Array:
        return np.rint(y)

    def upper(self, v: Array, lo: Array, hi: Array, lower_is_odd: Flags) -> Flags:
        above, at = against_middle(v, lo, hi)
        return above | (at & lower_is_odd)


@final
@dataclass(frozen=True)
class HalfAway(Rounding):
    """ρ(v) is the nearest grid point; a midpoint goes away from zero, and up if it is zero itself."""

    name = "half_away"
    nearest = True

    def integer(self, y: Array) -> Array:
        whole = np.trunc(y)
        return whole + np.copysign((np.abs(y - whole) >= 0.5).astype(y.dtype), y)

    def upper(self, v: Array, lo: Array, hi: Array, lower_is_odd: Flags) -> Flags:
        above, at = against_middle(v, lo, hi)
        return above | (at & (v >= 0))


@final
@dataclass(frozen=True)
class HalfTowardZero(Rounding):
    """ρ(v) is the nearest grid point; a midpoint goes to the smaller magnitude, and up if it is zero itself."""

    name = "half_toward_zero"
    nearest = True

    def integer(self, y: Array) -> Array:
        whole = np.trunc(y)
        return whole + np.copysign((np.abs(y - whole) > 0.5).astype(y.dtype), y)

    def upper(self, v: Array, lo: Array, hi: Array, lower_is_odd: Flags) -> Flags:
        above, at = against_middle(v, lo, hi)
        return np.asarray(above | (at & ((np.abs(hi) < np.abs(lo)) | (hi == -lo))))


@final
@dataclass(frozen=True)
class HalfUp(Rounding):
    """ρ(v) is the nearest grid point; a midpoint goes up, ⌊v + ½⌋ on the integers."""

    name = "half_up"
    odd = False
    nearest = True

    def integer(self, y: Array) -> Array:
        whole = np.floor(y)
        return np.asarray(np.copysign(whole + (y - whole >= 0.5).astype(y.dtype), y))

    def upper(self, v: Array, lo: Array, hi: Array, lower_is_odd: Flags) -> Flags:
        above, at = against_middle(v, lo, hi)
        return above | at


@final
@dataclass(frozen=True)
class TowardZero(Rounding):
    """ρ(v) is the neighbour of smaller magnitude; of −c and c the one on v's side, c for v = 0."""

    name = "toward_zero"

    def integer(self, y: Array) -> Array:
        return np.trunc(y)

    def upper(self, v: Array, lo: Array, hi: Array, lower_is_odd: Flags) -> Flags:
        inner = (np.abs(hi) < np.abs(lo)) | ((hi == -lo) & (v >= 0))
        return np.asarray((v == hi) | ((v > lo) & inner))


@final
@dataclass(frozen=True)
class Floor(Rounding):
    """ρ(v) = lo, the largest grid point not above v."""

    name = "floor"
    odd = False

    def integer(self, y: Array) -> Array:
        return np.floor(y)

    def upper(self, v: Array, lo: Array, hi: Array, lower_is_odd: Flags) -> Flags:
        return np.asarray(v == hi)


@final
@dataclass(frozen=True)
class Ceil(Rounding):
    """ρ(v) = hi, the smallest grid point not below v."""

    name = "ceil"
    odd = False

    def integer(self, y: Array) -> Array:
        return np.ceil(y)

    def upper(self, v: Array, lo: Array, hi: Array, lower_is_odd: Flags) -> Flags:
        return np.asarray(v > lo)


@final
@dataclass(frozen=True, eq=False)
class Stochastic(Rounding):
    """P(ρ(v) = hi) = (v − lo)/(hi − lo), so E ρ(v) = v, with randomness from an explicit Generator.

    The probability is met exactly, not to 53 bits: random digits are compared with the binary
    digits of the fraction until they differ. (On a codebook v − lo and hi − lo are themselves
    rounded to float64.)
    """

    rng: np.random.Generator
    name = "stochastic"
    odd = False
    deterministic = False

    def __post_init__(self) -> None:
        need_generator(self.rng, "stochastic rounding needs")

    def integer(self, y: Array) -> Array:
        whole = np.floor(np.abs(y))
        away = self.occurs(np.abs(y) - whole, np.ones_like(y))
        return np.asarray(np.copysign(whole + away, y))

    def upper(self, v: Array, lo: Array, hi: Array, lower_is_odd: Flags) -> Flags:
        return self.occurs(v - lo, hi - lo)

    def occurs(self, part: Array, whole: Array) -> Flags:
        """Draw independent events of probability part/whole, exactly, for 0 ≤ part ≤ whole.

        Fair coins are compared with the binary digits of part/whole (long division, exact in
        float64) until they differ: two coins an event on average.
        """
        rest = np.asarray(part, np.float64).ravel().copy()
        unit = np.asarray(whole, np.float64).ravel()
        result = rest >= unit
        undecided = np.flatnonzero((rest > 0) & ~result)
        rest, unit = rest[undecided], unit[undecided]
        while undecided.size:
            rest = 2 * rest
            digit = rest >= unit
            rest -= np.where(digit, unit, 0.0)
            coin = self.rng.integers(0, 2, undecided.size, dtype=np.uint8).astype(bool)
            result[undecided[digit & ~coin]] = True
            open_ = (digit == coin) & (rest > 0)
            undecided, rest, unit = undecided[open_], rest[open_], unit[open_]
        return result.reshape(np.shape(part))

    def __str__(self) -> str:
        return "stochastic(rng)"


nearest_even = NearestEven()
half_away = HalfAway()
half_toward_zero = HalfTowardZero()
half_up = HalfUp()
toward_zero = TowardZero()
floor = Floor()
ceil = Ceil()

ROUNDINGS: dict[str, Rounding] = {
    r.name: r for r in (nearest_even, half_away, half_toward_zero, half_up, toward_zero, floor, ceil)
}
"""The deterministic rules by name; ``stochastic(rng)`` is made with its Generator."""


def stochastic(rng: np.random.Generator) -> Stochastic:
    """Return unbiased stochastic rounding, E ρ(v) = v, drawing from ``rng``.

    >>> from sqtheory import int_
    >>> int_(4, rounding=stochastic(np.random.default_rng(0)))([0.5, 0.5, 0.5, 7])
    array([1., 0., 0., 7.])
    """
    return Stochastic(rng)
