"""What every layout of a compressed checkpoint offers: which files, which types, which bytes."""

import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.arrays import Array
from sqtheory.checkpoints import Checkpoint, TensorInfo
from sqtheory.checkpoints.elements import Element
from sqtheory.checkpoints.tensors import plain, refused
from sqtheory.checkpoints.writing import check_not_input

Pieces: TypeAlias = Iterator[NDArray[np.uint8]]
Metadata: TypeAlias = Callable[[str], Mapping[str, str]]
"""What is added to the metadata of the file that takes the place of the source's file of this name."""
CHUNK = 1 << 18
"""Entries encoded at once: a whole number of bytes whatever the type."""
PIECE = 1 << 20
"""Bytes of a file copied at once."""


@final
@dataclass(frozen=True)
class Content:
    """A tensor and the bytes that are to be in the file; ``changed`` unless they are those of the source."""

    info: TensorInfo
    pieces: Pieces
    changed: bool


class Layout(ABC):
    """Where the tensors of an open checkpoint are written, ``out``, and how."""

    note: str | None = None
    """What a user should know of this layout, in one sentence."""

    source: Checkpoint
    """What is read."""
    out: Path
    """What is written."""

    @abstractmethod
    def write(self, contents: Iterator[Content], metadata: Metadata, force: bool) -> None:
        """Write all tensors; what is written appears whole or not at all.

        Raises ValueError where ``out`` is the input, FileExistsError unless ``force``, OSError from the system.
        """

    @abstractmethod
    def element(self, info: TensorInfo) -> Element | None:
        """The type of the entries as they are written; None where it holds no floating-point numbers."""

    def check(self, force: bool) -> None:
        """Raise what ``write`` raises before it writes anything."""
        check_not_input(self.out, self.source)
        if not force and os.path.lexists(self.out):
            raise FileExistsError(f"{self.out} exists: pass --force to replace it")

    def tensors(self) -> tuple[TensorInfo, ...]:
        """Every tensor as it is written, in that order."""
        return self.source.tensors

    def files(self) -> dict[str, Path]:
        """The files that the tensors are read from, by name."""
        return {self.source.path.name: self.source.path}

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


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    content = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                content.update(piece)
    except OSError as error:
        raise refused(path, f"cannot be read: {plain(str(error))}") from error
    return content.hexdigest()
