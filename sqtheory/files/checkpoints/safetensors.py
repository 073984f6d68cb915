"""Tensors of a safetensors file: the Rust parser of the safetensors library is the gate, these checks are stricter."""

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from sqtheory.files.checkpoints.elements import BITS, ELEMENTS, Element, nbytes_of, read_values
from sqtheory.files.checkpoints.entries import Window, fill, pieces_at
from sqtheory.files.checkpoints.json_text import json_object
from sqtheory.files.checkpoints.tensors import SLAB, FileCheckpoint, TensorInfo, check_tensor, natural, plain, refused
from sqtheory.records import fits

MAX_HEADER = 100_000_000
"""Bytes of the header: as many as the format allows."""
METADATA = "__metadata__"
"""The key of the header that is no tensor: a mapping of strings to strings."""


@final
@dataclass(frozen=True)
class _Entry:
    """One line of the header: a tensor and where its bytes lie, counted from the end of the header."""

    info: TensorInfo
    begin: int
    end: int


@final
class SafetensorsCheckpoint(FileCheckpoint):
    """A safetensors file, its tensors in natural order of their names (layer 2 before layer 10)."""

    def __init__(self, path: Path) -> None:
        """Read and check the header; the tensors stay in the file."""
        with ExitStack() as undo:
            self._file = undo.enter_context(path.open("rb", buffering=0))
            size = os.fstat(self._file.fileno()).st_size
            header = _header(path, self._file, size)
            metadata, entries = _entries(path, header)
            self._body = 8 + len(header)
            _check_layout(path, entries, size - self._body)
            _pass_gate(path, entries)
            undo.pop_all()
        self._lock = threading.Lock()
        self._begin = {entry.info.name: entry.begin for entry in entries}
        self._metadata = MappingProxyType(metadata)
        super().__init__(path, tuple(sorted((entry.info for entry in entries), key=lambda info: natural(info.name))))

    @property
    def metadata(self) -> Mapping[str, str]:
        """What the header says besides the tensors."""
        return self._metadata

    def front(self) -> bytes:
        """All bytes of the file before those of the tensors."""
        try:
            with self._lock:
                self._file.seek(0)
                return fill(self._file, self._body).tobytes()
        except (EOFError, OSError) as error:
            raise refused(self._path, f"the header cannot be read: {plain(str(error))}") from error

    def stored(self, name: str) -> Iterator[NDArray[np.uint8]]:
        info = self.info(name)
        return pieces_at(self._path, info, self._file, self._body + self._begin[name], self._lock)

    streams = True
    encodes = True

    def splits(self, name: str, unit: int) -> bool:
        return self._element(self.info(name)).bits * unit % 8 == 0

    def entries(self, name: str, begin: int, end: int) -> NDArray[Any]:
        info = self.info(name)
        element = self._element(info)
        first, rest = divmod(begin * element.bits, 8)
        last, over = divmod(end * element.bits, 8)
        return super().entries(name, begin, end) if rest or over else self._values(info, element, first, last - first)

    def slabs(self, name: str) -> Iterator[NDArray[Any]]:
        info = self.info(name)
        element = self._element(info)
        step = SLAB * element.bits // 8
        for at in range(0, info.nbytes, step):
            yield self._values(info, element, at, min(step, info.nbytes - at))

    def _read(self, info: TensorInfo) -> NDArray[Any]:
        return self._values(info, self._element(info), 0, info.nbytes).reshape(info.shape)

    def _element(self, info: TensorInfo) -> Element:
        if info.dtype not in ELEMENTS:
            raise refused(self._path, f"dtype {plain(info.dtype)} cannot be read; {_readable()}", info.name)
        return ELEMENTS[info.dtype]

    def _values(self, info: TensorInfo, element: Element, at: int, nbytes: int) -> NDArray[Any]:
        """The values of some bytes of a tensor."""
        try:
            source = Window(self._file, self._body + self._begin[info.name] + at, self._lock)
            return read_values(source, nbytes, element)
        except (EOFError, OSError, ValueError) as error:
            raise refused(self._path, plain(str(error)), info.name) from error


def _header(path: Path, file: IO[bytes], size: int) -> bytes:
    """The bytes of the header, its length and its first byte checked before it is read."""
    try:
        start = file.read(9)
        if len(start) < 9:
            raise refused(path, f"a safetensors file has 8 bytes of length and a header, got {size} bytes in all")
        length = int.from_bytes(start[:8], "little")
        if length > MAX_HEADER:
            raise refused(path, f"a header of {length} bytes is declared, the limit is {MAX_HEADER}")
        if length > size - 8:
            raise refused(path, f"a header of {length} bytes is declared, but only {size - 8} bytes follow")
        if start[8:] != b"{":
            raise refused(path, f"the header must start with '{{', got byte {start[8]:#04x}")
        file.seek(8)
        return fill(file, length).tobytes()
    except (EOFError, OSError) as error:
        raise refused(path, f"the header cannot be read: {plain(str(error))}") from error


def _readable() -> str:
    return f"readable are {', '.join(ELEMENTS)}"


def _pass_gate(path: Path, entries: list[_Entry]) -> None:
    """Refuse what the safetensors library refuses."""
    try:
        with safe_open(path, framework="np"):
            pass
    except (SafetensorError, OSError) as error:
        for entry in entries:
            if entry.info.dtype not in ELEMENTS:
                rule = f"dtype {plain(entry.info.dtype)} is unknown or does not fit its bytes; {_readable()}"
                raise refused(path, rule, entry.info.name) from error
        raise refused(path, plain(str(error))) from error


def _entries(path: Path, header: bytes) -> tuple[dict[str, str], list[_Entry]]:
    """The metadata and the tensors that a header lists, in its order; each name, shape and type checked by itself."""
    listing = json_object(path, header, "the header")
    metadata = listing.pop(METADATA, None)
    metadata = {} if metadata is None else metadata  # which MLX writes
    if not fits(metadata, dict[str, str]):
        raise refused(path, f"{METADATA} must map strings to strings")
    return metadata, [_entry(path, name, fields) for name, fields in listing.items()]


def _entry(path: Path, name: str, fields: object) -> _Entry:
    check_tensor(path, name, ())
    if not fits(fields, dict):
        raise refused(path, "its entry in the header is not a JSON object", name)
    dtype, shape, offsets = (fields.get(key) for key in ("dtype", "shape", "data_offsets"))
    if not fits(dtype, str):
        raise refused(path, "dtype must be a string", name)
    if not fits(shape, list[int]):
        raise refused(path, "shape must be a list of integers", name)
    if not fits(offsets, list[int]) or len(offsets) != 2 or not 0 <= offsets[0] <= offsets[1]:
        raise refused(path, "data_offsets must be two integers 0 <= begin <= end", name)
    begin, end = offsets
    check_tensor(path, name, tuple(shape))
    try:
        expected = nbytes_of(dtype, tuple(shape)) if dtype in BITS else end - begin
    except ValueError as error:
        raise refused(path, str(error), name) from error
    if end - begin != expected:
        raise refused(path, f"{dtype} of shape {tuple(shape)} takes {expected} bytes, got {end - begin}", name)
    return _Entry(TensorInfo(name, dtype, tuple(shape), end - begin), begin, end)


def _check_layout(path: Path, entries: list[_Entry], body: int) -> None:
    """The tensors must cover the bytes after the header: no hole, no overlap, nothing missing, nothing left over."""
    covered = 0
    for entry in sorted(entries, key=lambda entry: (entry.begin, entry.end)):
        if entry.begin != covered:
            fault = "overlaps the tensor before it" if entry.begin < covered else "leaves a hole before it"
            raise refused(path, f"begins at byte {entry.begin}, not {covered}: {fault}", entry.info.name)
        if entry.end > body:
            raise refused(path, f"ends at byte {entry.end}, but the file has only {body}: truncated", entry.info.name)
        covered = entry.end
    if covered < body:
        raise refused(path, f"{body - covered} bytes follow the last tensor; none may")
