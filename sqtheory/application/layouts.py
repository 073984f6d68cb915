"""Which files a compressed checkpoint consists of: those of its source, with other bytes for some tensors."""

import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from sqtheory import atomic
from sqtheory.arrays import Array
from sqtheory.checkpoints import (
    Checkpoint,
    GgufCheckpoint,
    NpyCheckpoint,
    NpyWriter,
    NpzCheckpoint,
    NpzWriter,
    OnnxCheckpoint,
    SafetensorsCheckpoint,
    SafetensorsWriter,
    ShardedCheckpoint,
    TensorInfo,
    declare,
)
from sqtheory.checkpoints.elements import BITS, ELEMENTS, Element, Native
from sqtheory.checkpoints.shards import inside
from sqtheory.checkpoints.tensors import plain, refused
from sqtheory.checkpoints.writing import check_not_input

Pieces: TypeAlias = Iterator[NDArray[np.uint8]]
CHUNK = 1 << 18
"""Entries encoded at once: a whole number of bytes whatever the type."""
_PIECE = 1 << 20


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
    def write(self, contents: Iterator[Content], metadata: Mapping[str, str], force: bool) -> None:
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


def layout(source: Checkpoint, out: Path, *, folder: bool) -> Layout:
    """The layout of the source's own kind; GGUF becomes safetensors.

    ``folder``: the source was named as a folder, and so ``out`` is one. Raises ValueError where the name of ``out``
    promises another kind of file, or where it lies inside the folder of the source.
    """
    match source:
        case ShardedCheckpoint():
            return Folder(source, source.path, dict(source.shards), out)
        case SafetensorsCheckpoint() if folder:
            return Folder(source, None, {source.path.name: source}, out)
        case SafetensorsCheckpoint():
            return SafetensorsFile(source, _named(out, ".safetensors"))
        case NpzCheckpoint() | NpyCheckpoint():
            return NumpyFile(source, _named(out, ".npz" if isinstance(source, NpzCheckpoint) else ".npy"))
        case OnnxCheckpoint():
            return OnnxFile(source, _named(out, ".onnx"))
        case GgufCheckpoint():
            return FromGguf(source, _named(out, ".safetensors"))
    raise TypeError(f"{type(source).__name__} cannot be written")


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    content = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                content.update(piece)
    except OSError as error:
        raise refused(path, f"cannot be read: {plain(str(error))}") from error
    return content.hexdigest()


@final
@dataclass(frozen=True)
class SafetensorsFile(Layout):
    """One safetensors file like its source: its metadata, and what is added to them."""

    source: SafetensorsCheckpoint
    out: Path

    def element(self, info: TensorInfo) -> Element | None:
        return ELEMENTS.get(info.dtype) if info.is_float else None

    def write(self, contents: Iterator[Content], metadata: Mapping[str, str], force: bool) -> None:
        _write(self.source, self.out, contents, {**self.source.metadata, **metadata}, force)


@final
@dataclass(frozen=True)
class Folder(Layout):
    """A folder of safetensors files and, if there are several, their index; all other files of it are copied."""

    source: Checkpoint
    index: Path | None
    shards: Mapping[str, SafetensorsCheckpoint]
    out: Path

    def element(self, info: TensorInfo) -> Element | None:
        return ELEMENTS.get(info.dtype) if info.is_float else None

    @property
    def home(self) -> Path:
        """The folder that is read."""
        return self.source.path.parent

    def tensors(self) -> tuple[TensorInfo, ...]:
        return tuple(info for shard in self.shards.values() for info in shard.tensors)

    def files(self) -> dict[str, Path]:
        index = {} if self.index is None else {self.index.name: self.index}
        return {name: shard.path for name, shard in self.shards.items()} | index

    def others(self) -> dict[str, Path]:
        found = {}
        for folder, folders, names in os.walk(self.home):
            folders.sort()
            linked = next((name for name in folders if Path(folder, name).is_symlink()), None)
            if linked is not None:
                raise refused(Path(folder, linked), "a symbolic link to a folder is not copied")
            for name in sorted(names):
                path = Path(folder, name)
                relative = path.relative_to(self.home).as_posix()
                if relative not in self.shards and path != self.index:
                    found[relative] = inside(self.home, path)
        return found

    def check(self, force: bool) -> None:
        home, out = self.home.resolve(), self.out.resolve()
        if out == home or home in out.parents:
            raise ValueError(f"{plain(str(self.out))} lies in the folder of the input: write to another folder")
        self._folder(force).check()

    def write(self, contents: Iterator[Content], metadata: Mapping[str, str], force: bool) -> None:
        with self._folder(force) as folder:
            for relative, path in self.others().items():
                with path.open("rb") as old, atomic.NewFile(folder / relative) as new:
                    while piece := old.read(_PIECE):
                        new.write(piece)
            for name, shard in self.shards.items():
                own = (next(contents) for _ in shard.tensors)
                sha = {"sqtheory.source_sha256": digest(shard.path)}
                _write(shard, folder / name, own, {**shard.metadata, **metadata, **sha}, force=False)
            if self.index is not None:
                atomic.write(folder / self.index.name, self.index.read_bytes())

    def _folder(self, force: bool) -> atomic.NewFolder:
        return atomic.NewFolder(self.out, [*self.files(), *self.others()], force=force)


@final
@dataclass(frozen=True)
class NumpyFile(Layout):
    """An npz archive or npy file with the members, headers, byte orders and memory orders of its source."""

    source: NpzCheckpoint | NpyCheckpoint
    out: Path

    def element(self, info: TensorInfo) -> Element | None:
        header, _ = self.source.head(info.name)
        return Native(header.dtype.str) if header.dtype.kind == "f" and header.dtype.itemsize <= 8 else None

    def encoded(self, info: TensorInfo, values: Array) -> Pieces:
        header, _ = self.source.head(info.name)
        return super().encoded(info, values.T if header.fortran else values)

    def write(self, contents: Iterator[Content], metadata: Mapping[str, str], force: bool) -> None:
        kind = NpzWriter if isinstance(self.source, NpzCheckpoint) else NpyWriter
        with kind(self.out, self.source, force=force) as writer:  # type: ignore[arg-type]  # kind fits its source
            for content in contents:
                writer.copy(content.info.name, content.pieces)


@final
@dataclass(frozen=True)
class OnnxFile(Layout):
    """An ONNX model with other entries in some of its initializers and constants; it is in memory while written."""

    source: OnnxCheckpoint
    out: Path

    def element(self, info: TensorInfo) -> Element | None:
        names = {"FLOAT": "F32", "DOUBLE": "F64", "FLOAT16": "F16", "BFLOAT16": "BF16"}
        return ELEMENTS[names[info.dtype]] if info.dtype in names else None

    def check(self, force: bool) -> None:
        if self.source.external:
            how = "onnx.save(onnx.load(IN), OUT, save_as_external_data=False) makes one file of it"
            raise refused(self.source.path, f"its tensors lie in external data, which are not rewritten; {how}")
        super().check(force)

    def write(self, contents: Iterator[Content], metadata: Mapping[str, str], force: bool) -> None:
        changed = (content for content in contents if content.changed)
        raw = {content.info.name: b"".join(piece.tobytes() for piece in content.pieces) for content in changed}
        with atomic.NewFile(self.out, force=force) as file:
            file.write(self.source.rewritten(raw))


@final
@dataclass(frozen=True)
class FromGguf(Layout):
    """The tensors of a GGUF file as safetensors: what it keeps in blocks of codes as F32, which has their values."""

    source: GgufCheckpoint
    out: Path
    note = (
        "GGUF has no type for the result, so OUT is safetensors: tensors in blocks of codes become F32, "
        "value for value; the metadata of the GGUF file are not carried over"
    )

    def tensors(self) -> tuple[TensorInfo, ...]:
        kinds = ((info, info.dtype if info.dtype in BITS else "F32") for info in self.source.tensors)
        return tuple(declare(info.name, dtype, info.shape) for info, dtype in kinds)

    def element(self, info: TensorInfo) -> Element | None:
        return ELEMENTS[info.dtype] if info.is_float else None

    def kept(self, info: TensorInfo) -> Pieces:
        flat = self.source.read(info.name).reshape(-1)
        return (ELEMENTS[info.dtype].encode(flat[at : at + CHUNK]) for at in range(0, flat.size, CHUNK))

    def write(self, contents: Iterator[Content], metadata: Mapping[str, str], force: bool) -> None:
        with SafetensorsWriter(self.out, self.tensors(), metadata, source=self.source, force=force) as writer:
            for content in contents:
                writer.copy(content.info.name, content.pieces)


def _write(
    source: SafetensorsCheckpoint, out: Path, contents: Iterator[Content], metadata: Mapping[str, str], force: bool
) -> None:
    with SafetensorsWriter(out, source.tensors, metadata, source=source, force=force) as writer:
        for content in contents:
            writer.copy(content.info.name, content.pieces)


def _named(out: Path, suffix: str) -> Path:
    if out.suffix.lower() != suffix:
        raise ValueError(f"{plain(str(out))}: what is written is a {suffix} file, so its name must end with {suffix}")
    return out
