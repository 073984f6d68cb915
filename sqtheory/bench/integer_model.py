"""The accumulator of a tensor core on integers, group after group, as its law is written down: a baseline."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sqtheory.arithmetic import Accumulator
from sqtheory.arithmetic.accumulator import FINEST, LEAST
from sqtheory.arrays import Array

Integers: TypeAlias = NDArray[np.int64]
NONE = -(1 << 14)
"""The exponent of what is 0."""


def integer_matmul(a: Array, b: Array, one: Accumulator) -> Array:
    """X Wᵀ of numbers that the operand holds, one chain from 0: significands and exponents, int64.

    All products of a group are in memory at once; rows and lengths are the caller's to bound.
    """
    m, bits = one.operand.fraction_bits, one.significant
    sa, sb = ((v, np.where(v == 0, NONE, np.maximum(np.frexp(v)[1] - 1, one.operand.emin))) for v in (a, b))
    (ia, ea), (ib, eb) = ((np.ldexp(v, m - np.where(v == 0, 0, e)).astype(np.int64), e) for v, e in (sa, sb))
    total, unit = np.zeros((len(a), len(b)), np.int64), np.zeros((len(a), len(b)), np.int64)
    for first in range(0, a.shape[1], one.span):
        k = slice(first, first + one.span)
        products = ia[:, None, k] * ib[None, :, k]
        exponents = np.where(products == 0, NONE, ea[:, None, k] + eb[None, :, k])
        own = np.where(total == 0, NONE, np.maximum(unit + _length(total) - 1, LEAST))
        top = np.maximum(exponents.max(axis=2), own)
        new = np.where(top == NONE, 0, top - one.fraction)
        added = _shifted(products, exponents - 2 * m - new[:, :, None]).sum(axis=2) + _shifted(total, unit - new)
        drop = np.clip(np.maximum(_length(added) - bits, FINEST - new), 0, 62)
        total, unit = np.sign(added) * (np.abs(added) >> drop << drop), new
    return np.ldexp(total.astype(np.float64), unit).astype(np.float32)


def _length(v: Integers) -> Integers:
    """Bits of |v|."""
    return np.frexp(v.astype(np.float64))[1].astype(np.int64)


def _shifted(v: Integers, by: Integers) -> Integers:
    """v 2^by, cut towards zero."""
    size = np.abs(v) << np.clip(by, 0, 62) >> np.clip(-by, 0, 62)
    return np.asarray(np.sign(v) * size, np.int64)
