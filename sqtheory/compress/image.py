"""What a recipe makes of one matrix, in the dtype of the matrix."""

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from sqtheory.alphabet.compiled_images import image_into
from sqtheory.alphabet.kernels.scratch import scratch
from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.procedures import PLAIN
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array, Mask
from sqtheory.orders.applied import Order
from sqtheory.orders.optimum import gain_mask
from sqtheory.orders.pair import Pair
from sqtheory.orders.procedural import ordered_image

Memory: TypeAlias = Callable[[Shape, np.dtype[Any]], Array]
"""Uninitialized memory for entries of a shape and a dtype: ``np.empty``, or some that is used again."""


def reused(shape: Shape, dtype: np.dtype[Any]) -> Array:
    """The same memory of this thread every time: what was there before is overwritten."""
    memory: Array = scratch("image of a tensor", math.prod(shape), dtype)
    return memory.reshape(shape)


def image_of(x: Array, pair: Pair, order: Order, p: float, *, frozen_scale: bool, memory: Memory = np.empty) -> Array:
    """q(s(x)), s(q(x)), m* ⊙ q(x), or what the procedure of the pair makes: no part of x. Raises what they raise.

    The first two lie in what ``memory`` gives for a shape and a dtype.

    With ``frozen_scale`` S→Q keeps the scales of x.
    """
    s, q = pair.s, pair.q
    if pair.procedure != PLAIN or order is Order.joint:
        return ordered_image(x, pair, order, p)
    if order is Order.qs:
        return (q >> s)(x, out=memory(x.shape, x.dtype))
    if order is Order.gain:
        image = q(x)
        np.copyto(image, 0, where=~best_mask(x, image, s, p))
        return image
    if frozen_scale:
        y = s(x)
        return q.frozen(x).into(y, y, x)
    out = memory(x.shape, x.dtype)
    return out if image_into(s >> q, x, out) else (s >> q)(x, out=out)


def best_mask(x: Array, image: Array, s: Sparsifier, p: float) -> Mask:
    """The mask of the optimum of ``order``, group by group where groups have a budget of their own."""
    if not s.fixed_budget or not x.ndim:
        return gain_mask(x, image, s, p)
    kept = np.empty(x.shape, np.bool_)
    for cut in s.groups.slabs(x.shape):
        kept[cut] = gain_mask(x[cut], image[cut], s, p)
    return kept
