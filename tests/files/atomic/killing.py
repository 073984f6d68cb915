"""A command that dies at each of the calls by which it changes files: one child process for each, by ``fork``."""

import builtins
import io
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from sqtheory.files.atomic import exchange

CALLS = (
    *("write", "fsync", "link", "symlink", "rename", "replace", "unlink", "remove", "mkdir", "rmdir"),
    *("chmod", "fchmod", "utime", "truncate", "ftruncate"),
)
"""Functions of ``os`` that change files, beside ``open`` with any flag to write."""
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder by its path, and what is in it; empty folders too if they are hidden."""
    found = {p.relative_to(folder).as_posix(): p for p in sorted(folder.rglob("*"))}
    return {name: p.read_bytes() for name, p in found.items() if p.is_file()} | {
        name: b"" for name, p in found.items() if p.is_dir() and p.name.startswith(".")
    }


class Kill:
    """Counts the calls of this process that change files, and ends it before one of them, or in the middle of it."""

    def __init__(self, at: int, half: bool = False) -> None:
        self.left, self.half, self.count = at, half, 0

    def __call__(self, act: Callable[[], object] | None = None) -> None:
        self.count += 1
        if self.count > self.left:
            if act is not None and self.half:
                act()
            os.kill(os.getpid(), signal.SIGKILL)

    def install(self) -> None:
        for name in CALLS:
            if hasattr(os, name):
                setattr(os, name, self._wrapped(name, getattr(os, name)))
        real_open, real_io, real_rename = os.open, io.open, exchange.renameat2

        def opened(path: object, flags: int, *args: object, **options: object) -> int:
            if flags & _WRITES:
                self()
            return real_open(path, flags, *args, **options)  # type: ignore[arg-type]

        def opened_io(file: object, mode: str = "r", *args: object, **options: object) -> object:
            if not isinstance(file, int) and set(mode) & set("wax+"):
                self()
            return real_io(file, mode, *args, **options)  # type: ignore[call-overload]

        def renamed(old: Path, new: Path, how: int) -> bool:
            self()
            return real_rename(old, new, how)

        os.open, io.open, builtins.open = opened, opened_io, opened_io  # type: ignore[assignment]
        exchange.renameat2 = renamed

    def _wrapped(self, name: str, real: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **options: object) -> object:
            if name == "write":
                handle, data = args
                self(lambda: real(handle, memoryview(data)[: max(1, len(data) // 2)]))  # type: ignore[call-overload,arg-type]
            else:
                self()
            return real(*args, **options)

        return call


def dies(run: Callable[[], int], at: int, half: bool = False) -> int | None:
    """Run in a child that is killed before its call number ``at``; its status, or None where it was killed.

    ``half``: if that call writes bytes, half of them are written.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        status = 99
        with suppress(BaseException):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 1)
            os.dup2(null, 2)
            Kill(at, half).install()
            status = run()
        os._exit(status)
    _, ended = os.waitpid(child, 0)
    return None if os.WIFSIGNALED(ended) else os.WEXITSTATUS(ended)


def kills(run: Callable[[], int], reset: Callable[[], object], half: bool = False, every: int = 1) -> Iterator[int]:
    """Every point where a run can be killed, or one of so many: yields after each death; ends with a run's end."""
    for at in range(0, 100_000, every):
        reset()
        status = dies(run, at, half)
        if status is not None:
            assert status == 0, f"with {at} calls the run ends with status {status}"
            return
        yield at
