"""Writing a file, or a folder of files, whole or not at all."""

import contextlib
import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self, final

try:
    import fcntl
except ImportError:  # Windows, where what a killed process leaves stays
    fcntl = None  # type: ignore[assignment]

_TMPFILE: int = getattr(os, "O_TMPFILE", 0)
_FLAGS = os.O_WRONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_NAME = "/proc/self/fd/{}"
_HIDDEN = re.compile(r"\.sqtheory-[0-9a-f]{16}\.partial", re.ASCII)
"""Names of files that are being written, each locked as long as its writer lives."""


def check_folder(folder: Path) -> None:
    """Make a folder for results and see that files can be made in it; raises OSError if not."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass


def write(path: Path, data: bytes, *, force: bool = False) -> bool:
    """Write bytes to a file so that it holds either its old content or all of the new; True if it changed.

    Raises FileExistsError when the file holds anything else and ``force`` is off; identical bytes are left alone.
    """
    if path.exists() and path.read_bytes() == data:
        return False
    with NewFile(path, force=force) as file:
        file.write(data)
    return True


@final
class NewFile:
    """A file that takes its name only when it is whole, a context manager; after an error nothing is left of it.

    The bytes go to a file in the same folder, are synced, and take the name in one step; then the folder is synced.
    Until then the file has no name where the system allows that; where it must have one, and the process is killed,
    the next that writes to the folder removes it. A file that is replaced passes on its permissions, a new one has
    those that the umask leaves; a symbolic link is replaced itself. Raises FileExistsError when there is such a file
    and ``force`` is off.
    """

    def __init__(self, path: Path, *, force: bool = False) -> None:
        """Nothing is opened before the context is entered."""
        self._path, self._force = path, force
        self._hidden = path.with_name(f".sqtheory-{secrets.token_hex(8)}.partial")
        self._named = False

    def write(self, data: bytes | memoryview, at: int | None = None) -> None:
        """Write bytes at the end of what was written last, or at a position."""
        if at is not None:
            os.lseek(self._handle, at, os.SEEK_SET)
        rest = memoryview(data)
        rest = rest.cast("B") if rest.nbytes else rest[:0]
        while rest:
            rest = rest[os.write(self._handle, rest) :]

    def __enter__(self) -> Self:
        self._refuse_to_replace()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(self._path.parent)
        self._handle = self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._commit()
        finally:
            os.close(self._handle)
            if self._named:
                os.unlink(self._hidden)
        if error is None:
            _sync_folder(self._path.parent)

    def _open(self) -> int:
        if _TMPFILE:
            try:
                handle = os.open(self._path.parent, _FLAGS | _TMPFILE, 0o666)
            except OSError:  # not every file system can
                pass
            else:
                if os.path.exists(_NO_NAME.format(handle)) and _lock(handle):
                    return handle
                os.close(handle)
        while True:
            handle = os.open(self._hidden, _FLAGS | os.O_CREAT | os.O_EXCL, 0o666)
            _lock(handle, wait=True)
            if os.fstat(handle).st_nlink:
                self._named = True
                return handle
            os.close(handle)  # taken for abandoned before it was locked

    def _commit(self) -> None:
        if self._force:
            self._keep_mode()
        os.fsync(self._handle)
        if self._named:
            self._refuse_to_replace()
        else:
            self._link(self._hidden if self._force else self._path)
        if self._named:
            os.replace(self._hidden, self._path)
            self._named = False

    def _link(self, name: Path) -> None:
        """Give the file without a name one that nothing has."""
        folder = os.open(name.parent, os.O_RDONLY)
        try:
            # the folder makes Python call linkat, which follows the link that /proc keeps for an open file
            os.link(_NO_NAME.format(self._handle), name, src_dir_fd=folder, follow_symlinks=True)
        except FileExistsError:
            self._refuse_to_replace()
            raise
        finally:
            os.close(folder)
        self._named = name == self._hidden

    def _keep_mode(self) -> None:
        try:
            old = os.stat(self._path, follow_symlinks=False).st_mode
        except FileNotFoundError:
            return
        if stat.S_ISREG(old) and os.chmod in os.supports_fd:
            os.chmod(self._handle, old & 0o777)

    def _refuse_to_replace(self) -> None:
        if not self._force and os.path.lexists(self._path):
            raise FileExistsError(f"{self._path} exists and differs: pass --force to replace it")


@final
class NewFolder:
    """A folder that takes its name only when all in it is written, a context manager; after an error nothing is left.

    Its files are written to the folder that the context gives. An empty folder of the name counts as none; one that
    holds anything is replaced with ``force`` only, and only if all it holds is among ``names``, the files to come by
    their paths inside the folder. Raises FileExistsError otherwise. What a killed process leaves is removed by the
    next that writes to the parent.
    """

    def __init__(self, path: Path, names: Iterable[str], *, force: bool = False) -> None:
        """Nothing is made before the context is entered."""
        self._path, self._names, self._force = path, frozenset(names), force
        self._hidden = path.with_name(f".sqtheory-{secrets.token_hex(8)}.partial")
        self._handle: int | None = None

    def check(self) -> None:
        """Raise FileExistsError if the folder may not be written."""
        if not os.path.lexists(self._path):
            return
        if self._path.is_symlink() or not self._path.is_dir():
            raise FileExistsError(f"{self._path} exists and is no folder")
        held = sorted(file.relative_to(self._path).as_posix() for file in self._path.rglob("*") if not file.is_dir())
        if held and not self._force:
            raise FileExistsError(f"{self._path} exists and is not empty: pass --force to replace it")
        lost = next((name for name in held if name not in self._names), None)
        if lost is not None:
            raise FileExistsError(f"{self._path} holds {lost!r}, which is no part of the output: it is not replaced")

    def __enter__(self) -> Path:
        self.check()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(self._path.parent)
        while True:
            self._hidden.mkdir()
            if fcntl is None:
                return self._hidden
            self._handle = os.open(self._hidden, os.O_RDONLY)
            _lock(self._handle, wait=True)
            if os.fstat(self._handle).st_nlink:
                return self._hidden
            os.close(self._handle)  # taken for abandoned before it was locked

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._commit()
        finally:
            shutil.rmtree(self._hidden, ignore_errors=True)
            if self._handle is not None:
                os.close(self._handle)

    def _commit(self) -> None:
        _sync_folder(self._hidden)
        self.check()
        old = self._path.with_name(f".sqtheory-{secrets.token_hex(8)}.partial")
        if self._path.is_dir():
            os.rename(self._path, old)
        try:
            os.rename(self._hidden, self._path)
        except OSError:
            if old.is_dir():
                os.rename(old, self._path)
            raise
        shutil.rmtree(old, ignore_errors=True)
        _sync_folder(self._path.parent)


def _lock(handle: int, *, wait: bool = False) -> bool:
    """Lock an open file for this process; whether that worked."""
    try:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return fcntl is not None


def _remove_abandoned(folder: Path) -> None:
    """Remove the unfinished files and folders of processes that are gone."""
    with os.scandir(folder) as entries:
        hidden = [entry.path for entry in entries if _HIDDEN.fullmatch(entry.name) and not entry.is_symlink()]
    for path in hidden:
        with contextlib.suppress(OSError):  # another process was first
            handle = os.open(path, os.O_RDONLY)
            try:
                if _lock(handle):
                    shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
            finally:
                os.close(handle)


def _sync_folder(folder: Path) -> None:
    if not hasattr(os, "O_DIRECTORY"):  # Windows cannot open folders
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
