"""Cutting a tensor along its first axis, where no group is cut, so that work on it needs little memory."""

import math
from collections.abc import Iterator

from sqtheory.alphabet.partition.partition import Partition, Shape

SLAB = 1 << 19
"""Entries taken at once."""


def slabs(groups: Partition, shape: Shape) -> Iterator[slice]:
    """Ranges of the first axis that together are all of it; only one where a group extends along it."""
    apart = len(shape) > 1 and groups.sides(shape)[0] == 1
    step = max(1, SLAB // max(1, math.prod(shape[1:]))) if apart else max(1, shape[0])
    return (slice(at, min(at + step, shape[0])) for at in range(0, shape[0], step))
