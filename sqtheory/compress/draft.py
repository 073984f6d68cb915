"""Codes that were made while everything was planned, kept until they are written."""

import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, final

import numpy as np

from sqtheory.files import atomic
from sqtheory.files.checkpoints.tensors import PIECE_BYTES
from sqtheory.files.packing import Packed, Schema


@final
@dataclass(frozen=True)
class _Place:
    """Where the arrays of a tensor lie, one after another."""

    schema: Schema
    start: int


@final
class Draft:
    """Packed tensors by name in a file without a name, a context manager; nothing is left of it.

    It may be filled from several threads.
    """

    def __init__(self, out: Path) -> None:
        """Nothing is opened before the context is entered; the file lies in the folder of ``out``, which exists."""
        self._file = atomic.NewFile(out, scratch=True)
        self._places: dict[str, _Place] = {}
        self._lock = threading.Lock()
        self._end = 0

    def __enter__(self) -> Self:
        self._file.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.__exit__(kind, error, trace)

    def keep(self, name: str, packed: Packed) -> None:
        """Write the arrays of a tensor to the file. Raises OSError."""
        with self._lock:
            place = _Place(packed.schema, self._end)
            for part, (dtype, _) in packed.schema.layout.items():
                array = np.ascontiguousarray(packed.arrays[part], dtype)
                self._file.write(array.reshape(-1).view(np.uint8).data, self._end)
                self._end += array.nbytes
            self._places[name] = place

    def packed(self, name: str) -> Packed | None:
        """A tensor that was kept; None for another."""
        place = self._places.get(name)
        if place is None:
            return None
        arrays, at = {}, place.start
        for part, (dtype, shape) in place.schema.layout.items():
            array = np.empty(shape, dtype)
            flat = array.reshape(-1).view(np.uint8)
            for begin in range(0, flat.size, PIECE_BYTES):
                piece = flat[begin : begin + PIECE_BYTES]
                with self._lock:
                    piece[...] = np.frombuffer(self._file.read(piece.size, at + begin), np.uint8)
            arrays[part], at = array, at + array.nbytes
        return Packed(place.schema, arrays)
