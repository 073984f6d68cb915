"""Reading a file of a shared folder, where any name may be a pipe, a folder or nothing."""

import os
import stat
from pathlib import Path


def stored(path: Path, most: int = -1) -> tuple[os.stat_result, str] | None:
    """What is known of a regular file, and its first bytes as text; None where there is none.

    Whatever else has the name, a pipe, a folder, a socket, is not waited for. Raises PermissionError.
    """
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except PermissionError:
        raise
    except OSError:
        return None
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        os.close(handle)
        return None
    with open(handle, "rb") as file:
        return status, file.read(most).decode("utf-8", "replace")
