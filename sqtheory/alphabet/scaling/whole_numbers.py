"""Numbers rounded onto ℤ, whatever holds them."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.rounding import Rounding

Ends: TypeAlias = NDArray[Any]
"""Floating-point numbers or Fractions, one for every block."""


def integers(v: Ends, rounding: Rounding) -> Ends:
    """v rounded onto ℤ, floating-point numbers or Fractions: of those only parity, sign and the fraction matter."""
    if v.dtype != object:
        return np.asarray(rounding.integer(v) + v.dtype.type(0))
    return _each(v, lambda one: _integer(one, rounding))


def _each(v: Ends, function: Callable[[Any], Any]) -> Ends:
    out: Ends = np.empty(v.size, object)
    out[:] = [function(one) for one in v.flat]
    return out.reshape(v.shape)


def _integer(v: Any, rounding: Rounding) -> Any:
    whole = v.numerator // v.denominator
    part = v - whole
    own = whole % 2 - (2 if whole < 0 else 0)
    near = 0.0 if part == 0 else 0.5 if 2 * part == 1 else 0.25 if 2 * part < 1 else 0.75
    moved = int(rounding.integer(np.array([own + near]))[0]) - own
    return whole + moved + 0 * v
