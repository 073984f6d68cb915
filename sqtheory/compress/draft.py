"""What is made of tensors while everything is planned, kept until it is written."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.files import atomic
from sqtheory.files.checkpoints.tensors import PIECE_BYTES
from sqtheory.files.checkpoints.writing import Begun
from sqtheory.files.packing import Packed, Schema


@final
@dataclass(frozen=True)
class _Place:
    """Where the bytes of a tensor lie: in the file of a name among those that are written, from where to where."""

    file: str
    start: int
    end: int


@final
@dataclass(frozen=True)
class _Codes:
    """Where the arrays of a tensor lie, one after another."""

    schema: Schema
    start: int


@final
class Draft:
    """Bytes of tensors in files without a name, a context manager; nothing is left of them but what was made of them.

    Where it is known at which place of which file the bytes of a tensor will lie, they lie there, and the file only
    needs its header and its name; packed tensors wait in a file of their own. It may be filled from several threads,
    and refuses them with ValueError once it is closed.
    """

    def __init__(self, out: Path) -> None:
        """The files lie in the folder of ``out``, which exists."""
        self._out, self._lock, self._stack = out, threading.Lock(), ExitStack()
        self._files: dict[str | None, atomic.NewFile] = {}
        self._starts: dict[str, tuple[str, int]] = {}
        self._places: dict[str, _Place] = {}
        self._codes: dict[str, _Codes] = {}
        self._end, self._closed = 0, False

    def __enter__(self) -> Self:
        self._stack.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._closed = True
            self._stack.__exit__(kind, error, trace)

    def lay(self, places: Mapping[str, Mapping[str, int]]) -> None:
        """Where in which file the bytes of tensors will begin: those of these names are kept there."""
        self._starts = {name: (file, start) for file, starts in places.items() for name, start in starts.items()}

    def passed(self, name: str, pieces: Iterable[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
        """The pieces, written on the way if it is known where; the tensor is held when all went by. Raises OSError."""
        if name not in self._starts:
            yield from pieces
            return
        file, start = self._starts[name]
        end = start
        for piece in pieces:
            self._write(file, np.ascontiguousarray(piece), end)
            end += piece.nbytes
            yield piece
        self._places[name] = _Place(file, start, end)

    @property
    def held(self) -> frozenset[str]:
        """The names of tensors whose bytes went by and were written."""
        return frozenset(self._places)

    def pieces(self, name: str) -> Iterator[NDArray[np.uint8]] | None:
        """The bytes of a tensor that is held; None for another."""
        place = self._places.get(name)
        return None if place is None else self._read(place.file, place.start, place.end)

    def begun(self, file: str) -> Begun | None:
        """The file that is to be the one of this name, and what it holds; None where it holds nothing."""
        starts = {name: place.start for name, place in self._places.items() if place.file == file}
        return Begun(self._files[file], starts) if starts else None

    def keep(self, name: str, packed: Packed) -> None:
        """Write the arrays of a tensor to a file. Raises OSError."""
        with self._lock:
            start = self._end
            self._end += packed.nbytes
        at = start
        for part, (dtype, _) in packed.schema.layout.items():
            array = np.ascontiguousarray(packed.arrays[part], dtype)
            self._write(None, array, at)
            at += array.nbytes
        self._codes[name] = _Codes(packed.schema, start)

    def packed(self, name: str) -> Packed | None:
        """A tensor that was kept; None for another."""
        place = self._codes.get(name)
        if place is None:
            return None
        arrays, at = {}, place.start
        for part, (dtype, shape) in place.schema.layout.items():
            array = np.empty(shape, dtype)
            flat, done = array.reshape(-1).view(np.uint8), 0
            for piece in self._read(None, at, at + array.nbytes):
                flat[done : done + piece.size] = piece
                done += piece.size
            arrays[part], at = array, at + array.nbytes
        return Packed(place.schema, arrays)

    def _write(self, file: str | None, array: NDArray[np.generic], at: int) -> None:
        with self._lock:
            if self._closed:
                raise ValueError("the draft is closed")
            if file not in self._files:
                self._files[file] = self._stack.enter_context(atomic.NewFile(self._out, scratch=True))
            self._files[file].write(array.reshape(-1).view(np.uint8).data, at)

    def _read(self, file: str | None, at: int, end: int) -> Iterator[NDArray[np.uint8]]:
        for begin in range(at, end, PIECE_BYTES):
            with self._lock:
                piece = self._files[file].read(min(PIECE_BYTES, end - begin), begin)
            yield np.frombuffer(piece, np.uint8)
