"""The error of a chain of operators in one pass over a tensor, none of whose intermediate tensors is ever whole."""

import math

import numpy as np

from sqtheory.alphabet.kernels.exact import NONE, TILE, rounded, sums_below
from sqtheory.alphabet.kernels.runs import pieces, strips
from sqtheory.alphabet.kernels.scratch import scratch
from sqtheory.alphabet.norms import check_norm
from sqtheory.alphabet.operators import Operator
from sqtheory.alphabet.outputs import apart, check_output
from sqtheory.arrays import Array, ArrayLike, as_real
from sqtheory.orders.compiled_errors import error_units
from sqtheory.orders.errors import norm, powers, root

STEEPEST = 2.5
"""Up to this p the powers of float32 numbers are far from the ends of float64."""
CHUNK = 1 << 20
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
    unit = f.own_run(given.shape)
    if unit is None or (out is not None and not apart(out, given)):
        image = f(given)
        size = norm(given.astype(np.float64) - image, p)
        if out is not None:
            out[...] = image
        return size
    found = error_units(f, given, p, out)
    if found is not None:
        return root(rounded(found), p)
    arrays = (given,) if out is None else (given, out)
    steady = p <= STEEPEST and given.dtype == np.float32  # no power is near the ends of float64
    units, norms = 0, list[float]()
    try:
        for part in strips(arrays, unit, CHUNK):
            image = part[1] if out is not None else np.empty_like(part[0])
            f.into(image, part[0], part[0])
            if steady:
                units += sum(_units(_error(x, y), p) for x, y in pieces((part[0], image), TILE))
            else:
                norms.append(norm(_error(part[0], image), p))
    except ValueError:
        f(given)  # names the place in the whole tensor
        raise
    return root(rounded(units), p) if steady else norm(norms, p)


def _error(x: Array, y: Array) -> Array:
    """x − y in memory of the kernels."""
    error: Array = scratch("error", x.size, np.float64).reshape(x.shape)
    np.copyto(error, x)
    return np.subtract(error, y, out=error)


def _units(e: Array, p: float) -> int:
    """2^1074 Σ |e_i|^p of numbers like those of float32, in whose place their powers are."""
    flat = e.reshape(-1)
    terms = np.multiply(flat, flat, out=flat) if p == 2 else powers(np.abs(flat, out=flat), p)
    top = float(np.maximum.reduce(terms, initial=0.0))
    return sums_below(math.frexp(top)[1], terms, NONE)[0] if top else 0
