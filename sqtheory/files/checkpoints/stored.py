"""A tensor that stays in its file and is read piece by piece, as often as needed."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np

from sqtheory.arrays import Array, StreamedTensor, as_real
from sqtheory.files.checkpoints.tensors import Checkpoint

LARGE = 1 << 24
"""A tensor of more entries is read piece by piece where it can be."""


@final
@dataclass(frozen=True, eq=False)
class StoredTensor(StreamedTensor):
    """A tensor of floating-point numbers in an open checkpoint that streams it."""

    checkpoint: Checkpoint
    name: str

    @classmethod
    def of(cls, checkpoint: Checkpoint, name: str) -> "StoredTensor | None":
        """The tensor if it is large and can be read piece by piece; None for others, which are read whole."""
        info = checkpoint.info(name)
        streams = checkpoint.streams and info.is_float and info.shown_of is None
        return cls(checkpoint, name) if streams and info.size > LARGE else None

    @property
    def shape(self) -> tuple[int, ...]:
        return self.checkpoint.info(self.name).shape

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        return next(map(as_real, self.checkpoint.slabs(self.name))).dtype

    def pieces(self, entries: int) -> Iterator[Array]:
        if self.checkpoint.splits(self.name, entries):
            return self.between(0, self.size, entries)
        return self._joined(entries)

    def between(self, begin: int, end: int, entries: int) -> Iterator[Array]:
        """Those of ``pieces`` from one place to another, reading no more than these if the checkpoint can."""
        cuts = range(begin, end, entries)
        return (as_real(self.checkpoint.entries(self.name, at, min(at + entries, end))) for at in cuts)

    def whole(self) -> Array:
        return as_real(self.checkpoint.read(self.name))

    def _joined(self, entries: int) -> Iterator[Array]:
        """``pieces`` from slabs of other lengths."""
        waiting: list[Array] = []
        ready = 0
        for slab in map(as_real, self.checkpoint.slabs(self.name)):
            waiting.append(slab)
            ready += slab.size
            if ready >= entries:
                joined = np.concatenate(waiting)
                whole = ready // entries * entries
                yield from joined[:whole].reshape(-1, entries)
                waiting, ready = [joined[whole:]], ready - whole
        if ready:
            yield np.concatenate(waiting)
