"""Writing checkpoints: every tensor declared first, then written in pieces; the file appears whole or not at all."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.files import atomic
from sqtheory.files.checkpoints.elements import BITS, ELEMENTS, Element, nbytes_of
from sqtheory.files.checkpoints.pickles import PICKLE_SUFFIXES
from sqtheory.files.checkpoints.safetensors import MAX_HEADER, METADATA
from sqtheory.files.checkpoints.tensors import Checkpoint, TensorInfo, check_tensor, plain, quoted

_OTHERS = frozenset({".onnx", ".npz", ".npy", ".gguf", ".tflite", ".bin", ".h5", ".json", *PICKLE_SUFFIXES})
"""Endings of names that promise another kind of file than safetensors."""
_CHUNK = 1 << 18
"""Entries encoded at once: a whole number of bytes whatever the type."""


@final
@dataclass(frozen=True)
class Begun:
    """A file that holds the bytes of some tensors already, and where by their names they begin."""

    file: atomic.NewFile
    starts: Mapping[str, int]


class CheckpointWriter(ABC):
    """A file of tensors that is being written, a context manager; it takes its name when the context ends.

    Every declared tensor is written once, in any order; only a piece of it is in memory. ValueError for anything
    that does not fit what was declared, FileExistsError unless ``force`` for a file that is there, OSError from the
    system: after any error inside the context, all is as it was before. For one thread.
    """

    def __init__(self, path: Path, declared: Iterable[TensorInfo], source: Checkpoint | None, force: bool) -> None:
        """Check the declarations; ValueError also for a path that leads to a file that ``source`` reads from."""
        self._path = path
        self._declared = tuple(declared)
        self._pending = {info.name: info for info in self._declared}
        self._file = atomic.NewFile(path, force=force)
        check_not_input(path, source)
        if len(self._pending) < len(self._declared):
            raise ValueError(f"{self._shown}: two tensors of one name are declared")
        for info in self._declared:
            check_tensor(path, info.name, info.shape)

    def write(self, name: str, values: NDArray[Any]) -> None:
        """Write a tensor from an array of any layout and byte order; its type must have every value exactly."""
        info = self._due(name)
        if values.shape != info.shape:
            raise self._wrong(name, f"declared with shape {info.shape}, got {values.shape}")
        self._fill(info, self._encoded(info, values))

    def copy(self, name: str, pieces: Iterable[NDArray[np.uint8]]) -> None:
        """Write a tensor from its bytes as they are to be in the file, in pieces of any size."""
        self._fill(self._due(name), pieces)

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            undo.enter_context(self._file).write(self.front(), 0)
            self._undo = undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None and self._pending:
            with self._undo:
                raise self._wrong(min(self._pending), f"not written, one of {len(self._pending)} that were declared")
        self._undo.__exit__(kind, error, trace)

    @abstractmethod
    def front(self) -> bytes:
        """All bytes of the file before those of the tensors."""

    @abstractmethod
    def _start(self, info: TensorInfo) -> int:
        """Where in the file the bytes of a tensor begin."""

    @abstractmethod
    def _element(self, info: TensorInfo) -> Element:
        """The type of the entries; ValueError where values cannot be encoded."""

    def _due(self, name: str) -> TensorInfo:
        if name not in self._pending:
            raise self._wrong(name, "not declared, or written already")
        return self._pending[name]

    def _encoded(self, info: TensorInfo, values: NDArray[Any]) -> Iterator[NDArray[np.uint8]]:
        element = self._element(info)
        flat = values.reshape(-1) if values.flags.c_contiguous else values.flat
        for at in range(0, info.size, _CHUNK):
            try:
                yield element.encode(flat[at : at + _CHUNK])
            except ValueError as error:
                raise self._wrong(info.name, plain(str(error))) from error

    def _fill(self, info: TensorInfo, pieces: Iterable[NDArray[np.uint8]]) -> None:
        start, done = self._start(info), 0
        for piece in pieces:
            if done + piece.nbytes <= info.nbytes:
                self._file.write(np.ascontiguousarray(piece).data, start + done)
            done += piece.nbytes
        if done != info.nbytes:
            raise self._wrong(info.name, f"declared with {info.nbytes} bytes, got {done}")
        del self._pending[info.name]

    @property
    def _shown(self) -> str:
        return plain(str(self._path))

    def _wrong(self, name: str, what: str) -> ValueError:
        return ValueError(f"{self._shown}: tensor {quoted(name)}: {what}")


def check_not_input(path: Path, source: Checkpoint | None, *others: Path) -> None:
    """ValueError for a path that leads to a file that ``source`` reads from, or to one of ``others``, by any name."""
    held = source is not None and source.holds(path)
    if held or (path.exists() and any(one.exists() and path.samefile(one) for one in others)):
        raise ValueError(f"{plain(str(path))} is the input itself: write to another file")


@final
class SafetensorsWriter(CheckpointWriter):
    """A safetensors file: the widest entries first, so that every tensor is aligned, else in the order declared."""

    def __init__(
        self,
        path: Path,
        declared: Iterable[TensorInfo],
        metadata: Mapping[str, str] | None = None,
        *,
        source: Checkpoint | None = None,
        force: bool = False,
        begun: Begun | None = None,
    ) -> None:
        """Lay the tensors out; they are declared by ``declare``, or as another safetensors file has them.

        What is ``begun`` becomes the file if its tensors begin where they are to; ``copy`` leaves them as they are.
        """
        super().__init__(path, declared, source, force)
        listing: dict[str, object] = {METADATA: dict(metadata)} if metadata else {}
        self._offsets: dict[str, int] = {}
        end = 0
        for info in sorted(self._declared, key=lambda info: -BITS.get(info.dtype, 0)):
            if info.name == METADATA or info.dtype not in BITS or info.nbytes != nbytes_of(info.dtype, info.shape):
                raise self._wrong(info.name, f"no tensor of safetensors is called or has the type and size {info}")
            self._offsets[info.name] = end
            end += info.nbytes
            offsets = [self._offsets[info.name], end]
            listing[info.name] = {"dtype": info.dtype, "shape": list(info.shape), "data_offsets": offsets}
        if not all(isinstance(text, str) for pair in (metadata or {}).items() for text in pair):
            raise ValueError(f"{self._shown}: metadata map strings to strings")
        try:
            header = json.dumps(listing, ensure_ascii=False, separators=(",", ":")).encode()
        except UnicodeEncodeError as error:
            raise ValueError(f"{self._shown}: a name or metadata cannot be written as UTF-8: {error.reason}") from error
        self._header = header.ljust(-(-len(header) // 8) * 8)
        if len(self._header) > MAX_HEADER:
            raise ValueError(f"{self._shown}: the header takes {len(self._header)} bytes, the limit is {MAX_HEADER}")
        self._there: frozenset[str] = frozenset()
        if begun is not None and begun.starts.items() <= self.starts.items():
            self._file, self._there = begun.file.renamed(path, force=force), frozenset(begun.starts)

    @property
    def starts(self) -> dict[str, int]:
        """Where in the file the bytes of every tensor begin, by its name."""
        return {info.name: self._start(info) for info in self._declared}

    def copy(self, name: str, pieces: Iterable[NDArray[np.uint8]]) -> None:
        if name in self._there:
            del self._pending[self._due(name).name]
        else:
            super().copy(name, pieces)

    def front(self) -> bytes:
        return len(self._header).to_bytes(8, "little") + self._header

    def _start(self, info: TensorInfo) -> int:
        return 8 + len(self._header) + self._offsets[info.name]

    def _element(self, info: TensorInfo) -> Element:
        if info.dtype not in ELEMENTS:
            raise self._wrong(info.name, f"no values can be written as {info.dtype}")
        return ELEMENTS[info.dtype]


def declare(name: str, dtype: str, shape: tuple[int, ...]) -> TensorInfo:
    """A tensor to be written to a safetensors file; ValueError for a type that the format does not have."""
    if dtype not in BITS:
        raise ValueError(f"tensor {quoted(name)}: dtype is one of {', '.join(BITS)}, got {plain(dtype)}")
    return TensorInfo(name, dtype, shape, nbytes_of(dtype, shape))


def check_name(path: Path) -> None:
    """Raise ValueError where the name of a safetensors file to be written promises another kind of file."""
    if path.suffix.lower() in _OTHERS:
        raise ValueError(
            f"{plain(str(path))}: what is written is a safetensors file, whose name ends with .safetensors"
        )


def redeclare(info: TensorInfo, dtype: str) -> TensorInfo:
    """A tensor of another file to be written in a type of safetensors; that it is no weight is still said of it."""
    return replace(declare(info.name, dtype, info.shape), no_weight=info.no_weight)
