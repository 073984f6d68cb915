"""Writing files and folders of one folder together: all of them take their names, or none does."""

import json
import os
import shutil
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import final

from sqtheory.files.atomic.abandoned import JOURNAL, LOCKS, NEW, OLD, hidden, lock, locked, recover, settle, sync_folder
from sqtheory.files.atomic.exchange import replace, take
from sqtheory.files.atomic.files import about, check_file, holds, keep_mode, write

Parts = Collection[str] | None
"""The files of a folder by their paths inside it; None for what is one file."""


def check_new(path: Path, parts: Parts, *, force: bool) -> None:
    """Raise FileExistsError if a file or folder may not be written.

    An empty folder counts as none; one that holds anything is replaced with ``force`` only, and only if all it holds
    is among its ``parts`` to come.
    """
    if parts is None:
        check_file(path, force=force)
        return
    if not os.path.lexists(path):
        return
    if path.is_symlink() or not path.is_dir():
        raise FileExistsError(f"{path} exists and is no folder")
    held = sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if not file.is_dir())
    if held and not force:
        raise FileExistsError(f"{path} exists and is not empty: pass --force to replace it")
    lost = next((name for name in held if name not in parts), None)
    if lost is not None:
        raise FileExistsError(f"{path} holds {lost!r}, which is no part of the output: it is not replaced")


@final
class Together:
    """Files and folders of one folder that appear together, a context manager that gives the folder to write them to.

    What is there already is replaced with ``force`` only, as ``check_new`` says. After an error nothing is left.
    Names change hands one after another, from first to last, while a journal says which: where the process is killed
    meanwhile, ``recover``, and with it the next that writes to the folder, gives every name back to what had it,
    unless all have changed. Files that are replaced pass on their permissions. Raises FileExistsError, and OSError
    that names what is to be written.
    """

    def __init__(self, folder: Path, names: Mapping[str, Parts], *, force: bool = False) -> None:
        """What is written: its names in the folder, with the parts of what are folders. Nothing is made yet."""
        self._folder, self._names, self._force = folder, dict(names), force
        self._hidden = hidden(folder)
        self._new = self._hidden / NEW
        self._handle: int | None = None

    def check(self) -> None:
        """Raise FileExistsError if anything may not be written."""
        for name, parts in self._names.items():
            check_new(self._folder / name, parts, force=self._force)

    def __enter__(self) -> Path:
        self.check()
        self._folder.mkdir(parents=True, exist_ok=True)
        recover(self._folder)
        try:
            with about(self._folder):
                self._make()
                (self._hidden / OLD).mkdir()
                self._new.mkdir()
        except BaseException:
            self._leave()
            raise
        return self._new

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                with locked(self._folder):
                    self._commit()
        except OSError as fault:
            raise self._shown(fault) from fault
        finally:
            self._leave()
        if isinstance(error, OSError | ValueError) and str(self._hidden) in str(error):
            raise self._shown(error) from error

    def _leave(self) -> None:
        if not (self._hidden / JOURNAL).exists():  # else ``settle`` failed, and is left to ``recover``
            shutil.rmtree(self._hidden, ignore_errors=True)
        if self._handle is not None:
            os.close(self._handle)

    def _make(self) -> None:
        while True:
            self._hidden.mkdir()
            if not LOCKS:
                return
            self._handle = os.open(self._hidden, os.O_RDONLY)
            lock(self._handle, wait=True)
            if os.fstat(self._handle).st_nlink:
                return
            os.close(self._handle)  # taken for abandoned before it was locked
            self._handle = None

    def _commit(self) -> None:
        self.check()
        for name, parts in self._names.items():
            if parts is None:
                with (self._new / name).open("rb") as file:
                    keep_mode(file.fileno(), self._folder / name)
        for folder, _, _ in os.walk(self._new):
            sync_folder(Path(folder))
        numbers = {name: os.lstat(self._new / name).st_ino for name in self._names}
        try:
            write(self._hidden / JOURNAL, json.dumps(numbers).encode())
            sync_folder(self._folder)
            for name in self._names:
                self._place(name)
            sync_folder(self._folder)
            (self._hidden / JOURNAL).unlink()
        except BaseException:
            settle(self._hidden, back=True)
            raise
        with suppress(OSError):  # all have their names, with the journal or without
            sync_folder(self._hidden)

    def _place(self, name: str) -> None:
        path, new = self._folder / name, self._new / name
        if os.path.lexists(path) and (self._force or self._names[name] is not None):
            replace(path, new, self._hidden / OLD / name)
        else:
            take(path, new)

    def _shown(self, error: BaseException) -> BaseException:
        """The error, with the names that are to be written for those where they wait."""
        if isinstance(error, OSError) and error.errno is not None:
            where = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else self._folder
            if where.is_relative_to(self._new):
                where = self._folder / where.relative_to(self._new)
            elif where.is_relative_to(self._hidden):
                where = self._folder
            return OSError(error.errno, error.strerror, str(where))
        return type(error)(str(error).replace(str(self._new), str(self._folder)))


def write_all(folder: Path, files: Mapping[str, bytes], *, force: bool = False) -> None:
    """Write files to a folder, all that differ from what is there, or none.

    Raises FileExistsError when one differs and ``force`` is off.
    """
    recover(folder)
    new = {name: data for name, data in files.items() if not holds(folder / name, data)}
    if not new:
        return
    with Together(folder, dict.fromkeys(new), force=force) as hidden_folder:
        for name, data in new.items():
            write(hidden_folder / name, data)
