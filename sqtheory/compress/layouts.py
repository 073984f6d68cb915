"""Which files a compressed checkpoint consists of: those of its source, with other bytes for some tensors."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import final

from sqtheory.arrays import Array
from sqtheory.compress.layout import (
    CHUNK,
    ITSELF,
    Content,
    Layout,
    Metadata,
    Packing,
    Pieces,
    Target,
)
from sqtheory.compress.packed_layouts import CompressedTensorsFolder, PackedFile
from sqtheory.compress.strays import sentence, strays
from sqtheory.files import atomic
from sqtheory.files.checkpoints import (
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
    open_checkpoint,
)
from sqtheory.files.checkpoints.elements import BITS, ELEMENTS, Element, Native
from sqtheory.files.checkpoints.shards import inside
from sqtheory.files.checkpoints.tensors import PIECE_BYTES, plain, refused
from sqtheory.files.code_layout import CodeLayout
from sqtheory.files.digests import digest, sha256
from sqtheory.files.packing import CompressedTensorsCheckpoint, PackedCheckpoint
from sqtheory.files.packing.files import declared


def layout_of(source: Checkpoint, out: Path, *, folder: bool, packing: Packing | None = None) -> Layout:
    """The layout of the source's own kind, GGUF becoming safetensors; or of codes, as ``packing`` says.

    ``folder``: the source was named as a folder, and so ``out`` is one. Raises ValueError where the name of ``out``
    promises another kind of file, or where it lies inside the folder of the source.
    """
    if packing is not None:
        kind = CompressedTensorsFolder if packing.layout is CodeLayout.compressed_tensors else PackedFile
        return kind(source, out, tuple(declared(source, info) for info in source.tensors), packing)
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


def written(out: Path, packing: Packing | None) -> Layout:
    """The layout of a checkpoint that was written, opened; its values are what codes stand for."""
    if packing is None:
        return layout_of(open_checkpoint(out), out, folder=out.is_dir())
    packed = (
        CompressedTensorsCheckpoint(out) if packing.layout is CodeLayout.compressed_tensors else PackedCheckpoint(out)
    )
    return PackedFile(packed, out, packed.tensors, packing)


@final
@dataclass(frozen=True)
class SafetensorsFile(Layout):
    """One safetensors file like its source: its metadata, and what is added to them."""

    source: SafetensorsCheckpoint
    out: Path

    def element(self, info: TensorInfo) -> Element | None:
        return ELEMENTS.get(info.dtype) if info.is_float else None

    def headers(self, targets: Sequence[Target], metadata: Metadata) -> dict[str, str]:
        return {ITSELF: _header(self.source, metadata(self.source.path.name))}

    def write(self, contents: Iterator[Content], metadata: Metadata, out: Path) -> None:
        _write(self.source, out, contents, metadata(self.source.path.name))


@final
@dataclass(frozen=True)
class Folder(Layout):
    """A folder of safetensors files and, if there are several, their index; other files are copied, .git excepted.

    A safetensors file beside them that is not in the index and repeats a tensor of it is left out.
    """

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

    @cached_property
    def strays(self) -> dict[str, str]:
        """The files that are left out, as they were found first, with a tensor that each repeats."""
        return strays(self.home, self.shards, [info.name for info in self.source.tensors])

    @property
    def note(self) -> str | None:
        return sentence(self.out, self.strays)

    def others(self) -> dict[str, Path]:
        found = {}
        for folder, folders, names in os.walk(self.home):
            folders[:] = sorted(name for name in folders if name != ".git" and not atomic.is_hidden(name))
            linked = next((name for name in folders if Path(folder, name).is_symlink()), None)
            if linked is not None:
                raise refused(Path(folder, linked), "a symbolic link to a folder is not copied")
            for name in sorted(name for name in names if not atomic.is_hidden(name)):
                path = Path(folder, name)
                relative = path.relative_to(self.home).as_posix()
                if relative not in self.shards and relative not in self.strays and path != self.index:
                    found[relative] = inside(self.home, path)
        return found

    def headers(self, targets: Sequence[Target], metadata: Metadata) -> dict[str, str]:
        index = {} if self.index is None else {self.index.name: digest(self.index)}
        return {name: _header(shard, metadata(name)) for name, shard in self.shards.items()} | index

    def check(self, force: bool) -> None:
        home, out = self.home.resolve(), self.out.resolve()
        if out == home or home in out.parents:
            raise ValueError(f"{plain(str(self.out))} lies in the folder of the input: write to another folder")
        atomic.check_new(self.out, self.parts(), force=force)

    def parts(self) -> tuple[str, ...]:
        return (*self.files(), *self.others())

    def write(self, contents: Iterator[Content], metadata: Metadata, out: Path) -> None:
        for relative, path in self.others().items():
            with path.open("rb") as old, atomic.NewFile(out / relative) as new:
                while piece := old.read(PIECE_BYTES):
                    new.write(piece)
        for name, shard in self.shards.items():
            own = (next(contents) for _ in shard.tensors)
            _write(shard, out / name, own, metadata(name))
        if self.index is not None:
            atomic.write(out / self.index.name, self.index.read_bytes())


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

    def headers(self, targets: Sequence[Target], metadata: Metadata) -> dict[str, str]:
        return {ITSELF: sha256([self.source.structure()])}

    def write(self, contents: Iterator[Content], metadata: Metadata, out: Path) -> None:
        if isinstance(self.source, NpzCheckpoint):
            _fill(NpzWriter(out, self.source), contents)
        else:
            _fill(NpyWriter(out, self.source), contents)


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

    def headers(self, targets: Sequence[Target], metadata: Metadata) -> dict[str, str]:
        return {ITSELF: sha256([self.source.rewritten({target.name: b"" for target in targets})])}

    def write(self, contents: Iterator[Content], metadata: Metadata, out: Path) -> None:
        changed = (content for content in contents if content.changed)
        raw = {content.info.name: b"".join(piece.tobytes() for piece in content.pieces) for content in changed}
        with atomic.NewFile(out) as file:
            file.write(self.source.rewritten(raw))


@final
@dataclass(frozen=True)
class FromGguf(Layout):
    """The tensors of a GGUF file as safetensors: what it keeps in blocks of codes as F32, which has their values."""

    source: GgufCheckpoint
    out: Path

    @property
    def note(self) -> str:
        return (
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

    def headers(self, targets: Sequence[Target], metadata: Metadata) -> dict[str, str]:
        added = metadata(self.source.path.name)
        return {ITSELF: sha256([SafetensorsWriter(self.out, self.tensors(), added).front()])}

    def write(self, contents: Iterator[Content], metadata: Metadata, out: Path) -> None:
        added = metadata(self.source.path.name)
        _fill(SafetensorsWriter(out, self.tensors(), added, source=self.source), contents)


def _write(source: SafetensorsCheckpoint, out: Path, contents: Iterator[Content], added: Mapping[str, str]) -> None:
    metadata = {**source.metadata, **added}
    _fill(SafetensorsWriter(out, source.tensors, metadata, source=source), contents)


def _header(source: SafetensorsCheckpoint, added: Mapping[str, str]) -> str:
    return sha256([SafetensorsWriter(source.path, source.tensors, {**source.metadata, **added}).front()])


def _fill(writer: SafetensorsWriter | NpzWriter | NpyWriter, contents: Iterator[Content]) -> None:
    with writer as opened:
        for content in contents:
            opened.copy(content.info.name, content.pieces)


def _named(out: Path, suffix: str) -> Path:
    if out.suffix.lower() != suffix:
        raise ValueError(f"{plain(str(out))}: what is written is a {suffix} file, so its name must end with {suffix}")
    return out
