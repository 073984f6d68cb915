"""What the strips of compiled loops add up to: two integers of a strip for each sum, and entries apart."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.kernels.exact import UNIT, total

HIGH = 32
"""Integers are summed in two halves, the lower of so many bits."""


def strip_sums(
    powers: NDArray[np.int64], totals: NDArray[np.int64], p: float, dust: Sequence[NDArray[Any]]
) -> list[int]:
    """Of x and s, and what the errors of q, S→Q, Q→S and the optimum have more than x; in units of 2^−UNIT."""
    sums = _whole(powers, totals)
    apart = _apart(dust, p) if dust[0].size else [0] * len(sums)
    return [a + b for a, b in zip(sums, apart, strict=True)]


def _apart(dust: Sequence[NDArray[Any]], p: float) -> list[int]:
    """The sums of the entries that are too small for their strip."""
    x, y, who = dust
    size = x.astype(np.float64)
    error = np.abs(size - y)
    if p == 2:
        size, error = size * size, error * error
    ours, theirs, best = (who >> bit & 1 == 1 for bit in range(3))
    entries = total(size)
    more = [total(np.where(on, error, size)) - entries for on in (True, ours, theirs, best)]
    return [entries, total(size[~ours]), *more]


def _whole(powers: NDArray[np.int64], totals: NDArray[np.int64]) -> list[int]:
    """The sums of all strips in units of 2^−UNIT; two integers of a strip stand for each."""
    sums = [0] * (totals.shape[1] // 2)
    for power in np.unique(powers).tolist():
        rows = totals[powers == power]
        high, low = (rows >> HIGH).sum(axis=0).tolist(), (rows & (1 << HIGH) - 1).sum(axis=0).tolist()
        both = [(a << HIGH) + b for a, b in zip(high, low, strict=True)]
        for at, (first, second) in enumerate(zip(both[::2], both[1::2], strict=True)):
            sums[at] += (first << UNIT + power - 52) + (second << UNIT + power - 104)
    return sums
