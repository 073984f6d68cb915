"""Entries of a tensor from the bytes of a stream, a piece at a time."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.files.checkpoints.tensors import PIECE_BYTES, TensorInfo, plain, refused


@final
class Window:
    """The bytes of an open file from a position on: where the system can, many threads read one file at once."""

    AT_ONCE = hasattr(os, "preadv")

    def __init__(self, file: IO[bytes], begin: int, lock: AbstractContextManager[Any]) -> None:
        """``lock``: held while the position of the file is moved, where that must be."""
        self._file, self._at, self._lock = file, begin, lock

    def readinto(self, into: memoryview) -> int:
        """Put the next bytes into memory, as many as there are and fit; their number, 0 at the end."""
        if self.AT_ONCE:
            done = os.preadv(self._file.fileno(), [into], self._at)
        else:
            with self._lock:
                self._file.seek(self._at)
                done = self._file.readinto(into)  # type: ignore[attr-defined]
        self._at += done
        return done


Source: TypeAlias = IO[bytes] | Window
"""Where the next bytes come from."""


def fill(source: Source, nbytes: int) -> NDArray[np.uint8]:
    """The next bytes of a stream, read in pieces into one array; EOFError when the stream ends before."""
    raw = np.empty(nbytes, np.uint8)
    rest = raw.data
    while rest:
        count = source.readinto(rest[:PIECE_BYTES])  # type: ignore[union-attr]
        if not count:
            done = nbytes - len(rest)
            raise EOFError(f"the data end after {done} of {nbytes} bytes: truncated, or changed since it was opened")
        rest = rest[count:]
    return raw


def pieces(source: Source, nbytes: int) -> Iterator[NDArray[np.uint8]]:
    """The next bytes of a stream in pieces of at most 1 MiB; EOFError when the stream ends before."""
    for at in range(0, nbytes, PIECE_BYTES):
        yield fill(source, min(PIECE_BYTES, nbytes - at))


def pieces_at(
    path: Path, info: TensorInfo, file: IO[bytes], begin: int, lock: AbstractContextManager[Any]
) -> Iterator[NDArray[np.uint8]]:
    """The bytes of a tensor that lie at a position of a file, in pieces."""
    source = Window(file, begin, lock)
    for at in range(0, info.nbytes, PIECE_BYTES):
        try:
            piece = fill(source, min(PIECE_BYTES, info.nbytes - at))
        except (EOFError, OSError) as error:
            raise refused(path, plain(str(error)), info.name) from error
        yield piece


def decoded(
    source: Source, nbytes: int, size: int, piece: int, decode: Callable[[NDArray[np.uint8]], NDArray[Any]]
) -> NDArray[np.float32]:
    """``size`` values from the next bytes of a stream, ``piece`` bytes in memory at a time."""
    if nbytes <= piece:
        whole: NDArray[np.float32] = decode(fill(source, nbytes))
        return whole
    values = np.empty(size, np.float32)
    at = 0
    while nbytes:
        raw = fill(source, min(piece, nbytes))
        part = decode(raw)
        values[at : at + part.size] = part
        at, nbytes = at + part.size, nbytes - raw.size
    return values


def widen(values: NDArray[Any]) -> NDArray[Any]:
    """Numbers or booleans in native byte order and C order; 16-bit floats as float32."""
    dtype = np.dtype(np.float32) if values.dtype.kind == "f" and values.itemsize == 2 else values.dtype
    return np.ascontiguousarray(values, dtype.newbyteorder("=")).reshape(values.shape)


def booleans(raw: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Bytes 0 and 1 as booleans; ValueError for any other byte."""
    if raw.size and raw.max() > 1:
        raise ValueError(f"a boolean is a byte 0 or 1, got {raw.max()}")
    return raw.view(np.bool_)
