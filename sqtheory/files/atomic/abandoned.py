"""What killed processes leave: hidden files and folders that nobody has locked, and how all becomes as it was."""

import contextlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqtheory.files.atomic.exchange import give_back, has_number

try:
    import fcntl
except ImportError:  # Windows, where what a killed process leaves stays
    fcntl = None  # type: ignore[assignment]

_HIDDEN = re.compile(r"\.sqtheory-[0-9a-f]{16}\.partial", re.ASCII)
"""Names of files and folders that are being written, each locked as long as its writer lives."""
LOCKS = fcntl is not None
"""Whether what a killed process leaves can be told from what is in use."""
NEW, OLD, JOURNAL = "new", "old", "journal"
"""In a hidden folder: what is to take its name, what had it, and, while names change hands, who is who.

A journal maps each name to the number of the file or folder (its inode) that is to take it. Where there is one and not
all have, they go back to those that had them; then the folder goes.
"""


def hidden(folder: Path) -> Path:
    """A name in a folder for what is being written."""
    return folder / f".sqtheory-{secrets.token_hex(8)}.partial"


def is_hidden(name: str) -> bool:
    """Whether a name is that of a file or folder that is being written."""
    return _HIDDEN.fullmatch(name) is not None


def lock(handle: int, *, wait: bool = False) -> bool:
    """Lock an open file for this process; whether that worked."""
    try:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return fcntl is not None


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """While names of a folder change hands, no other process changes any of them so."""
    if not LOCKS:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        lock(handle, wait=True)
        yield
    finally:
        os.close(handle)


def recover(folder: Path) -> None:
    """Remove the unfinished files and folders of this user's processes that are gone; half-changed names go back."""
    if not LOCKS:
        return
    try:
        with os.scandir(folder) as entries:
            found = [Path(entry.path) for entry in entries if is_hidden(entry.name) and not entry.is_symlink()]
    except OSError:  # no such folder, or none that can be read
        return
    for path in found:
        with contextlib.suppress(OSError, ValueError, TypeError):  # another process was first, or this one may not
            handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
            try:
                if lock(handle) and os.fstat(handle).st_uid == os.geteuid():
                    if (path / JOURNAL).is_file():
                        with locked(folder):
                            settle(path)
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            finally:
                os.close(handle)


def settle(folder: Path, *, back: bool = False) -> None:
    """End what the journal of a hidden folder began: if not all names changed hands, or ``back``, they all go back.

    Raises OSError; then it can be called again.
    """
    journal = folder / JOURNAL
    if not journal.is_file():
        return
    names: Mapping[str, int] = dict(json.loads(journal.read_bytes()))
    if any(name in ("", "..") or name != Path(name).name for name in names):
        raise ValueError(f"{journal}: it is about names of its own folder, no others")
    whole = all(has_number(folder.parent / name, number) for name, number in names.items())
    for name in () if whole and not back else reversed([*names]):
        give_back(folder.parent / name, folder / NEW / name, folder / OLD / name, names[name])
    with contextlib.suppress(*([OSError] if back else [])):  # what made them go back may be a disk that cannot
        sync_folder(folder.parent)
    journal.unlink()


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    if not hasattr(os, "O_DIRECTORY"):  # Windows cannot open folders
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
