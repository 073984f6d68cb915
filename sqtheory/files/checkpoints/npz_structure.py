"""What an npz archive holds besides the entries of its arrays, and whether that is laid out as NpzWriter does.

Every byte outside its compressed members follows from what ``structure`` says, from the arrays and from their sizes.
Source: PKWARE, APPNOTE 6.3.10, §4.3; the module zipfile.
"""

import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from sqtheory.files.checkpoints.tensors import refused

_LOCAL, _WIDE, _ENTRY = struct.Struct("<4s2B4H3L2H"), struct.Struct("<2H2Q"), struct.Struct("<4s4B4H3L5H2L")
_END, _END64, _WHERE64 = struct.Struct("<4s4H2LH"), struct.Struct("<4sQ2H2L4Q"), struct.Struct("<4sLQL")
_MANY, _FAR = 0xFFFF, 0xFFFFFFFF
_UTF8 = 0x800
_PLAIN, _LARGE = 20, 45
"""The versions 2.0 and 4.5 of the format: without and with fields of 64 bits."""
_MODE = 0o600 << 16
"""The permissions that zipfile gives to a member without any."""


def structure(members: Sequence[zipfile.ZipInfo], heads: Sequence[bytes]) -> bytes:
    """What the members of an archive that NpzWriter writes have of those of its source, and their npy headers."""
    each = (
        (m.filename, m.date_time, m.compress_type, m.external_attr or _MODE, m.create_system, m.file_size, head)
        for m, head in zip(members, heads, strict=True)
    )
    return repr(list(each)).encode()


def check_structure(path: Path, file: IO[bytes], archive: zipfile.ZipFile) -> None:
    """Refuse an archive of which any byte outside its compressed members is not one that NpzWriter writes."""
    members, at, directory = archive.infolist(), 0, b""
    for member in members:
        plain, wide = _locals(member)
        file.seek(at)
        held = file.read(len(wide))
        if member.header_offset != at or (held != wide and held[: len(plain)] != plain):
            raise refused(path, "the header before it is not the one that the directory gives", member.filename)
        large = held == wide
        directory += _entry(member, large=large)
        at += len(wide if large else plain) + member.compress_size
    file.seek(at)
    if file.read() != directory + _end(len(members), at, len(directory)):
        raise refused(path, f"after the last of {len(members)} members there is not their directory, or more than that")


def _said(member: zipfile.ZipInfo) -> tuple[bytes, tuple[int, ...]]:
    """The name of a member in bytes, and the fields that both of its headers have."""
    year, month, day, hour, minute, second = member.date_time
    date, time = (year - 1980) << 9 | month << 5 | day, hour << 11 | minute << 5 | second // 2
    flags = 0 if member.filename.isascii() else _UTF8
    return member.filename.encode(), (0, flags, member.compress_type, time, date, member.CRC)


def _locals(member: zipfile.ZipInfo) -> tuple[bytes, bytes]:
    """The header before a member without and with fields of 64 bits."""
    name, said = _said(member)
    sizes = (min(member.compress_size, _FAR), min(member.file_size, _FAR))
    plain = _LOCAL.pack(b"PK\3\4", _PLAIN, *said, *sizes, len(name), 0) + name
    extra = _WIDE.pack(1, _WIDE.size - 4, member.file_size, member.compress_size)
    return plain, _LOCAL.pack(b"PK\3\4", _LARGE, *said, _FAR, _FAR, len(name), len(extra)) + name + extra


def _entry(member: zipfile.ZipInfo, *, large: bool) -> bytes:
    """What the directory says of a member."""
    name, said = _said(member)
    sizes, offset, extra = [member.file_size, member.compress_size], member.header_offset, []
    if max(sizes) > zipfile.ZIP64_LIMIT:
        sizes, extra = [_FAR, _FAR], sizes
    if offset > zipfile.ZIP64_LIMIT:
        offset, extra = _FAR, [*extra, offset]
    more = struct.pack(f"<2H{len(extra)}Q", 1, 8 * len(extra), *extra) if extra else b""
    version = _LARGE if large or extra else _PLAIN
    front = (b"PK\1\2", version, member.create_system, version, *said, sizes[1], sizes[0], len(name), len(more))
    return _ENTRY.pack(*front, 0, 0, 0, member.external_attr, offset) + name + more


def _end(count: int, start: int, size: int) -> bytes:
    """What follows a directory of so many members and bytes that begins at ``start``."""
    end = b""
    if count > zipfile.ZIP_FILECOUNT_LIMIT or max(start, size) > zipfile.ZIP64_LIMIT:
        end = _END64.pack(b"PK\6\6", _END64.size - 12, _LARGE, _LARGE, 0, 0, count, count, size, start)
        end += _WHERE64.pack(b"PK\6\7", 0, start + size, 1)
    count = min(count, _MANY)
    return end + _END.pack(b"PK\5\6", 0, 0, count, count, min(size, _FAR), min(start, _FAR), 0)
