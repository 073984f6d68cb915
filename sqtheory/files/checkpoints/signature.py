"""By what it is seen that files have not changed."""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self, final


@final
@dataclass(frozen=True)
class Signature:
    """What the file system says of open files; another one after every write to them and every change of their names.

    The same on every machine that mounts the same file system, whatever the path.
    """

    inode: int
    """The number of the file; where there are several, a digest of the signature of each."""
    size: int
    """Bytes of all files."""
    modified: int
    """When bytes changed last, in nanoseconds since 1970."""
    changed: int
    """When bytes, names or times changed last: unlike ``modified`` no program can set it back."""

    @classmethod
    def of(cls, statuses: Iterable[os.stat_result]) -> Self:
        """The signature of files of which the system says this."""
        each = [cls(one.st_ino, one.st_size, one.st_mtime_ns, one.st_ctime_ns) for one in statuses]
        if len(each) == 1:
            return each[0]
        digest = int.from_bytes(hashlib.sha256(repr(each).encode()).digest()[:16])
        size = sum(one.size for one in each)
        return cls(digest, size, max(one.modified for one in each), max(one.changed for one in each))
