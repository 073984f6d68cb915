"""Working memory that is made once for each thread: buffers of one tile."""

import threading
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

TILE = 1 << 21
"""Bytes of a tile: small enough for the caches, large enough that calls of numpy cost little beside their loops."""


def per_tile(x: NDArray[Any]) -> int:
    """Entries like those of x in a tile."""
    return max(1, TILE // x.itemsize)


HELD = (32 << 20) - (1 << 16)
"""Bytes of the largest block after whose return glibc keeps blocks of this size for the next that asks."""


def hold() -> None:
    """Let the allocator keep what is freed, where it would ask the system for new pages again and again."""
    np.empty(HELD, np.uint8)


class Scratch(threading.local):
    """Buffers by name; a buffer grows to the largest request and is kept."""

    def __init__(self) -> None:
        self._buffers: dict[str, NDArray[np.uint8]] = {}

    def __call__(self, name: str, size: int, dtype: DTypeLike) -> NDArray[Any]:
        """Uninitialized memory for ``size`` entries, the same whenever the name is the same."""
        wanted = size * np.dtype(dtype).itemsize
        held = self._buffers.get(name)
        if held is None or held.size < wanted:
            held = self._buffers[name] = np.empty(wanted, np.uint8)
        return held[:wanted].view(dtype)


scratch = Scratch()
