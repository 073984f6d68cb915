"""Writing a file whole or not at all."""

import os
import secrets
import tempfile
from pathlib import Path


def check_folder(folder: Path) -> None:
    """Make a folder for results and see that files can be made in it; raises OSError if not."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass


def write(path: Path, data: bytes, *, force: bool = False) -> bool:
    """Write bytes to a file so that it holds either its old content or all of the new; True if it changed.

    The bytes go to a temporary file in the same folder, are synced, and take the name by a rename.
    Raises FileExistsError when the file holds anything else and ``force`` is off; identical bytes are left alone.
    """
    if path.exists():
        if path.read_bytes() == data:
            return False
        if not force:
            raise FileExistsError(f"{path} exists and differs: pass --force to replace it")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    return True
