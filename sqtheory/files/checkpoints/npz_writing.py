"""Writing npz archives and npy files like others: the same members and headers, with other entries."""

import contextlib
import io
import zipfile
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.files import atomic
from sqtheory.files.checkpoints.npz import NpyCheckpoint, NpzCheckpoint
from sqtheory.files.checkpoints.tensors import plain, quoted
from sqtheory.files.checkpoints.writing import check_not_input


@final
class NpzWriter:
    """An npz archive with the members of another, in its order, a context manager; it appears whole or not at all.

    Each member keeps its name, date, compression and npy header; its entries are given as bytes, one member after
    the other. Errors are those of ``CheckpointWriter``.
    """

    def __init__(self, path: Path, source: NpzCheckpoint, *, force: bool = False) -> None:
        """Nothing is opened before the context is entered."""
        check_not_input(path, source)
        self._path, self._source = path, source
        self._file = atomic.NewFile(path, force=force)
        self._pending = [info.name for info in reversed(source.tensors)]

    def copy(self, name: str, pieces: Iterable[NDArray[np.uint8]]) -> None:
        """Write the next array from the bytes of its entries."""
        if not self._pending or name != self._pending.pop():
            raise ValueError(f"{plain(str(self._path))}: {quoted(name)} is not the next array of the archive")
        member = self._source.member(name)
        kept = zipfile.ZipInfo(member.filename, member.date_time)
        kept.compress_type, kept.external_attr = member.compress_type, member.external_attr
        kept.create_system, kept.file_size = member.create_system, member.file_size
        info, (_, head) = self._source.info(name), self._source.head(name)
        with self._archive.open(kept, "w") as stream:
            stream.write(head)
            written = sum(stream.write(np.ascontiguousarray(piece).data) for piece in pieces)
        if written != info.nbytes:
            raise ValueError(f"{plain(str(self._path))}: {quoted(name)} takes {info.nbytes} bytes, got {written}")

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            undo.enter_context(self._file)
            self._stream = _Stream(self._file)
            self._archive = zipfile.ZipFile(self._stream, "w")
            self._undo = undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            with self._undo:
                if self._pending:
                    raise ValueError(f"{plain(str(self._path))}: {quoted(self._pending[-1])} was not written")
                self._archive.close()
            return
        self._stream.lost = True
        with contextlib.suppress(ValueError, OSError):
            self._archive.close()  # else it would write its directory when it is collected
        self._undo.__exit__(kind, error, trace)


@final
class NpyWriter:
    """An npy file with the header of another, a context manager; it appears whole or not at all."""

    def __init__(self, path: Path, source: NpyCheckpoint, *, force: bool = False) -> None:
        """Nothing is opened before the context is entered."""
        check_not_input(path, source)
        self._source = source
        self._file = atomic.NewFile(path, force=force)

    def copy(self, name: str, pieces: Iterable[NDArray[np.uint8]]) -> None:
        """Write the array from the bytes of its entries."""
        self._file.write(self._source.head(name)[1])
        for piece in pieces:
            self._file.write(np.ascontiguousarray(piece).data)

    def __enter__(self) -> Self:
        self._file.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.__exit__(kind, error, trace)


@final
class _Stream(io.RawIOBase):
    """A new file as a stream that can be written and sought in, for zipfile."""

    def __init__(self, file: atomic.NewFile) -> None:
        self._file, self._at, self._end = file, 0, 0
        self.lost = False
        """What is written now goes nowhere."""

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        view = memoryview(data).cast("B")  # type: ignore[arg-type]  # whatever has bytes, which object cannot say
        if not self.lost:
            self._file.write(view, self._at)
        self._at += view.nbytes
        self._end = max(self._end, self._at)
        return view.nbytes

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._end}[whence]
        return self._at

    def tell(self) -> int:
        return self._at
