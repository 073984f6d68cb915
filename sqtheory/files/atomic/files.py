"""Writing a file whole or not at all."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self, final

from sqtheory.files.atomic.abandoned import hidden, lock, recover, sync_folder
from sqtheory.files.atomic.exchange import take

_TMPFILE: int = getattr(os, "O_TMPFILE", 0)
_FLAGS = os.O_RDWR | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_NAME = "/proc/self/fd/{}"


def check_folder(folder: Path) -> None:
    """Make a folder for results and see that files can be made in it; raises OSError if not."""
    folder.mkdir(parents=True, exist_ok=True)
    recover(folder)
    with about(folder), NewFile(folder / "file", scratch=True):
        pass


@contextmanager
def about(path: Path) -> Iterator[None]:
    """Name a file or folder in whatever the system says inside."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def write(path: Path, data: bytes, *, force: bool = False) -> bool:
    """Write bytes to a file so that it holds either its old content or all of the new; True if it changed.

    Raises FileExistsError when the file holds anything else and ``force`` is off; identical bytes are left alone.
    """
    if holds(path, data):
        return False
    with NewFile(path, force=force) as file:
        file.write(data)
    return True


def holds(path: Path, data: bytes) -> bool:
    """Whether a file has these very bytes."""
    return path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data


@final
class NewFile:
    """A file that takes its name only when it is whole, a context manager; after an error nothing is left of it.

    The bytes go to a file in the same folder, are synced, and take the name in one step; then the folder is synced.
    Until then the file has no name where the system allows that; where it must have one, and the process is killed,
    the next that writes to the folder removes it. A file that is replaced passes on its permissions, a new one has
    those that the umask leaves; a symbolic link is replaced itself. Raises FileExistsError when there is such a file
    and ``force`` is off, and whenever there is such a folder; OSError that names the file where the system cannot.
    """

    def __init__(self, path: Path, *, force: bool = False, scratch: bool = False) -> None:
        """Nothing is opened before the context is entered. ``scratch``: it never takes the name."""
        self._path, self._force, self._scratch = path, force, scratch
        self._hidden = hidden(path.parent)
        self._named = self._lent = False
        self._begun: NewFile | None = None

    def renamed(self, path: Path, *, force: bool = False) -> "NewFile":
        """What is written here, as a file to be entered that takes another name on the same file system.

        From then on it is that one which is left, and what is here can be read until it is.
        """
        other = NewFile(path, force=force)
        other._begun = self
        return other

    def write(self, data: bytes | memoryview, at: int | None = None) -> None:
        """Write bytes at the end of what was written last, or at a position."""
        with about(self._path):
            if at is not None:
                os.lseek(self._handle, at, os.SEEK_SET)
            rest = memoryview(data)
            rest = rest.cast("B") if rest.nbytes else rest[:0]
            while rest:
                rest = rest[os.write(self._handle, rest) :]

    def read(self, nbytes: int, at: int) -> bytes:
        """So many bytes of what was written."""
        with about(self._path):
            os.lseek(self._handle, at, os.SEEK_SET)
            return os.read(self._handle, nbytes)

    def __enter__(self) -> Self:
        if not self._scratch:
            check_file(self._path, force=self._force)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with about(self._path):
            recover(self._path.parent)
            self._handle = self._open() if self._begun is None else self._begun._lend(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lent:
            return
        try:
            if error is None and not self._scratch:
                check_file(self._path, force=self._force)
                with about(self._path):
                    self._commit()
        finally:
            os.close(self._handle)
            if self._named:
                with about(self._path):
                    os.unlink(self._hidden)
        if error is None and not self._scratch:
            with about(self._path):
                sync_folder(self._path.parent)

    def _lend(self, other: "NewFile") -> int:
        other._hidden, other._named, self._lent = self._hidden, self._named, True
        return self._handle

    def _open(self) -> int:
        if _TMPFILE:
            try:
                handle = os.open(self._path.parent, _FLAGS | _TMPFILE, 0o666)
            except OSError:  # not every file system can
                pass
            else:
                if os.path.exists(_NO_NAME.format(handle)) and lock(handle):
                    return handle
                os.close(handle)
        while True:
            handle = os.open(self._hidden, _FLAGS | os.O_CREAT | os.O_EXCL, 0o666)
            lock(handle, wait=True)
            if os.fstat(handle).st_nlink:
                self._named = True
                return handle
            os.close(handle)  # taken for abandoned before it was locked

    def _commit(self) -> None:
        keep_mode(self._handle, self._path)
        os.fsync(self._handle)
        if not self._named:
            try:
                self._link(self._path)
            except FileExistsError:
                check_file(self._path, force=self._force)
                self._link(self._hidden)
        if self._named:
            os.replace(self._hidden, self._path) if self._force else take(self._path, self._hidden)
            self._named = False

    def _link(self, name: Path) -> None:
        """Give the file without a name one that nothing has."""
        folder = os.open(name.parent, os.O_RDONLY)
        try:
            # the folder makes Python call linkat, which follows the link that /proc keeps for an open file
            os.link(_NO_NAME.format(self._handle), name, src_dir_fd=folder, follow_symlinks=True)
            self._named = name == self._hidden
        finally:
            os.close(folder)


def keep_mode(handle: int, path: Path) -> None:
    """Give an open file the permissions of one that it is to replace."""
    try:
        old = os.stat(path, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return
    if stat.S_ISREG(old) and os.chmod in os.supports_fd:
        os.chmod(handle, old & 0o777)


def check_file(path: Path, *, force: bool) -> None:
    """Raise FileExistsError if a file may not be written, or replaced with ``force``."""
    if path.is_dir() and not path.is_symlink():
        raise FileExistsError(f"{path} is a folder: it is not replaced by a file")
    if not force and os.path.lexists(path):
        raise FileExistsError(f"{path} exists: pass --force to replace it")
