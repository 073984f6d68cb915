"""What a mask and a quantizer make of a tensor, in machine code: in one pass over it, without a mask in memory."""

import numpy as np

from sqtheory.alphabet.operators import Operator
from sqtheory.arrays import Array
from sqtheory.orders.compiled_chunks import Chunks


def image_into(f: Operator, x: Array, out: Array) -> bool:
    """Write f(x) to ``out``, which shares no memory with x; False, ``out`` spoiled, where f itself must do it.

    That is for what ``Chunks`` are not for, for NaN and infinity, and scales near the end of float32.
    """
    chunks = Chunks.of(f, x, out)
    if chunks is None:
        return False
    for part, image in chunks.cuts(x, out):
        amax, bound = chunks.masked(part, image)
        if not bound < np.inf:
            return False
        sigma = chunks.scale(amax)
        if np.maximum.reduce(sigma) > chunks.safe:
            return False
        chunks.loops.images(image, np.array(sigma), chunks.size, chunks.rounding)
    return True
