"""What both orders lose on average under unbiased rounding: every outcome of the coins of a group, by its chance.

Q rounds every entry to one of the two levels around it by a coin of its own, so that E Q(x) = x. In S→Q the mask is
known before the coins fall; in Q→S it is chosen after them, by what they made.
"""

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.cells import cells, chances
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.alphabet.traits import DETERMINISTIC
from sqtheory.arrays import Array
from sqtheory.exceptions import Undefined
from sqtheory.orders.errors import powers

COINS = 10
"""So many entries has a group at most of which all outcomes are tried."""


def expected_rounding(x: Array, tensor: Array, q: Quantizer, p: float) -> Array:
    """E|x_i − Q(t)_i|^p of every entry: Q is q with unbiased rounding, at the scales of the tensor t.

    Both float64 of one shape. Raises NonFinite where q does not saturate and an entry of t lies beyond the grid.
    """
    low, high = cells(q, tensor)
    up = chances(tensor, low, high)
    lower, upper = (powers(np.abs(x - end), p) for end in (low, high))
    return np.asarray((1 - up) * lower + up * upper)


def expected_prune_first(x: Array, s: Sparsifier, q: Quantizer, p: float) -> Array:
    """E|x_i − Q(s(x))_i|^p of every entry, float64. Raises as ``expected_rounding``."""
    return expected_rounding(x, np.where(s.mask(x), x, 0.0), q, p)


def expected_quantize_first(x: Array, s: Sparsifier, q: Quantizer, p: float) -> Array:
    """E|x_i − s(Q(x))_i|^p of every entry, float64: the mask of every outcome of the coins, by its probability.

    For masks that choose in groups of at most ``COINS`` entries by what lies in them; groups are independent, so that
    all of them take one outcome after the other together. Raises Undefined for larger groups, ValueError for masks
    that draw random numbers, and as ``expected_rounding``.
    """
    if DETERMINISTIC not in s.traits:
        raise ValueError(f"{s} draws random numbers of its own: what is averaged are the coins of the rounding")
    places, most = places_in_groups(x, s)
    low, high = cells(q, x)
    up = chances(x, low, high)
    total: Array = np.zeros(x.shape)
    for outcome in range(1 << most):
        heads = (outcome >> places & 1).astype(bool)
        chance = _of_groups(np.where(heads, up, 1 - up), s)
        if not chance.any():
            continue
        image = np.where(heads, high, low)
        made = np.where(s.mask(image, x), image, 0.0)
        total += chance * powers(np.abs(x - made), p)
    return total


def places_in_groups(x: Array, s: Sparsifier) -> tuple[NDArray[np.intp], int]:
    """The place of every entry of x in its group, and the size of the largest. Raises Undefined beyond ``COINS``."""
    pieces = s.groups.split(x)
    if (most := max((rows.shape[1] for rows in pieces), default=0)) > COINS:
        raise Undefined(f"at most {COINS} coins of a group are tried, {s} has groups of {most} entries")
    return s.groups.join([np.broadcast_to(np.arange(rows.shape[1]), rows.shape) for rows in pieces], x.shape), most


def _of_groups(values: Array, s: Sparsifier) -> Array:
    """The product over every group, at each of its entries."""
    return s.groups.spread(s.groups.reduce(values, lambda rows: np.asarray(rows.prod(axis=1))), values.shape)
