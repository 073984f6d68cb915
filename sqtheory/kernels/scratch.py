"""Working memory that is made once for each thread: buffers of one tile, the size that stays in the second-level cache."""

import threading
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

TILE = 1 << 15
"""Entries of a tile: four float32 buffers of it fill half of a cache of 1 MiB."""


class Scratch(threading.local):
    """Buffers by name; a buffer grows to the largest request and is kept."""

    def __init__(self) -> None:
        self._buffers: dict[str, NDArray[np.uint8]] = {}

    def __call__(self, name: str, size: int, dtype: DTypeLike) -> NDArray[Any]:
        """Uninitialized memory for ``size`` entries, the same whenever the name is the same."""
        wanted = size * np.dtype(dtype).itemsize
        held = self._buffers.get(name)
        if held is None or held.size < wanted:
            held = self._buffers[name] = np.empty(max(wanted, 4 * TILE), np.uint8)
        return held[:wanted].view(dtype)


scratch = Scratch()
