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


def pick(where: NDArray[Any], yes: Any, no: Any) -> Rationals:
    """Entries of two arrays of Fractions (or one Fraction) by a condition."""
    return np.where(where, np.asarray(yes, object), np.asarray(no, object))
