"""A walk through the bytes of an open file, every length checked against what is left before anything is read."""

import os
from pathlib import Path
from typing import IO, final

from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints.entries import fill
from sqtheory.files.checkpoints.tensors import plain, refused


@final
class Walk:
    """A position in a file of which the size is known; numbers are little-endian.

    What is asked for beyond the end is a CheckpointError that says ``what`` was to be there.
    """

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        """Begin at the first byte."""
        self.path, self._file = path, file
        self._size = os.fstat(file.fileno()).st_size
        self.at = 0

    @property
    def left(self) -> int:
        """Bytes from here to the end."""
        return self._size - self.at

    def refused(self, rule: str, tensor: str | None = None) -> CheckpointError:
        """The error for a rule that the file breaks."""
        return refused(self.path, rule, tensor)

    def skip(self, count: int, what: str) -> int:
        """Pass over bytes; the position of the first of them."""
        if not 0 <= count <= self.left:
            raise self.refused(f"{what}: {count} bytes from byte {self.at} on, but the file has only {self._size}")
        begin, self.at = self.at, self.at + count
        return begin

    def take(self, count: int, what: str) -> bytes:
        """The next bytes."""
        begin = self.skip(count, what)
        try:
            self._file.seek(begin)
            return fill(self._file, count).tobytes()
        except (EOFError, OSError) as error:
            raise self.refused(f"{what} cannot be read: {plain(str(error))}") from error

    def number(self, count: int, what: str) -> int:
        """The unsigned number in the next bytes."""
        return int.from_bytes(self.take(count, what), "little")
