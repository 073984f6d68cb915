"""The error of a chain of operators in one pass over a tensor, none of whose intermediate tensors is ever whole."""

import math

import numpy as np

from sqtheory.alphabet.kernels.runs import strips
from sqtheory.alphabet.kernels.scratch import scratch
from sqtheory.alphabet.kernels.sums import dot
from sqtheory.alphabet.norms import check_norm
from sqtheory.alphabet.operators import Operator
from sqtheory.alphabet.outputs import apart, check_output
from sqtheory.arrays import Array, ArrayLike, as_real
from sqtheory.orders.errors import norm

CHUNK = 1 << 18
"""Entries taken at once."""


def error_norm(f: Operator, x: ArrayLike, p: float = 2.0, *, out: Array | None = None) -> float:
    """‖x − f(x)‖_p, and f(x) in ``out`` if it is given (as of f(x, out=out)).

    Operators that act on runs of the last axis alone take the tensor piece by piece; others take it whole.
    Raises what f raises; ``out`` is spoiled then.

    >>> from sqtheory import int_
    >>> error_norm(int_(4), [1.75, 2, 0.25, 7], 1)
    0.5
    """
    check_norm(p)
    given = as_real(x)
    if out is not None:
        check_output(out, given.shape, given.dtype)
    unit = f.unit(given.shape)
    if unit is None or (out is not None and not apart(out, given)):
        image = f(given)
        size = norm(given.astype(np.float64) - image, p)
        if out is not None:
            out[...] = image
        return size
    arrays = (given,) if out is None else (given, out)
    try:
        parts = [
            _part(f, part[0], part[1] if out is not None else np.empty_like(part[0]), p)
            for part in strips(arrays, unit, CHUNK)
        ]
    except ValueError:
        f(given)  # names the place in the whole tensor
        raise
    return norm(parts, p)


def _part(f: Operator, x: Array, out: Array, p: float) -> float:
    f.into(out, x, x)
    error = scratch("error", x.size, np.float64).reshape(x.shape)
    np.copyto(error, x)
    np.subtract(error, out, out=error)
    if p == 2 and x.dtype == np.float32:  # squares of float32 numbers are far from the ends of float64
        return math.sqrt(dot(error, error))
    return norm(error, p)
