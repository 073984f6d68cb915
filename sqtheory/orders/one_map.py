"""Whether every entry of a tensor, in whatever scale block, goes through one nondecreasing map of magnitudes."""

from fractions import Fraction
from functools import lru_cache
from math import prod

import numpy as np

from sqtheory.alphabet.formats import FloatFormat, Format
from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.rounding import Rounding
from sqtheory.alphabet.scaling import Numbers, Scaling
from sqtheory.alphabet.traits import DYADIC_EQUIVARIANT, MONOTONE
from sqtheory.arrays import Array
from sqtheory.orders.rulings import Ruling


def one_map(q: Quantizer, shape: Shape) -> Ruling:
    """|x_i| ≤ |x_j| ⇒ |q(x)_i| ≤ |q(x)_j| for any two entries: blocks of one entry, whose scale follows |x_i|.

    At one scale a monotone rounding falls nowhere, so only where the scale jumps the images are compared: a power of
    two once in every binade, a scale of two levels at the midpoints of the format of block scales.
    """
    if q.partition.count(shape) != prod(shape):
        return Ruling(False, "scale blocks have several entries, of which one sets the scale")
    plain = q.scaling.follows_maximum and q.scaling.exact_codes and not q.scaling.shifts
    if MONOTONE not in q.traits or not q.saturate or not plain:
        return Ruling(False, f"{q} does not keep the order of magnitudes")
    rising = _rising(q.format, q.rounding, q.scaling)
    how = "rises with" if rising else "need not rise with"
    return Ruling(rising, f"the image of an entry, a block of its own, {how} its magnitude")


@lru_cache
def _rising(fmt: Format, rounding: Rounding, scaling: Scaling) -> bool:
    share = scaling.share(fmt, False)
    if share is not None:
        return 1 / share in {Fraction(v) for v in fmt.values.tolist()}
    if scaling.scale_format is not None:
        points = _midpoints(scaling.scale_format, fmt)
        top = fmt.max * scaling.scale_format.max
    elif scaling.values is Numbers.dyadic and DYADIC_EQUIVARIANT in scaling.equivariance:
        points, top = _jump(fmt, scaling), 2.0
    else:
        return False
    sigma = scaling.of_maxima(points, np.array([top]), fmt)
    return bool(np.all(np.diff(np.abs(sigma * fmt.round(points / sigma, rounding))) >= 0))


def _midpoints(scales: FloatFormat, fmt: Format) -> Array:
    """Maxima at which a block scale changes under an upper scale of 1, and their neighbours, ascending."""
    levels = scales.values[scales.values > 0]
    points = fmt.max * (levels[1:] + levels[:-1]) / 2
    return np.unique(np.concatenate([np.nextafter(points, 0), points, np.nextafter(points, np.inf)]))


def _jump(fmt: Format, scaling: Scaling) -> Array:
    """The two neighbours in float64 from 1 to 2 between which the scale doubles."""
    low, high = 1.0, 2.0
    least = scaling.of_maxima(np.array([low]), np.array([high]), fmt)[0]
    while np.nextafter(low, high) < high:
        middle = (low + high) / 2
        doubled = scaling.of_maxima(np.array([middle]), np.array([2.0]), fmt)[0] > least
        low, high = (low, middle) if doubled else (middle, high)
    return np.array([low, high])
