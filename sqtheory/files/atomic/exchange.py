"""Names that change hands in one step where the system can: renameat2 of Linux."""

import ctypes
import errno
import os
from functools import cache
from pathlib import Path
from typing import Any

NO_REPLACE, EXCHANGE = 1, 2
"""RENAME_NOREPLACE and RENAME_EXCHANGE."""
_HERE = -100
"""AT_FDCWD."""
_CANNOT = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP)
"""What systems and file systems say that have no such call."""


def renameat2(old: Path, new: Path, how: int) -> bool:
    """Rename with a flag; False where that is not possible here, and then nothing happened. Raises OSError."""
    call = _call()
    if call is None:
        return False
    if call(_HERE, os.fsencode(old), _HERE, os.fsencode(new), how) == 0:
        return True
    number = ctypes.get_errno()
    if number in _CANNOT:
        return False
    raise OSError(number, os.strerror(number), str(new))


@cache
def _call() -> Any:
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):  # another system, or an old library
        return None
    call.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    return call


def take(name: Path, new: Path) -> None:
    """Give a file or folder a name that nothing has. Raises FileExistsError."""
    if renameat2(new, name, NO_REPLACE):
        return
    if os.path.lexists(name):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(name))
    os.rename(new, name)


def replace(name: Path, new: Path, old: Path) -> None:
    """Give the name of a file or folder to another; what had it goes to ``new``, or to ``old`` where ``new`` is gone.

    The name is never without a file; of a folder it is for a moment where two names cannot change hands in one step.
    """
    if renameat2(new, name, EXCHANGE):
        return
    try:
        os.link(name, old, follow_symlinks=False)
    except OSError:  # a folder, or a file system without links
        os.rename(name, old)
    os.replace(new, name)


def has_number(name: Path, inode: int) -> bool:
    """Whether a name is that of a file or folder of this number."""
    return os.path.lexists(name) and os.lstat(name).st_ino == inode


def give_back(name: Path, new: Path, old: Path, inode: int) -> None:
    """Undo what ``take`` or ``replace`` did, all of it or a part, with what has the number ``inode``."""
    taken = has_number(name, inode)
    if os.path.lexists(old):
        if taken and not name.is_symlink() and name.is_dir():
            os.rename(name, new)
        os.replace(old, name)
    elif taken and not os.path.lexists(new):
        os.rename(name, new)
    elif taken and not renameat2(new, name, EXCHANGE):
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP), str(name))
