"""Sums without any rounding: whole numbers of 2^−1074, the least unit of float64, whatever the order of the terms."""

import math
from collections.abc import Callable
from operator import add, mul
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.kernels.scratch import scratch
from sqtheory.arrays import PIECE

Numbers: TypeAlias = NDArray[np.floating[Any]]
UNIT = 1074
"""Sums are multiples of 2^−UNIT."""
TILE = 1 << 17
"""So many terms are split at once: they stay in cache."""
ROW = 1 << 9
"""So many terms are added up by one call: few enough that no library shares them between threads."""
BITS = 44
"""ROW whole numbers of at most 2^BITS add up to at most 2^53: no float64 sum of them rounds, in whatever order."""
SPAN = 2 * (BITS + 1) - 1
"""Multiples of 2^{power − SPAN} up to 2^power are two such numbers, of different units."""
DIGITS = 53
"""A float64 number of at least 2^e is a multiple of 2^{e + 1 − DIGITS}."""
TALL = 900
"""Terms beyond 2^±TALL are scaled first."""
FEW = 1 / 64
"""Of more terms than this share, those that are 0 are told from those that are small."""
HANDFUL = 32
"""Up to so many terms are added up one by one."""
NONE: Numbers = np.empty((0, 0))
"""No weights."""
_ONES = np.ones(ROW)


def total(terms: Numbers) -> int:
    """2^1074 Σ t_i of finite numbers, exactly.

    >>> rounded(total(np.array([1e16, 1.0, -1e16])))
    1.0
    """
    flat = terms.reshape(-1)
    return sum(sums(flat[at : at + TILE], NONE)[0] for at in range(0, flat.size, TILE))


def sums(terms: Numbers, weights: Numbers) -> list[int]:
    """2^1074 Σ t_i, then 2^1074 Σ w_i t_i for every row w of −1, 0, 1: of finite numbers, exactly."""
    if terms.size <= HANDFUL:
        whole, rows = [units(t) for t in terms.tolist()], weights.astype(np.int8).tolist()
        return [sum(whole), *(sum(map(mul, row, whole)) for row in rows)]
    top = max(float(np.maximum.reduce(terms)), -float(np.minimum.reduce(terms)))
    power = math.frexp(top)[1]
    if top == 0:
        return [0] * (1 + len(weights))
    if power < -TALL:
        return [units >> TALL for units in sums(np.ldexp(terms, TALL), weights)]
    if power > TALL:
        large = np.where(np.abs(terms) >= 1, terms, 0.0)
        scaled = [units << TALL for units in sums(np.ldexp(large, -TALL), weights)]
        return list(map(add, scaled, sums(terms - large, weights)))
    left = scratch("left", terms.size, np.float64)
    np.copyto(left, terms)
    return sums_below(power, left, weights)


def sums_below(power: int, terms: Numbers, weights: Numbers, grid: int | None = None) -> list[int]:
    """``sums`` of terms up to 2^power, |power| ≤ TALL, all multiples of 2^grid if that is given. They are spoiled.

    With c = 3·2^{power+7} the sum t + c lies in one binade, so t + c − c is t to the nearest 2^{power−44}; what
    remains is at most half of that, and a multiple of 2^{power−89} but for small terms, which are taken apart.
    """
    if grid is not None and grid >= power - BITS:
        return _sums_of_multiples(power - BITS, terms, weights)
    at = _small(terms, power - SPAN + DIGITS - 1) if grid is None or grid < power - SPAN else None
    apart = None if at is None else terms[at]
    if at is not None:
        terms[at] = 0
    head = scratch("head", terms.size, np.float64)
    lift = np.float64(3 * 2.0 ** (power + DIGITS - 2 - BITS))
    np.subtract(np.add(terms, lift, out=head), lift, out=head)
    np.subtract(terms, head, out=terms)
    high, low = (
        _sums_of_multiples(unit, part, weights) for unit, part in ((power - BITS, head), (power - SPAN, terms))
    )
    found = list(map(add, high, low))
    if at is None or apart is None:
        return found
    return list(map(add, found, sums(apart, weights[:, at] if len(weights) else weights)))


def total_of(terms: Callable[[slice], Numbers], size: int) -> int:
    """``total`` of so many numbers that are made piece by piece."""
    return sum(total(terms(slice(at, min(at + PIECE, size)))) for at in range(0, size, PIECE))


def rounded(units: int) -> float:
    """The float64 nearest to a sum, ties to even; ∞ beyond the range."""
    try:
        return units / (1 << UNIT)
    except OverflowError:
        return float("inf") if units > 0 else float("-inf")


def units(t: float) -> int:
    """A finite number as a multiple of 2^−UNIT."""
    share, exponent = math.frexp(t)
    whole, places = int(share * (1 << DIGITS)), UNIT + exponent - DIGITS
    return whole << places if places >= 0 else whole >> -places


def _small(terms: Numbers, power: int) -> NDArray[np.intp] | None:
    """Where the terms are below 2^power, at least those that are not 0; None where no term is."""
    end, small = 2.0**power, scratch("small", terms.size, np.bool_)
    count = np.count_nonzero(np.less(terms, end, out=small))
    if count > FEW * small.size:  # most of them may be 0, or negative
        np.logical_and(small, terms > -end, out=small)
        np.logical_and(small, terms != 0, out=small)
    at = np.flatnonzero(small) if count else None
    return None if at is None else at[terms[at] > -end]


def _sums_of_multiples(unit: int, terms: Numbers, weights: Numbers) -> list[int]:
    """``sums`` of at most 2^19 multiples of 2^unit up to 2^{unit+BITS}, row by row in float64."""
    size, count = terms.size, len(weights)
    full, scale = size // ROW * ROW, 2.0**-unit
    found = [0] * (1 + count)
    for start, stop, row in ((0, full, ROW), (full, size, size - full)):
        if start == stop:
            continue
        rows = terms[start:stop].reshape(-1, row)
        by_row = np.empty((1 + count, len(rows)))
        np.vecdot(rows, _ONES[:row], out=by_row[0])
        if count:
            np.vecdot(weights[:, start:stop].reshape(count, *rows.shape), rows, out=by_row[1:])
        wholes = np.multiply(by_row, scale, out=by_row).astype(np.int64)
        found = list(map(add, found, np.add.reduce(wholes, axis=1).tolist()))
    return [whole << (UNIT + unit) for whole in found]
