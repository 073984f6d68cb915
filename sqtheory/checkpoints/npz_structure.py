"""What an npz archive holds besides the entries of its arrays, and whether that is laid out as zipfile writes it.

Every field of the archive is either among what ``structure`` says, or follows from the arrays and is compared here.
Source: PKWARE, APPNOTE 6.3.10, §4.3.
"""

import os
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from sqtheory.checkpoints.tensors import refused

_LOCAL, _WIDE = struct.Struct("<4s2B4H3L2H"), struct.Struct("<2H2Q")
_END, _END64, _WHERE64 = struct.Struct("<4s4H2LH"), struct.Struct("<4sQ2H2L4Q"), struct.Struct("<4sLQL")
_ENTRY = 46
"""Bytes of an entry of the directory before its name."""
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
    members, at = archive.infolist(), 0
    for member in sorted(members, key=lambda m: m.header_offset):
        if member.header_offset != at:
            raise refused(path, f"its member {member.filename!r} begins at byte {member.header_offset}, not at {at}")
        at += _local(path, file, member) + member.compress_size
    _check_directory(path, file, archive, at)


def _local(path: Path, file: IO[bytes], m: zipfile.ZipInfo) -> int:
    """The bytes of the header before a member, which must say what the directory says."""
    name = m.orig_filename.encode("utf-8" if m.flag_bits & _UTF8 else "cp437")
    year, month, day, hour, minute, second = m.date_time
    date, time = (year - 1980) << 9 | month << 5 | day, hour << 11 | minute << 5 | second // 2
    said = (0, m.flag_bits, m.compress_type, time, date, m.CRC)
    plain = _LOCAL.pack(b"PK\3\4", _PLAIN, *said, m.compress_size & _FAR, m.file_size & _FAR, len(name), 0) + name
    wide = _LOCAL.pack(b"PK\3\4", _LARGE, *said, _FAR, _FAR, len(name), _WIDE.size) + name
    wide += _WIDE.pack(1, _WIDE.size - 4, m.file_size, m.compress_size)
    file.seek(m.header_offset)
    held = file.read(len(wide))
    large = held == wide
    if not large and held[: len(plain)] != plain:
        raise refused(path, f"the header of its member {m.filename!r} is not that of the directory")
    sizes = [n for n in (m.file_size, m.compress_size) if max(m.file_size, m.compress_size) > zipfile.ZIP64_LIMIT]
    far = [*sizes, *([m.header_offset] if m.header_offset > zipfile.ZIP64_LIMIT else [])]
    extra = struct.pack(f"<2H{len(far)}Q", 1, 8 * len(far), *far) if far else b""
    version = _LARGE if large or far else _PLAIN
    own = (m.create_version, m.extract_version, m.extra, m.comment, m.reserved, m.volume, m.internal_attr)
    usual = (version, version, extra, b"", 0, 0, 0)
    flags = 0 if m.orig_filename.isascii() else _UTF8
    if own != usual or m.flag_bits != flags or m.filename != m.orig_filename:
        raise refused(path, f"the directory says more of its member {m.filename!r} than apply writes")
    return len(wide if large else plain)


def _check_directory(path: Path, file: IO[bytes], archive: zipfile.ZipFile, start: int) -> None:
    """The directory begins where the members end, and the records behind it are about it."""
    members = archive.infolist()
    names = (m.orig_filename.encode("utf-8" if m.flag_bits & _UTF8 else "cp437") for m in members)
    size = sum(_ENTRY + len(name) + len(m.extra) for name, m in zip(names, members, strict=True))
    count, end = len(members), b""
    if count > zipfile.ZIP_FILECOUNT_LIMIT or max(start, size) > zipfile.ZIP64_LIMIT:
        end = _END64.pack(b"PK\6\6", _END64.size - 12, _LARGE, _LARGE, 0, 0, count, count, size, start)
        end += _WHERE64.pack(b"PK\6\7", 0, start + size, 1)
    count = min(count, _MANY)
    end += _END.pack(b"PK\5\6", 0, 0, count, count, min(size, _FAR), min(start, _FAR), 0)
    file.seek(0, os.SEEK_END)
    length = file.tell()
    file.seek(start + size if start + size <= length else length)
    if archive.start_dir != start or file.read() != end:
        raise refused(path, "its directory does not begin where its members end, or not end where the file does")
