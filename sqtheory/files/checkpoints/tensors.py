"""What every file of tensors offers (a list of names, one array at a time), and the rules all of them obey."""

import math
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints.decoding import Decoding
from sqtheory.files.checkpoints.signature import Signature
from sqtheory.files.views.view import View

MAX_NAME = 4096
"""Characters in a tensor's name."""
MAX_RANK = 64
"""Axes of a tensor: as many as numpy has."""
MAX_SIZE = 2**60
"""The product of the dimensions that are not zero stays below this, so that eight bytes for each fit in 63 bits."""
SLAB = 1 << 18
"""Entries of a tensor taken at once, where they are taken in slabs."""
PIECE_BYTES = 1 << 20
"""Bytes of a file read, copied or written at once."""
_DIGITS = re.compile("([0-9]+)")
_SHOWN = 160
_MANY = 1 << 13
"""Among so many names the nearest is not looked for."""
_FLOATS = ("f", "bf", "double")
"""How the names of floating-point types begin: F16, float32, BF16, DOUBLE."""


@final
@dataclass(frozen=True)
class TensorInfo:
    """What a file says of one tensor before any of its entries is read."""

    name: str
    dtype: str
    """In the file's own words: ``F16``, ``float32``."""
    shape: tuple[int, ...]
    nbytes: int
    """Bytes of the entries in the file, uncompressed."""
    view: View | None = None
    """As which matrices a layer uses it, where the file itself says so; where it is shown so, as which it is shown."""
    shown_of: "TensorInfo | None" = None
    """What the file says of the tensor, where what is shown are matrices made of it."""
    quantized: bool = False
    """The entries are values that codes and scales stand for; ``dtype`` is what these are called together."""
    no_weight: str | None = None
    """Why it is no weight, where the file itself says what uses it."""
    dispute: str | None = None
    """Which uses of it as a weight sum over different axes, in words."""

    @property
    def size(self) -> int:
        """The number of entries."""
        return math.prod(self.shape)

    @property
    def stored(self) -> "TensorInfo":
        """What the file says of the tensor that this is, or that this is made of."""
        return self.shown_of or self

    @property
    def seen_as(self) -> str | None:
        """As which matrices it is shown, in words; None where it is shown as it is."""
        return None if self.view is None or self.shown_of is None else self.view.text(self.shown_of.shape)

    @property
    def is_float(self) -> bool:
        """The entries are floating-point numbers of any width, or codes that stand for some."""
        return self.quantized or self.dtype.lower().startswith(_FLOATS)


class Checkpoint(ABC):
    """Named tensors of an open file or of several that belong together, a context manager.

    Only the tensor being read is ever in memory.
    Whatever is wrong with the file is a CheckpointError of one line: the file, the tensor, the rule it breaks.
    """

    streams = False
    """Whether ``slabs`` reads a tensor slab by slab, unless it is shown as matrices."""
    encodes = False
    """Whether several tensors may spell one weight here, as files beside it and their names say."""

    def __init__(self, path: Path, tensors: tuple[TensorInfo, ...]) -> None:
        """Remember what a reader found in its file."""
        self._path = path
        self._tensors = tensors
        self._by_name = {info.name: info for info in tensors}

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    @property
    def tensors(self) -> tuple[TensorInfo, ...]:
        """Every tensor of the file, without its entries."""
        return self._tensors

    @property
    def views(self) -> Mapping[str, View]:
        """The views by which tensors of the file are shown, by the names that these have in the file."""
        return {}

    def origin(self, name: str) -> str:
        """The name in the file of what a tensor that is shown is made of."""
        return name

    @property
    def inner(self) -> "Checkpoint":
        """The tensors as they are stored, where this shows them otherwise; else this."""
        return self

    @property
    def described(self) -> frozenset[str]:
        """The keys of metadata of the file that only mean something beside codes, where these are shown as values."""
        return frozenset()

    @property
    def decoding(self) -> Decoding | None:
        """What is shown as values and stored as codes in several tensors; None where nothing is."""
        return None

    def parts(self, name: str) -> Mapping[str, str]:
        """The stored tensors that spell a weight together, by what they are; none where a tensor is stored as one."""
        return {}

    def files(self) -> dict[str, Path]:
        """The files that are read, by name."""
        return {self._path.name: self._path}

    @property
    def signature(self) -> Signature:
        """The signature of what is open here, even if its path means another file by now."""
        return Signature.of(self._statuses())

    def holds(self, path: Path) -> bool:
        """Whether a path leads to one of the files that are open here, by whatever name."""
        try:
            there = path.stat()
        except OSError:
            return False
        return any(os.path.samestat(there, status) for status in self._statuses())

    @abstractmethod
    def close(self) -> None:
        """Let go of the file; reading afterwards is a ValueError."""

    @abstractmethod
    def _statuses(self) -> tuple[os.stat_result, ...]:
        """What the system says of each file that belongs to this, always in the same order."""

    @abstractmethod
    def _read(self, info: TensorInfo) -> NDArray[Any]:
        """The entries of a tensor of this file."""

    def read(self, name: str) -> NDArray[Any]:
        """The entries of one tensor in a new array: native byte order, C order.

        64-bit floats come as float64, every narrower floating-point format as float32 (exactly);
        integers and booleans as they are.
        """
        return self._read(self.info(name))

    def splits(self, name: str, unit: int) -> bool:
        """Whether ``entries`` reads no more of a tensor than it gives, where that is whole runs of ``unit`` entries."""
        return False

    def entries(self, name: str, begin: int, end: int) -> NDArray[Any]:
        """Of the entries that ``read`` gives, in C order, those of these places; flat."""
        return self.read(name).reshape(-1)[begin:end]

    def part(self, name: str, index: int) -> NDArray[Any] | None:
        """The entries of x that have this index along the first axis; None where all would have to be read for them."""
        shape = self.info(name).shape[1:]
        n = math.prod(shape)
        return self.entries(name, index * n, index * n + n).reshape(shape) if self.splits(name, n) else None

    def slabs(self, name: str) -> Iterator[NDArray[Any]]:
        """The entries that ``read`` gives, in C order, in flat arrays of a multiple of 32 entries, but for the last.

        No more than one is in memory where the file ``streams``.
        """
        values = self.read(name).reshape(-1)
        for at in range(0, values.size, SLAB):
            yield values[at : at + SLAB]

    def stored(self, name: str) -> Iterator[NDArray[np.uint8]]:
        """The bytes of the entries of one tensor as they are in the file, in pieces.

        Where a format has no plain bytes, those of the values that ``read`` gives, little-endian in C order.
        """
        values = self.read(name).reshape(-1)
        for at in range(0, values.size, PIECE_BYTES):
            piece = values[at : at + PIECE_BYTES]
            yield piece.astype(piece.dtype.newbyteorder("<"), copy=False).view(np.uint8)

    def info(self, name: str) -> TensorInfo:
        """What is said of one tensor; CheckpointError, with the nearest name, when there is none of this name."""
        if name not in self._by_name:
            from difflib import get_close_matches

            near = get_close_matches(name, self._by_name, n=1) if len(self._by_name) < _MANY else []
            raise refused(self._path, f"no tensor {quoted(name)}" + (f"; nearest: {quoted(near[0])}" if near else ""))
        return self._by_name[name]

    def check_unchanged(self, since: Signature) -> None:
        """CheckpointError where the files, or those that their names lead to, are others than had this signature."""
        if self.signature != since or not self.holds(self._path):
            raise refused(self._path, "changed while it was read")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class FileCheckpoint(Checkpoint):
    """A checkpoint that is one open file."""

    _file: IO[bytes]

    def close(self) -> None:
        self._file.close()

    def _statuses(self) -> tuple[os.stat_result, ...]:
        return (os.fstat(self._file.fileno()),)


def natural(name: str) -> tuple[tuple[tuple[int, str], ...], str]:
    """A sort key that compares runs of digits as numbers: layer 2 before layer 10."""
    numbered = [(0, piece) for piece in _DIGITS.split(name)]
    for i in range(1, len(numbered), 2):
        digits = numbered[i][1].lstrip("0")
        numbered[i] = len(digits), digits
    return tuple(numbered), name


def quoted(name: str | bytes) -> str:
    """A name as a Python literal, so that nothing in it can break a line or hide; the middle of a long one left out."""
    text = repr(name)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN // 2]}...{text[-_SHOWN // 4 :]}"


def plain(text: str) -> str:
    """A sentence of another library or a path: as it is when it prints on one line, else as a Python literal."""
    return text if text.isprintable() and len(text) <= 4 * _SHOWN else quoted(text)


def refused(path: Path, rule: str, tensor: str | None = None) -> CheckpointError:
    """The error for a file, or for one tensor of it, that breaks a rule; one line."""
    return CheckpointError(f"{plain(str(path))}: {'' if tensor is None else f'tensor {quoted(tensor)}: '}{rule}")


def check_tensor(path: Path, name: str, shape: tuple[int, ...]) -> None:
    """Refuse a name or a shape that no array can have, before anything is allocated for it."""
    if "\0" in name or len(name) > MAX_NAME:
        raise refused(path, f"a name has at most {MAX_NAME} characters and no NUL, got {len(name)} characters", name)
    if len(shape) > MAX_RANK:
        raise refused(path, f"at most {MAX_RANK} axes, got {len(shape)}", name)
    if shape and min(shape) < 0:
        raise refused(path, f"no dimension is negative, got {min(shape)}", name)
    if math.prod(n for n in shape if n) >= MAX_SIZE:
        raise refused(path, "the dimensions that are not zero have a product of 2**60 or more", name)
