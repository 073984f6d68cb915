"""Tables of a FlatBuffer in a file, from the public description of the encoding; every position is checked.

A table begins with the distance back to its list of fields; a field that the list lacks has its default. What is a
table, text or list itself is a distance onwards from where it is told.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, final

from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints.entries import fill
from sqtheory.files.checkpoints.tensors import plain, refused

_BLOCK = 1 << 16
_LONGEST = 1 << 16
_HELD = 64
"""Blocks that are held."""


@final
class FlatBuffer:
    """The bytes of an open file, held in blocks. Whatever lies beyond the end is a CheckpointError."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        """Nothing is read yet."""
        self.path, self._file = path, file
        self.size = os.fstat(file.fileno()).st_size
        self._blocks: dict[int, bytes] = {}

    @property
    def root(self) -> "FlatTable":
        """The table that all others hang on."""
        return FlatTable(self, self.onwards(0))

    def refused(self, rule: str, tensor: str | None = None) -> CheckpointError:
        """The error for a rule that the file breaks."""
        return refused(self.path, rule, tensor)

    def check(self, begin: int, count: int) -> None:
        """CheckpointError unless so many bytes are there."""
        if begin < 0 or count < 0 or begin + count > self.size:
            raise self.refused(f"{count} bytes from byte {begin} on are told of, but the file has only {self.size}")

    def take(self, begin: int, count: int) -> bytes:
        """Some bytes."""
        self.check(begin, count)
        first, last = begin // _BLOCK, (begin + count - 1) // _BLOCK
        joined = b"".join(self._block(number) for number in range(first, last + 1))
        return joined[begin - first * _BLOCK :][:count]

    def number(self, begin: int, code: str) -> Any:
        """The number of a type of ``struct``, little-endian."""
        return struct.unpack("<" + code, self.take(begin, struct.calcsize("<" + code)))[0]

    def onwards(self, begin: int) -> int:
        """Where the distance at a position leads."""
        distance: int = self.number(begin, "I")
        return begin + distance

    def _block(self, number: int) -> bytes:
        if number not in self._blocks:
            if len(self._blocks) >= _HELD:
                self._blocks.pop(next(iter(self._blocks)))
            begin = number * _BLOCK
            try:
                self._file.seek(begin)
                self._blocks[number] = fill(self._file, min(_BLOCK, self.size - begin)).tobytes()
            except (EOFError, OSError) as error:
                raise self.refused(f"cannot be read: {plain(str(error))}") from error
        return self._blocks[number]


@final
@dataclass(frozen=True)
class FlatTable:
    """A table at a position of the file; fields are asked for by their number."""

    buffer: FlatBuffer
    at: int

    def number(self, field: int, code: str, default: Any = 0) -> Any:
        """A number of a type of ``struct``."""
        place = self._place(field)
        return default if place is None else self.buffer.number(place, code)

    def text(self, field: int) -> str:
        """A text of at most 64 KiB; empty where it is not there."""
        begin, count = self._list(field, 1, _LONGEST)
        try:
            return self.buffer.take(begin, count).decode("utf-8")
        except UnicodeDecodeError as error:
            raise self.buffer.refused(f"a text at byte {begin} is not UTF-8: {error.reason}") from error

    def count(self, field: int, width: int) -> int:
        """How many entries of so many bytes a list has."""
        return self._list(field, width)[1]

    def numbers(self, field: int, code: str, most: int = _LONGEST) -> tuple[Any, ...]:
        """A list of at most so many numbers; empty where it is not there."""
        width = struct.calcsize("<" + code)
        begin, count = self._list(field, width, most)
        return struct.unpack(f"<{count}{code}", self.buffer.take(begin, width * count))

    def span(self, field: int) -> tuple[int, int]:
        """The first byte of a list of bytes, and how many there are; (0, 0) where it is not there."""
        return self._list(field, 1)

    def table(self, field: int) -> "FlatTable | None":
        """A table; None where it is not there."""
        place = self._place(field)
        return None if place is None else FlatTable(self.buffer, self.buffer.onwards(place))

    def tables(self, field: int) -> Iterator["FlatTable"]:
        """A list of tables; empty where it is not there."""
        begin, count = self._list(field, 4, _LONGEST)
        for place in range(begin, begin + 4 * count, 4):
            yield FlatTable(self.buffer, self.buffer.onwards(place))

    def _place(self, field: int) -> int | None:
        """Where a field lies; None where it has its default."""
        fields = self.at - self.buffer.number(self.at, "i")
        known = self.buffer.number(fields, "H")
        offset = self.buffer.number(fields + 4 + 2 * field, "H") if 6 + 2 * field <= known else 0
        return self.at + offset if offset else None

    def _list(self, field: int, width: int, most: int | None = None) -> tuple[int, int]:
        """The first byte and the number of the entries of a list."""
        place = self._place(field)
        if place is None:
            return 0, 0
        begin = self.buffer.onwards(place)
        count = self.buffer.number(begin, "I")
        if most is not None and count > most:
            raise self.buffer.refused(f"a list at byte {begin} has at most {most} entries here, got {count}")
        self.buffer.check(begin + 4, width * count)
        return begin + 4, count
