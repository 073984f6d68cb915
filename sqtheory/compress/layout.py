"""What every layout of a compressed checkpoint offers: which files, which types, which bytes."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.storage import Index
from sqtheory.arrays import Array, same_bytes
from sqtheory.files import atomic
from sqtheory.files.checkpoints import Checkpoint, TensorInfo
from sqtheory.files.checkpoints.elements import Element
from sqtheory.files.checkpoints.writing import Begun, check_not_input
from sqtheory.files.code_layout import CodeLayout
from sqtheory.files.packing import Packed, Schema

Pieces: TypeAlias = Iterator[NDArray[np.uint8]]
Metadata: TypeAlias = Callable[[str], Mapping[str, str]]
"""What is added to the metadata of the file that takes the place of the source's file of this name."""
CHUNK = 1 << 18
"""Entries encoded at once: a whole number of bytes whatever the type."""
ITSELF = "."
"""The path in ``out`` of ``out`` itself, where that is a file."""


@final
@dataclass(frozen=True)
class Packing:
    """Codes, scales and places of survivors in the place of values."""

    layout: CodeLayout = CodeLayout.sqtheory
    index: Index | None = None
    """How places are stored; None: as numbers of patterns where these are small enough."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "layout", CodeLayout(self.layout))


@final
@dataclass(frozen=True, eq=False)
class Made:
    """What is written for one tensor: values, and their codes where codes are what is written."""

    values: Array | None
    """None where they are not asked for, only their codes."""
    rounded: int
    """Entries whose value the tensor's type does not have, so that they were rounded once more."""
    packed: Packed | None = None


@final
@dataclass(frozen=True)
class Target:
    """A tensor that is changed: where it is there as codes, their schema and how their arrays are declared."""

    name: str
    schema: Schema | None = None
    arrays: tuple[TensorInfo, ...] = ()


@final
@dataclass(frozen=True)
class StoredResult:
    """The bytes of a result, and how many bits these and theorem ``storage`` count."""

    target: Target
    pieces: Pieces
    dtype: str
    """The type of the tensor that is written, which codes stand for where they are no type of their own."""
    bits: int | None
    """Of codes, scales and places by theorem ``storage``; None for values."""
    bits_in_file: int


@final
@dataclass(frozen=True)
class Content:
    """A tensor and the bytes that are to be in the file; ``changed`` unless they are those of the source."""

    info: TensorInfo
    pieces: Pieces
    changed: bool
    packed: Packed | None = None
    """What the bytes are the arrays of, where they are codes."""


@final
@dataclass(frozen=True)
class Contents(Iterator[Content]):
    """All tensors in turn, and the files that hold the bytes of some already."""

    each: Iterator[Content]
    begun: Callable[[str], Begun | None] = lambda file: None
    """What there is of the file of a path in ``out``."""

    def __next__(self) -> Content:
        return next(self.each)


class Layout(ABC):
    """Where the tensors of an open checkpoint are written, ``out``, and how."""

    packing: Packing | None = None
    """How codes are written, where it is they that are."""

    source: Checkpoint
    """What is read."""
    out: Path
    """What is written."""

    @property
    def note(self) -> str | None:
        """What a user should know of this layout and its source, in a sentence or a few."""
        return None if self.source.decoding is None else str(self.source.decoding).removesuffix(".")

    @abstractmethod
    def write(self, contents: Contents, metadata: Metadata, out: Path) -> None:
        """Write all tensors to ``out``, which is not there yet and of the same name as ``self.out``. Raises OSError."""

    @abstractmethod
    def element(self, info: TensorInfo) -> Element | None:
        """The type of the entries as they are written; None where it holds no floating-point numbers."""

    @abstractmethod
    def headers(self, targets: Sequence[Target], metadata: Metadata) -> dict[str, str]:
        """SHA-256 of what every written file holds besides entries of tensors, by its path in ``out``, which is ".".

        Of a safetensors file that is its header. Files that are copied are not among them.
        """

    def places(self, metadata: Metadata) -> dict[str, dict[str, int]]:
        """Where in the files, by their paths in ``out``, the bytes of tensors will begin, by their names.

        Of those only for which that is known from the metadata alone.
        """
        return {}

    def check(self, force: bool) -> None:
        """Raise ValueError where ``out`` is the input, FileExistsError where it may not be replaced."""
        check_not_input(self.out, self.source)
        atomic.check_new(self.out, self.parts(), force=force)

    def beside(self) -> Collection[str]:
        """The names of other files that are written to the folder of ``out`` and belong to it."""
        return ()

    def parts(self) -> Collection[str] | None:
        """The files of a folder that is written, by their paths in it; None where it is one file."""
        return None

    def tensors(self) -> tuple[TensorInfo, ...]:
        """Every tensor as it is written, in that order."""
        return self.source.tensors

    def files(self) -> dict[str, Path]:
        """The files that the tensors are read from, by name."""
        return self.source.files()

    def others(self) -> dict[str, Path]:
        """The files that are copied, by their paths in the folder."""
        return {}

    def kept(self, info: TensorInfo) -> Pieces:
        """The bytes of a tensor that is left alone."""
        return self.source.stored(info.name)

    def encoded(self, info: TensorInfo, values: Array) -> Pieces:
        """The bytes of values that the type of the entries has exactly."""
        element = self.element(info)
        assert element is not None
        flat = values.reshape(-1)
        return (element.encode(flat[at : at + CHUNK]) for at in range(0, flat.size, CHUNK))

    def stored(self, info: TensorInfo, made: Made) -> StoredResult:
        """What is written for a result."""
        assert made.values is not None
        return StoredResult(Target(info.name), self.encoded(info, made.values), info.dtype, None, 8 * info.nbytes)

    def reads(self, schema: Schema, values: Array, read: Array) -> bool:
        """Whether ``read`` is what codes of these values are to be read as."""
        return same_bytes(read, values)


def origin_of(out: str, files: Collection[str]) -> str:
    """The file of the source, of several, that the metadata of the file of the name ``out`` are about."""
    return out if out in files else next(iter(files))
