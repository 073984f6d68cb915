"""Arrays of rational numbers: what floating-point numbers are exactly, and the refusal of what is none."""

from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Rationals: TypeAlias = NDArray[Any]
"""An array of Fractions."""


class NotRational(ArithmeticError):
    """This scale, score or norm is not computed in rational numbers here."""


def rationals(x: NDArray[Any]) -> Rationals:
    """The exact values of an array of floating-point numbers."""
    out: Rationals = np.empty(np.size(x), object)
    out[:] = [Fraction(float(v)) for v in np.ravel(x)]
    return out.reshape(np.shape(x))


def nearest_binary(v: Fraction, digits: int, least: int) -> Fraction:
    """The nearest number of so many binary digits that is a multiple of 2^least, the even one of two.

    float32: ``nearest_binary(v, 24, -149)``, but for overflow.
    """
    size = abs(v)
    if not size:
        return size
    power = size.numerator.bit_length() - size.denominator.bit_length()
    power -= size < Fraction(2) ** power  # 2^power ≤ size < 2^(power + 1)
    unit = Fraction(2) ** max(least, power - digits + 1)
    return round(v / unit) * unit


def pick(where: NDArray[Any], yes: Any, no: Any) -> Rationals:
    """Entries of two arrays of Fractions (or one Fraction) by a condition."""
    return np.where(where, np.asarray(yes, object), np.asarray(no, object))
