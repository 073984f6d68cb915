"""What a recipe makes of one matrix, in the dtype of the matrix."""

import numpy as np

from sqtheory.alphabet.procedures import PLAIN
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array, Mask
from sqtheory.orders.applied import Order
from sqtheory.orders.optimum import gain_mask
from sqtheory.orders.pair import Pair
from sqtheory.orders.procedural import ordered_image


def image_of(x: Array, pair: Pair, order: Order, p: float, *, frozen_scale: bool) -> Array:
    """q(s(x)), s(q(x)), m* ⊙ q(x), or what the procedure of the pair makes: a new array. Raises what they raise.

    With ``frozen_scale`` S→Q keeps the scales of x.
    """
    s, q = pair.s, pair.q
    if pair.procedure != PLAIN or order is Order.joint:
        return ordered_image(x, pair, order, p)
    if order is Order.qs:
        return (q >> s)(x, out=np.empty_like(x))
    if order is Order.gain:
        image = q(x)
        np.copyto(image, 0, where=~best_mask(x, image, s, p))
        return image
    if frozen_scale:
        y = s(x)
        return q.frozen(x).into(y, y, x)
    return (s >> q)(x, out=np.empty_like(x))


def best_mask(x: Array, image: Array, s: Sparsifier, p: float) -> Mask:
    """The mask of the optimum of ``order``, group by group where groups have a budget of their own."""
    if not s.fixed_budget or not x.ndim:
        return gain_mask(x, image, s, p)
    kept = np.empty(x.shape, np.bool_)
    for cut in s.groups.slabs(x.shape):
        kept[cut] = gain_mask(x[cut], image[cut], s, p)
    return kept
