"""Leases of tensors, by which processes that share a folder of results share the work: a file for each one taken.

A lease only saves work. If two processes take one tensor after all, both compute the same line.
"""

import contextlib
import os
import platform
import re
import secrets
import stat
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self, final

from sqtheory.execution.stored import stored
from sqtheory.files import atomic

BEAT = 5.0
"""Seconds between two touches of a lease that is held."""
LEASE = 60.0
"""Seconds without a touch after which a lease is void: its process crashed, or its machine is gone."""

OWNER = re.compile(r"(?P<host>\S+) (?P<pid>[0-9]{1,20}) (?P<word>[0-9a-f]{32})", re.ASCII)
"""What the file of a process says."""
_OWN = re.compile(r"\.[0-9a-f]{32}", re.ASCII)
"""How the file of a process is called, and a lease that is being removed."""
_LEASE = "claim"
"""The file of a lease, called as version 0.1.0 called it, which may share the folder."""
MOST = 1000
"""Bytes of a lease that are read."""


@final
class Leases:
    """The leases of one process below a folder; a context manager.

    Every lease is a hard link to one file that says who the process is and that a thread touches while it lives.
    A lease of another process is void if that process ran on this machine and is gone, or if its file was
    not touched for ``lease`` seconds of this process's own clock: clocks of machines are never compared. What is no
    file, whoever left it under the name of a lease, holds nothing: it is removed, or passed over where it cannot be.
    """

    def __init__(self, folder: Path, *, beat: float = BEAT, lease: float = LEASE) -> None:
        """Leases below a folder; nothing is written before the context is entered."""
        self._folder = folder
        self._beat, self._lease = beat, lease
        self._held: set[str] = set()
        self._seen: dict[Path, tuple[int, float]] = {}
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._touch, name="leases", daemon=True)
        word = secrets.token_hex(16)
        self._own = folder / f".{word}"
        self._text = f"{platform.node()} {os.getpid()} {word}"

    def take(self, key: str) -> bool:
        """Take a key; False if another process holds it."""
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        for _ in range(3):
            try:
                os.link(self._own, path)
            except FileExistsError:
                if not self._drop_void(path):
                    return False
            except FileNotFoundError:  # another process took this one for dead and tidied up
                self._say()
            else:
                self._held.add(key)
                return True
        return path.is_dir()

    def release(self, key: str) -> None:
        """Give a key back."""
        self._held.discard(key)
        path = self._path(key)
        found = _lease_at(path)
        if found and found[1] == self._text:
            path.unlink(missing_ok=True)

    def tidy(self, key: str) -> None:
        """Remove the lease of a process that died after it had finished."""
        self._drop_void(self._path(key))

    def __enter__(self) -> Self:
        atomic.check_folder(self._folder)
        try:
            self._say()
            self._sweep_up()
        except BaseException:
            self._own.unlink(missing_ok=True)
            raise
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left.set()
        self._thread.join()
        for key in list(self._held):
            self.release(key)
        self._sweep_up()
        self._own.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / key / _LEASE

    def _say(self) -> None:
        atomic.write(self._own, self._text.encode(), force=True)

    def _sweep_up(self) -> None:
        """Remove everything that processes left that are gone; the file that says so of each goes last."""
        others = [path for path in self._folder.iterdir() if _OWN.fullmatch(path.name) and path != self._own]
        gone = [path for path in others if self._is_void(path)]
        if not gone:
            return
        for folder in [path for path in self._folder.iterdir() if path.is_dir() and not path.is_symlink()]:
            atomic.recover(folder)
            for path in list(folder.iterdir()):
                if _OWN.fullmatch(path.name):  # a lease put aside, which nobody looks for
                    path.unlink(missing_ok=True)
                elif path.name == _LEASE:
                    self._drop_void(path)
        for path in gone:
            with contextlib.suppress(OSError):
                path.unlink()

    def _touch(self) -> None:
        while not self._left.wait(self._beat):
            with contextlib.suppress(OSError):
                os.utime(self._own)

    def _drop_void(self, path: Path) -> bool:
        """Remove a lease of a process that no longer keeps it; True if there is none any more."""
        if not self._is_void(path):
            return False
        if _lease_at(path) is None:
            with contextlib.suppress(OSError):
                path.unlink()
            return True
        aside = path.with_name(f".{secrets.token_hex(16)}")
        with contextlib.suppress(FileNotFoundError):
            os.replace(path, aside)
            aside.unlink()
        return True

    def _is_void(self, path: Path) -> bool:
        """Whether the process that a file is of no longer keeps it, or there is no such file."""
        found = _lease_at(path)
        if found is None:
            return True
        touched, owner = found[0].st_mtime_ns, OWNER.fullmatch(found[1])
        if owner is not None and owner["host"] == platform.node() and not _runs(int(owner["pid"])):
            return True
        before, since = self._seen.get(path, (None, 0.0))
        if before != touched:
            self._seen[path] = before, since = touched, time.monotonic()
        return time.monotonic() - since > self._lease


def _runs(pid: int) -> bool:
    """A process of this number exists on this machine."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OverflowError:  # more than any process is called
        return False
    except OSError:
        return True
    return True


def _lease_at(path: Path) -> tuple[os.stat_result, str] | None:
    """The status and the text of a lease, a regular file; None where there is none. A link is no lease."""
    try:
        status = path.lstat()
        return (stored(path, MOST) or (status, "")) if stat.S_ISREG(status.st_mode) else None
    except FileNotFoundError:
        return None
    except PermissionError:
        return status, ""
