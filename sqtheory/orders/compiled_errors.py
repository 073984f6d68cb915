"""The error of a quantizer, or of a mask before it, in machine code: a chunk at a time, to the last bit."""

import math

import numpy as np

from sqtheory.alphabet.compiled_chunks import Chunks
from sqtheory.alphabet.kernels.exact import UNIT
from sqtheory.alphabet.operators import Operator
from sqtheory.arrays import Array

FURTHEST = 400
"""Powers of errors stay within 2^±this."""


def error_units(f: Operator, x: Array, p: float, out: Array | None) -> int | None:
    """2^1074 Σ |x_i − f(x)_i|^p, and f(x) in ``out`` if it is given; None where another way must be taken.

    That is for all but p = 1, 2, and for what ``Chunks`` are not for. ``out`` is spoiled then.
    """
    chunks = Chunks.of(f, x, out) if p in (1, 2) else None
    if chunks is None:
        return None
    fmt, total = chunks.q.format, 0
    for part, image in chunks.cuts(x, out):
        amax, bound = chunks.masked(part, image)
        if not bound < np.inf:
            return None
        sigma = chunks.scale(amax)
        most = float(np.maximum.reduce(sigma))
        power = math.frexp(bound + most * max(fmt.max, -fmt.min))[1] * int(p)
        if most > chunks.safe or abs(power) > FURTHEST:
            return None
        added = _added(chunks, part, image, sigma, p, power)
        if added is None:
            return None
        total += added
    return total


def _added(chunks: Chunks, x: Array, y: Array, sigma: Array, p: float, power: int) -> int | None:
    """The images of y in its place, and the sum of the p-th powers of errors; None where some were too small."""
    strips = -(-x.size // (chunks.loops.STRIP // chunks.size * chunks.size))
    sums = np.empty((strips, 2), np.int64)
    square = (1,) if p == 2 else ()
    if not chunks.loops.image_and_error(x, y, np.array(sigma), chunks.size, chunks.rounding, square, power, sums):
        return None
    first, second = (int(sum(sums[:, at].tolist())) for at in (0, 1))
    return (first << UNIT + power - 52) + (second << UNIT + power - 104)
