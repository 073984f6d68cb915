"""Headers of GGUF files, every length checked against what is left of the file before anything is read for it."""

import math
import os
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints.tensors import TensorInfo, check_tensor, plain, quoted, refused

MAX_HEADER = 64 << 20
"""Bytes up to the first tensor (vocabularies take most of them)."""
MAX_ENTRIES = 1 << 16
"""Metadata entries, and tensors."""
MAX_ITEMS = 1 << 20
"""Texts and arrays in all arrays of the metadata together."""
MAX_NESTING = 4
"""Arrays inside arrays."""
_MAX_KEY = (1 << 16) - 1
_MAX_AXES = 4
_MAX_ALIGNMENT = 1 << 20
_BLOCK = 1 << 18
_LENGTH = struct.Struct("<Q")

TYPES: Mapping[int, tuple[str, int, int]] = MappingProxyType(
    {
        **{0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20), 6: ("Q5_0", 32, 22)},
        **{7: ("Q5_1", 32, 24), 8: ("Q8_0", 32, 34), 9: ("Q8_1", 32, 40), 10: ("Q2_K", 256, 84)},
        **{11: ("Q3_K", 256, 110), 12: ("Q4_K", 256, 144), 13: ("Q5_K", 256, 176), 14: ("Q6_K", 256, 210)},
        **{15: ("Q8_K", 256, 292), 16: ("IQ2_XXS", 256, 66), 17: ("IQ2_XS", 256, 74), 18: ("IQ3_XXS", 256, 98)},
        **{19: ("IQ1_S", 256, 50), 20: ("IQ4_NL", 32, 18), 21: ("IQ3_S", 256, 110), 22: ("IQ2_S", 256, 82)},
        **{23: ("IQ4_XS", 256, 136), 24: ("I8", 1, 1), 25: ("I16", 1, 2), 26: ("I32", 1, 4), 27: ("I64", 1, 8)},
        **{28: ("F64", 1, 8), 29: ("IQ1_M", 256, 56), 30: ("BF16", 1, 2), 34: ("TQ1_0", 256, 54)},
        **{35: ("TQ2_0", 256, 66), 39: ("MXFP4", 32, 17), 40: ("NVFP4", 64, 36), 41: ("Q1_0", 128, 18)},
    }
)
"""The name of every type by its number, with the entries and the bytes of one of its blocks."""

_SCALARS: Mapping[int, np.dtype[Any]] = MappingProxyType(
    {
        **{0: np.dtype("u1"), 1: np.dtype("i1"), 2: np.dtype("<u2"), 3: np.dtype("<i2"), 4: np.dtype("<u4")},
        **{5: np.dtype("<i4"), 6: np.dtype("<f4"), 7: np.dtype("?"), 10: np.dtype("<u8"), 11: np.dtype("<i8")},
        **{12: np.dtype("<f8")},
    }
)
"""The numbers in the metadata by the number of their type."""
UINT32, STRING, _ARRAY = 4, 8, 9
"""The numbers of these types of metadata."""


@final
@dataclass(frozen=True)
class GgufEntry:
    """A tensor and where it lies: the number of its type, and the first of its bytes in the file."""

    info: TensorInfo
    kind: int
    begin: int


@final
@dataclass(frozen=True)
class GgufFront:
    """What a header says beside its tensors, as bytes: each key with its value, and what offsets are multiples of."""

    entries: Mapping[str, bytes]
    alignment: int


def read_front(path: Path, file: IO[bytes]) -> GgufFront:
    """The metadata as they are in the file; CheckpointError as above."""
    header = _Header(path, file)
    header.tensors()
    file.seek(0)
    raw = file.read(max((end for _, end in header.spans.values()), default=0))
    return GgufFront({key: raw[begin:end] for key, (begin, end) in header.spans.items()}, header.alignment)


def read_header(path: Path, file: IO[bytes]) -> tuple[GgufEntry, ...]:
    """The tensors in the order of the file; CheckpointError for a header that breaks a rule."""
    return _Header(path, file).tensors()


def read_metadata(path: Path, file: IO[bytes]) -> Mapping[str, Any]:
    """The metadata: numbers, truth values, texts, arrays of numbers, lists of the others; CheckpointError as above."""
    header = _Header(path, file, keep=True)
    header.tensors()
    return header.metadata


@final
class _Header:
    """A walk through the bytes of a header, in blocks."""

    def __init__(self, path: Path, file: IO[bytes], *, keep: bool = False) -> None:
        self._path, self._file, self._keep = path, file, keep
        self.metadata: dict[str, Any] = {}
        self.spans: dict[str, tuple[int, int]] = {}
        self._size = os.fstat(file.fileno()).st_size
        self._block, self._first, self._at = b"", 0, 0
        self._items = 0
        self.alignment = 32

    def tensors(self) -> tuple[GgufEntry, ...]:
        magic, version = self._take(4, "the magic"), self._number(4)
        if magic != b"GGUF":
            raise self._refused(f"a GGUF file begins with b'GGUF', got {magic!r}")
        if version not in (2, 3):
            fault = "the file is big-endian" if version & 0xFFFF == 0 and version else f"got version {version}"
            raise self._refused(f"readable are versions 2 and 3 in little-endian order: {fault}")
        tensors, entries = (self._count(what, 12) for what in ("tensors", "metadata entries"))
        keys: set[str] = set()
        for _ in range(entries):
            begin = self._position
            key = self._text("a key", _MAX_KEY)
            if key in keys:
                raise self._refused(f"the metadata have the key {quoted(key)} twice")
            keys.add(key)
            self._value(key)
            self.spans[key] = begin, self._position
        found: dict[str, GgufEntry] = {}
        for _ in range(tensors):
            one = self._tensor()
            if one.info.name in found:
                raise self._refused("the file has this name twice", one.info.name)
            found[one.info.name] = one
        return self._placed([*found.values()])

    def _placed(self, found: list[GgufEntry]) -> tuple[GgufEntry, ...]:
        """The tensors with their places in the file instead of offsets, each inside the file and none in another."""
        base = -(-self._position // self.alignment) * self.alignment
        placed = tuple(GgufEntry(one.info, one.kind, base + one.begin) for one in found)
        covered = base
        for one in sorted(placed, key=lambda one: (one.begin, one.info.nbytes)):
            name, end = one.info.name, one.begin + one.info.nbytes
            if (one.begin - base) % self.alignment:
                raise self._refused(f"begins {one.begin - base} bytes in: not aligned to {self.alignment}", name)
            if one.begin < covered:
                raise self._refused("overlaps the tensor before it", name)
            if end > self._size:
                raise self._refused(f"ends at byte {end}, but the file has only {self._size}: truncated", name)
            covered = end
        return placed

    def _tensor(self) -> GgufEntry:
        name = self._text("a tensor's name", 4 * _MAX_KEY)
        axes = self._number(4)
        if axes > _MAX_AXES:
            raise self._refused(f"at most {_MAX_AXES} axes, got {axes}", name)
        shape = tuple(self._number(8) for _ in range(axes))[::-1]
        check_tensor(self._path, name, shape)
        kind, offset = self._number(4), self._number(8)
        if kind not in TYPES:
            raise self._refused(f"no type has the number {kind}", name)
        dtype, entries, nbytes = TYPES[kind]
        if entries > 1 and (not shape or shape[-1] % entries):
            raise self._refused(f"{dtype} has blocks of {entries} entries of the last axis, got shape {shape}", name)
        info = TensorInfo(name, dtype, shape, math.prod(shape) // entries * nbytes, quantized=entries > 1)
        return GgufEntry(info, kind, offset)

    def _value(self, key: str) -> None:
        """Pass over a value, or keep it; only the alignment matters for tensors."""
        kind = self._number(4)
        if key != "general.alignment":
            if self._keep:
                [value] = self._values(kind, 1, 0)
                self.metadata[key] = value.item() if isinstance(value, np.generic) else value
            else:
                self._pass_over(kind, 1, 0)
            return
        value = self._number(4) if kind == UINT32 else 0
        if not 0 < value <= _MAX_ALIGNMENT or value & (value - 1):
            raise self._refused(f"general.alignment is a UINT32, a power of two up to {_MAX_ALIGNMENT}")
        self.alignment = value

    def _pass_over(self, kind: int, count: int, depth: int) -> None:
        if kind in _SCALARS:
            self._skip(_SCALARS[kind].itemsize * count, f"{count} numbers")
            return
        self._check_items(kind, count, depth)
        if kind == STRING:
            self._pass_over_texts(count)
            return
        for _ in range(count):
            inner = self._number(4)
            self._pass_over(inner, self._number(8), depth + 1)

    def _pass_over_texts(self, count: int) -> None:
        """Pass over texts, most of them without a call: there are many in a vocabulary."""
        length_at = _LENGTH.unpack_from
        while count:
            block, at, last = self._block, self._at, len(self._block) - 8
            while count and at <= last:
                (length,) = length_at(block, at)
                if length > last - at:
                    break
                at, count = at + 8 + length, count - 1
            self._at = at
            if count:
                self._skip(self._number(8), "a text")
                count -= 1

    def _values(self, kind: int, count: int, depth: int) -> Sequence[Any] | NDArray[Any]:
        """What ``_pass_over`` passes over, under the same limits."""
        if kind in _SCALARS:
            nbytes = _SCALARS[kind].itemsize * count
            self._need(nbytes, f"{count} numbers")
            return np.frombuffer(self._take(nbytes, "numbers"), _SCALARS[kind])
        self._check_items(kind, count, depth)
        if kind == STRING:
            return [self._text("a text", MAX_HEADER) for _ in range(count)]
        return [self._values(self._number(4), self._number(8), depth + 1) for _ in range(count)]

    def _check_items(self, kind: int, count: int, depth: int) -> None:
        if kind not in (STRING, _ARRAY):
            raise self._refused(f"no type of metadata has the number {kind}")
        self._items += count
        if self._items > MAX_ITEMS:
            raise self._refused(f"arrays of the metadata have at most {MAX_ITEMS} texts and arrays in all")
        if depth > MAX_NESTING:
            raise self._refused(f"at most {MAX_NESTING} arrays inside each other")
        self._need((8 if kind == STRING else 12) * count, f"{count} texts or arrays")

    def _count(self, what: str, least: int) -> int:
        count = self._number(8)
        if count > MAX_ENTRIES:
            raise self._refused(f"at most {MAX_ENTRIES} {what}, got {count}")
        self._need(least * count, f"{count} {what}")
        return count

    def _text(self, what: str, longest: int) -> str:
        length = self._number(8)
        if length > longest:
            raise self._refused(f"{what} has at most {longest} bytes, got {length}")
        try:
            return self._take(length, what).decode("utf-8")
        except UnicodeDecodeError as error:
            raise self._refused(f"{what} is not UTF-8: {error.reason}") from error

    def _number(self, nbytes: int) -> int:
        return int.from_bytes(self._take(nbytes, "a number"), "little")

    @property
    def _position(self) -> int:
        return self._first + self._at

    def _need(self, nbytes: int, what: str) -> None:
        left = min(self._size, MAX_HEADER) - self._position
        if nbytes > left:
            rule = "truncated" if self._size <= MAX_HEADER else f"a header has at most {MAX_HEADER} bytes"
            raise self._refused(f"{what} at byte {self._position} cannot fit in the {left} bytes left: {rule}")

    def _skip(self, nbytes: int, what: str) -> None:
        self._need(nbytes, what)
        self._at += nbytes

    def _take(self, nbytes: int, what: str) -> bytes:
        if self._at + nbytes > len(self._block):
            self._need(nbytes, what)
            self._first, self._at = self._position, 0
            try:
                self._file.seek(self._first)
                self._block = self._file.read(max(nbytes, min(_BLOCK, MAX_HEADER - self._first)))
            except OSError as error:
                raise self._refused(plain(str(error))) from error
            if len(self._block) < nbytes:
                raise self._refused("the header ends early: truncated, or changed while it was read")
        taken = self._block[self._at : self._at + nbytes]
        self._at += nbytes
        return taken

    def _refused(self, rule: str, tensor: str | None = None) -> CheckpointError:
        return refused(self._path, rule, tensor)
