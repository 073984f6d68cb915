"""Arrays of npz archives and npy files: headers first, then one array at a time; objects are never unpickled."""

import io
import math
import os
import re
import struct
import threading
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.files.checkpoints.entries import booleans, fill, pieces, pieces_at, widen
from sqtheory.files.checkpoints.npz_structure import check_structure, structure
from sqtheory.files.checkpoints.pickle_operations import pickled
from sqtheory.files.checkpoints.tensors import Checkpoint, FileCheckpoint, TensorInfo, check_tensor, plain, refused

MAX_EXPANSION = 1000
"""How many times its compressed size a member may have, once it is larger than ``FREE_EXPANSION``."""
FREE_EXPANSION = 64 << 20
"""Bytes up to which any expansion is allowed: an array of zeros honestly compresses a thousandfold."""
_MAX_HEADER = 1 << 14
_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError),
    *(ValueError, RuntimeError, OverflowError, IndexError),
)
"""What zipfile raises on archives that are damaged, encrypted or of an unknown version."""
_LOST = {
    "|V1": "a float of 8 bits or fewer that lost its name: save as float32 or as safetensors",
    "|V2": "a bfloat16 that lost its name: save as float32 or as safetensors",
}
"""What numpy makes of the types of ml_dtypes when it saves them."""
_LEAST_FLOAT = re.compile(rb"'descr': '[<>|=]f1'")
"""The name that numpy 2.4 saves float8_e5m2 under and does not read."""


@final
@dataclass(frozen=True)
class Header:
    """The header of an npy array: what the bytes after it mean."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran: bool
    length: int
    """Bytes of the header itself."""

    def info(self, name: str, stored: int) -> TensorInfo:
        nbytes = stored - self.length if self.dtype.hasobject else math.prod(self.shape) * self.dtype.itemsize
        return TensorInfo(name, self.dtype.name, self.shape, nbytes)


@final
class NpzCheckpoint(Checkpoint):
    """An npz archive, stored or deflated, its arrays in the order of the archive and without the suffix ``.npy``."""

    def __init__(self, path: Path) -> None:
        """Read the directory and the header of every array; the arrays stay in the file."""
        with ExitStack() as undo:
            self._archive = undo.enter_context(_directory(path))
            self._members = _arrays(path, self._archive)
            self._headers = {name: _member_header(path, self._archive, name, m) for name, m in self._members.items()}
            undo.pop_all()
        super().__init__(path, tuple(self._headers[name].info(name, m.file_size) for name, m in self._members.items()))

    def close(self) -> None:
        self._archive.close()

    def member(self, name: str) -> zipfile.ZipInfo:
        """What the directory says of an array."""
        return self._members[self.info(name).name]

    def head(self, name: str) -> tuple[Header, bytes]:
        """The header of an array, and its bytes."""
        header = self._headers[self.info(name).name]
        with self._unpacked(name) as stream:
            return header, fill(stream, header.length).tobytes()

    def structure(self) -> bytes:
        """What an archive that NpzWriter writes like this one holds besides the entries of its arrays."""
        return structure([*self._members.values()], [self.head(name)[1] for name in self._members])

    def check_structure(self) -> None:
        """Refuse an archive that is laid out otherwise than NpzWriter does."""
        assert self._archive.fp is not None
        try:
            check_structure(self._path, self._archive.fp, self._archive)
        except _DAMAGED as error:
            raise refused(self._path, f"cannot be read: {plain(str(error))}") from error

    def stored(self, name: str) -> Iterator[NDArray[np.uint8]]:
        info = self.info(name)
        with self._unpacked(name) as stream:
            fill(stream, self._headers[name].length)
            yield from pieces(stream, info.nbytes)

    @contextmanager
    def _unpacked(self, name: str) -> Iterator[IO[bytes]]:
        try:
            with self._archive.open(self._members[name]) as stream:
                yield stream
        except _DAMAGED as error:
            raise refused(self._path, f"cannot be unpacked: {plain(str(error))}", name) from error

    def _statuses(self) -> tuple[os.stat_result, ...]:
        if self._archive.fp is None:
            raise ValueError("the archive is closed")
        return (os.fstat(self._archive.fp.fileno()),)

    def _read(self, info: TensorInfo) -> NDArray[Any]:
        header = self._headers[info.name]
        _check_readable(self._path, info.name, header.dtype)
        with self._unpacked(info.name) as stream:
            stream.read(header.length)
            raw = fill(stream, info.nbytes)  # up to the last byte, where zipfile compares the checksum
            return _values(raw, header)


@final
class NpyCheckpoint(FileCheckpoint):
    """An npy file: one array, named like the file without its suffix."""

    def __init__(self, path: Path) -> None:
        """Read the header; the array stays in the file."""
        with ExitStack() as undo:
            self._file = undo.enter_context(path.open("rb"))
            size = os.fstat(self._file.fileno()).st_size
            self._header = _header(path, path.stem, self._file.read(_MAX_HEADER), size)
            undo.pop_all()
        self._lock = threading.Lock()
        super().__init__(path, (self._header.info(path.stem, size),))

    def head(self, name: str) -> tuple[Header, bytes]:
        """The header of the array, and its bytes."""
        self.info(name)
        with self._lock:
            self._file.seek(0)
            return self._header, fill(self._file, self._header.length).tobytes()

    def structure(self) -> bytes:
        """All bytes of the file before those of the array."""
        return self.head(self._tensors[0].name)[1]

    def stored(self, name: str) -> Iterator[NDArray[np.uint8]]:
        return pieces_at(self._path, self.info(name), self._file, self._header.length, self._lock)

    def _read(self, info: TensorInfo) -> NDArray[Any]:
        _check_readable(self._path, info.name, self._header.dtype)
        try:
            with self._lock:
                self._file.seek(self._header.length)
                raw = fill(self._file, info.nbytes)
            return _values(raw, self._header)
        except (EOFError, OSError, ValueError) as error:
            raise refused(self._path, plain(str(error)), info.name) from error


def _directory(path: Path) -> zipfile.ZipFile:
    """The archive, only its directory read."""
    try:
        return zipfile.ZipFile(path)
    except _DAMAGED as error:
        raise refused(path, f"not a whole zip archive: {plain(str(error))}") from error


def _arrays(path: Path, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Every array of the archive by its name, from the directory alone: nothing is decompressed yet."""
    members: dict[str, zipfile.ZipInfo] = {}
    if said := pickled(archive):
        raise refused(path, said)
    for member in archive.infolist():
        name = member.filename.removesuffix(".npy")
        check_tensor(path, name, ())
        if not member.filename.endswith(".npy"):
            raise refused(path, "every member of an npz archive is an .npy array, this one is not", name)
        if name in members:
            raise refused(path, "the archive has this name twice", name)
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise refused(path, "neither stored nor deflated", name)
        if member.file_size > max(FREE_EXPANSION, MAX_EXPANSION * member.compress_size):
            sizes = f"{member.compress_size} to {member.file_size} bytes"
            raise refused(path, f"expands from {sizes}, more than {MAX_EXPANSION}-fold", name)
        members[name] = member
    if sum(member.compress_size for member in members.values()) > path.stat().st_size:
        raise refused(path, "the members take more bytes than the file has: they overlap or are cut off")
    return members


def _member_header(path: Path, archive: zipfile.ZipFile, name: str, member: zipfile.ZipInfo) -> Header:
    try:
        with archive.open(member) as stream:
            start = stream.read(_MAX_HEADER)
    except _DAMAGED as error:
        raise refused(path, f"cannot be unpacked: {plain(str(error))}", name) from error
    return _header(path, name, start, member.file_size)


def _header(path: Path, name: str, start: bytes, stored: int) -> Header:
    """The npy header at the start of ``stored`` bytes, which it and its array must fill exactly."""
    stream = io.BytesIO(start)
    try:
        version = np.lib.format.read_magic(stream)
        if version == (1, 0):
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
        elif version == (2, 0):
            shape, fortran, dtype = np.lib.format.read_array_header_2_0(stream)
        else:
            raise ValueError(f"arrays of numbers have version 1.0 or 2.0, got {version}")
    except Exception as error:  # numpy promises no set of exceptions for a header that is not one
        if _LEAST_FLOAT.search(start):
            raise refused(path, f"1-byte items called f1, {_LOST['|V1']}", name) from error
        raise refused(path, f"no npy header: {plain(str(error))}", name) from error
    check_tensor(path, name, shape)
    header = Header(dtype, tuple(int(n) for n in shape), fortran, stream.tell())
    expected = header.info(name, stored).nbytes
    if expected != stored - header.length:
        rule = f"{dtype.name} of shape {header.shape} takes {expected} bytes, got {stored - header.length}"
        raise refused(path, rule, name)
    return header


def _check_readable(path: Path, name: str, dtype: np.dtype[Any]) -> None:
    if dtype.hasobject:
        raise refused(path, "holds Python objects, which only unpickling can restore, and that can run code", name)
    if dtype.str in _LOST:
        raise refused(path, f"raw {dtype.itemsize}-byte items ({dtype.str}), {_LOST[dtype.str]}", name)
    if dtype.kind not in "biuf" or dtype.itemsize > 8:
        raise refused(path, f"dtype {plain(str(dtype))} is not a boolean, an integer or a float of 16 to 64 bits", name)


def _values(raw: NDArray[np.uint8], header: Header) -> NDArray[Any]:
    flat = booleans(raw) if header.dtype.kind == "b" else raw.view(header.dtype)
    return widen(flat.reshape(header.shape, order="F" if header.fortran else "C"))
