"""The entries on which two orders differ, looked at again where rounding hides the winner."""

from collections.abc import Iterable
from typing import TypeAlias

import numpy as np

from sqtheory.arrays import Array
from sqtheory.orders.counts import sign
from sqtheory.orders.errors import change

WITNESSES = 1 << 20
"""So many entries on which the orders differ are looked at again, to find the winner where rounding hides it."""
Witnesses: TypeAlias = tuple[Array, Array, Array]
"""Entries on which the orders differ, and both their results there."""


def few(found: Iterable[Witnesses]) -> Witnesses | None:
    """The witnesses of several tiles together; None as soon as they are too many."""
    kept, left = list[Witnesses](), WITNESSES
    for some in found:
        kept.append(some)
        left -= some[0].size
        if left < 0:
            return None
    return joined(kept)


def joined(found: Iterable[Witnesses]) -> Witnesses:
    """The witnesses of several parts together."""
    given, near, far = map(np.concatenate, zip(*found, strict=True))
    return given, near, far


def exact_lead(witnesses: Witnesses, p: float) -> int:
    """The sign of the lead of S→Q over Q→S."""
    return sign(change(*witnesses, p))
