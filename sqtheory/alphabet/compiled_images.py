"""What a mask and a quantizer make of a tensor, in machine code: in one pass over it, without a mask in memory."""

import numpy as np

from sqtheory.alphabet.compiled_chunks import Chunks
from sqtheory.alphabet.operators import Operator
from sqtheory.arrays import Array


def image_into(f: Operator, x: Array, out: Array, scales: Array | None = None) -> bool:
    """Write f(x) to ``out``, which shares no memory with x; False, ``out`` spoiled, where f itself must do it.

    The scales of the blocks are written to ``scales``, if it is given.

    That is for what ``Chunks`` are not for, for NaN and infinity, and scales near the end of float32.
    """
    chunks = Chunks.of(f, x, out)
    if chunks is None:
        return False
    done = 0
    for part, image in chunks.cuts(x, out):
        sigma = _image(chunks, part, image)
        if sigma is None:
            return False
        if scales is not None:
            scales.reshape(-1)[done : done + sigma.size] = sigma
        done += sigma.size
    return True


def rests(f: Operator, x: Array) -> bool:
    """Whether f(x) = x was seen, to the last bit or but for the sign of 0; False also where f itself must tell."""
    chunks = Chunks.of(f, x, None)
    return chunks is not None and all(
        _image(chunks, part, image) is not None and np.array_equal(part, image) for part, image in chunks.cuts(x, None)
    )


def _image(chunks: Chunks, x: Array, out: Array) -> Array | None:
    """Write the image of a chunk to ``out``, and give its scales; None where another way must be taken."""
    amax, bound = chunks.masked(x, out)
    if not bound < np.inf:
        return None
    sigma = np.array(chunks.scale(amax))
    if np.maximum.reduce(sigma) > chunks.safe:
        return None
    chunks.loops.images(out, sigma, chunks.size, chunks.rounding)
    return sigma
