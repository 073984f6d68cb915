"""Tensors of a safetensors file: the Rust parser of the safetensors library is the gate, these checks are stricter."""

import json
import math
import os
import re
import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, TypeGuard, final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from sqtheory.checkpoints.tensors import (
    Checkpoint,
    TensorInfo,
    booleans,
    check_tensor,
    fill,
    plain,
    quoted,
    refused,
    widen,
)
from sqtheory.exceptions import CheckpointError
from sqtheory.formats import BFLOAT16, E4M3, E5M2, E8M0, Format

MAX_HEADER = 16 << 20
"""Bytes of the header that are read at all (the format itself allows 100 MB)."""
_METADATA = "__metadata__"
_CHUNK = 1 << 20

_STORED: Mapping[str, str] = MappingProxyType(
    {
        "BOOL": "|b1",
        **{f"{kind}{8 * n}": f"<{kind.lower()}{n}" for kind in "IU" for n in (1, 2, 4, 8)},
        **{f"F{8 * n}": f"<f{n}" for n in (2, 4, 8)},
    }
)
"""Types that numpy has."""
_DECODED: Mapping[str, Format] = MappingProxyType({"BF16": BFLOAT16, "F8_E4M3": E4M3, "F8_E5M2": E5M2, "F8_E8M0": E8M0})
"""Types that numpy lacks, by the format whose codes they hold."""
_BYTES: Mapping[str, int] = MappingProxyType(
    {name: np.dtype(code).itemsize for name, code in _STORED.items()} | {n: f.bits // 8 for n, f in _DECODED.items()}
)


@final
@dataclass(frozen=True)
class _Entry:
    """One line of the header: a tensor and where its bytes lie, counted from the end of the header."""

    info: TensorInfo
    begin: int
    end: int


@final
class SafetensorsCheckpoint(Checkpoint):
    """A safetensors file, its tensors in natural order of their names (layer 2 before layer 10)."""

    def __init__(self, path: Path) -> None:
        """Read and check the header; the tensors stay in the file."""
        with ExitStack() as undo:
            self._file = undo.enter_context(path.open("rb", buffering=0))
            size = os.fstat(self._file.fileno()).st_size
            header = _header(path, self._file, size)
            entries = _entries(path, header)
            self._body = 8 + len(header)
            _check_layout(path, entries, size - self._body)
            _pass_gate(path, entries)
            undo.pop_all()
        self._lock = threading.Lock()
        self._begin = {entry.info.name: entry.begin for entry in entries}
        infos = (entry.info for entry in entries)
        super().__init__(path, tuple(sorted(infos, key=lambda info: _natural(info.name))))

    def close(self) -> None:
        self._file.close()

    def _descriptor(self) -> int:
        return self._file.fileno()

    def _read(self, info: TensorInfo) -> NDArray[Any]:
        if info.dtype not in _BYTES:
            raise refused(self._path, f"dtype {plain(info.dtype)} cannot be read; {_readable()}", info.name)
        try:
            with self._lock:
                self._file.seek(self._body + self._begin[info.name])
                raw = fill(self._file, info.nbytes)
            return _values(raw, info.dtype).reshape(info.shape)
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


def _values(raw: NDArray[np.uint8], dtype: str) -> NDArray[Any]:
    """The numbers that little-endian bytes stand for; codes of formats that numpy lacks are decoded in pieces."""
    if dtype == "BOOL":
        return booleans(raw)
    if dtype in _STORED:
        return widen(raw.view(_STORED[dtype]))
    fmt = _DECODED[dtype]
    codes = raw.view(f"<u{_BYTES[dtype]}")
    values = np.empty(codes.size, np.float32)
    for at in range(0, codes.size, _CHUNK):
        values[at : at + _CHUNK] = fmt.decode(codes[at : at + _CHUNK])
    return values


def _readable() -> str:
    return f"readable are {', '.join(_BYTES)}"


def _natural(name: str) -> tuple[tuple[tuple[int, str], ...], str]:
    """A sort key that compares runs of digits as numbers."""
    pieces = re.split("([0-9]+)", name)
    numbered = ((len(p.lstrip("0")), p.lstrip("0")) if i % 2 else (0, p) for i, p in enumerate(pieces))
    return tuple(numbered), name


def _pass_gate(path: Path, entries: list[_Entry]) -> None:
    """Refuse what the safetensors library refuses."""
    try:
        with safe_open(path, framework="np"):
            pass
    except (SafetensorError, OSError) as error:
        for entry in entries:
            if entry.info.dtype not in _BYTES:
                rule = f"dtype {plain(entry.info.dtype)} is unknown or does not fit its bytes; {_readable()}"
                raise refused(path, rule, entry.info.name) from error
        raise refused(path, plain(str(error))) from error


def _entries(path: Path, header: bytes) -> list[_Entry]:
    """The tensors that a header lists, in its order; each name, shape and type checked by itself."""
    listing = _json_object(path, header)
    metadata = listing.pop(_METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise refused(path, f"{_METADATA} must map strings to strings")
    return [_entry(path, name, fields) for name, fields in listing.items()]


def _json_object(path: Path, header: bytes) -> dict[str, object]:
    """A header parsed as JSON in which no key comes twice."""

    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) < len(pairs):
            (key, _), *_ = Counter(key for key, _ in pairs).most_common(1)
            raise refused(path, f"the header has the key {quoted(key)} twice")
        return found

    try:
        text = header.decode("utf-8")
    except UnicodeDecodeError as error:
        raise refused(path, f"the header is not UTF-8: {error.reason} at byte {error.start}") from error
    try:
        listing = json.loads(text, object_pairs_hook=unique)
    except CheckpointError:
        raise
    except RecursionError as error:
        raise refused(path, "the header is nested too deeply") from error
    except ValueError as error:
        raise refused(path, f"the header is not JSON: {plain(str(error))}") from error
    if not isinstance(listing, dict):
        raise refused(path, "the header is not a JSON object")
    return listing


def _entry(path: Path, name: str, fields: object) -> _Entry:
    check_tensor(path, name, ())
    if not isinstance(fields, dict):
        raise refused(path, "its entry in the header is not a JSON object", name)
    dtype, shape, offsets = (fields.get(key) for key in ("dtype", "shape", "data_offsets"))
    if not isinstance(dtype, str):
        raise refused(path, "dtype must be a string", name)
    if not _is_integers(shape):
        raise refused(path, "shape must be a list of integers", name)
    if not _is_integers(offsets) or len(offsets) != 2 or not 0 <= offsets[0] <= offsets[1]:
        raise refused(path, "data_offsets must be two integers 0 <= begin <= end", name)
    begin, end = offsets
    check_tensor(path, name, tuple(shape))
    expected = math.prod(shape) * _BYTES[dtype] if dtype in _BYTES else end - begin
    if end - begin != expected:
        raise refused(path, f"{dtype} of shape {tuple(shape)} takes {expected} bytes, got {end - begin}", name)
    return _Entry(TensorInfo(name, dtype, tuple(shape), end - begin), begin, end)


def _is_integers(value: object) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(type(n) is int for n in value)


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
