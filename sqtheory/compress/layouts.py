"""Which files a compressed checkpoint consists of: those of its source, with other bytes for some tensors."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

from sqtheory.arrays import Array
from sqtheory.compress.decoded_layouts import DecodedFile, DecodedFolder
from sqtheory.compress.files import Folder, SafetensorsFile, fill
from sqtheory.compress.gguf_file import GgufFile
from sqtheory.compress.layout import (
    CHUNK,
    ITSELF,
    Content,
    Contents,
    Layout,
    Metadata,
    Packing,
    Pieces,
    Target,
)
from sqtheory.compress.onnx_codes import OnnxCodes, OnnxCodesCheckpoint
from sqtheory.compress.onnx_file import OnnxFile
from sqtheory.compress.packed_layouts import ModuleFolder, PackedFile
from sqtheory.files.checkpoints import (
    Checkpoint,
    SafetensorsCheckpoint,
    SafetensorsWriter,
    ShardedCheckpoint,
    TensorInfo,
    open_checkpoint,
    redeclare,
)
from sqtheory.files.checkpoints.ctranslate2 import Ctranslate2Checkpoint
from sqtheory.files.checkpoints.elements import BITS, ELEMENTS, Element, Native
from sqtheory.files.checkpoints.gguf import GgufCheckpoint
from sqtheory.files.checkpoints.npz import NpyCheckpoint, NpzCheckpoint
from sqtheory.files.checkpoints.npz_writing import NpyWriter, NpzWriter
from sqtheory.files.checkpoints.onnx import OnnxCheckpoint
from sqtheory.files.checkpoints.tensors import plain, refused
from sqtheory.files.checkpoints.tflite import TfliteCheckpoint
from sqtheory.files.checkpoints.writing import check_name
from sqtheory.files.code_layout import CodeLayout
from sqtheory.files.codecs.configuration import check_beside
from sqtheory.files.codecs.decoding import DecodedCheckpoint
from sqtheory.files.digests import sha256
from sqtheory.files.packing import FOLDERS, ModuleCheckpoint, PackedCheckpoint
from sqtheory.files.packing.files import declared

SUFFIX = ".safetensors"


def layout_of(source: Checkpoint, out: Path, *, folder: bool, packing: Packing | None = None) -> Layout:
    """The layout of the source's own kind, safetensors of one that is only read; or of codes, as ``packing`` says.

    ``folder``: the source was named as a folder, and so ``out`` is one. Raises ValueError where the name of ``out``
    promises another kind of file, or where it lies inside the folder of the source.
    """
    if packing is not None and packing.layout is CodeLayout.gguf:
        if packing.index is not None:
            raise ValueError("blocks of GGUF have every entry and no places of survivors: --index is for others")
        if not isinstance(source, GgufCheckpoint):
            rule = "--layout gguf writes blocks to the metadata and names of a GGUF file: make one of F32 or F16 first"
            raise refused(source.path, rule)
        return GgufFile(source, _named(out, ".gguf"), packing)
    if packing is not None and packing.layout is CodeLayout.onnx:
        if packing.index is not None:
            raise ValueError("MatMulNBits has every entry and no places of survivors: --index is for others")
        if not isinstance(source, OnnxCheckpoint) or source.weights or source.external:
            rule = "--layout onnx puts codes in the place of values of an ONNX model that has no codes and is one file"
            raise refused(source.path, rule)
        return OnnxCodes(source, _named(out, ".onnx"), packing)
    if packing is not None:
        check_name(out)
        parts = source, out, tuple(declared(source, info) for info in source.tensors), packing
        return ModuleFolder(*parts, FOLDERS[packing.layout]) if packing.layout in FOLDERS else PackedFile(*parts)
    match source:
        case DecodedCheckpoint():
            return _decoded(source, out, folder)
        case ShardedCheckpoint():
            return Folder(source, source.path, dict(source.shards), out)
        case SafetensorsCheckpoint() if folder:
            return Folder(source, None, {source.path.name: source}, out)
        case SafetensorsCheckpoint():
            return SafetensorsFile(source, _named(out, SUFFIX))
        case NpzCheckpoint() | NpyCheckpoint():
            return NumpyFile(source, _named(out, ".npz" if isinstance(source, NpzCheckpoint) else ".npy"))
        case OnnxCheckpoint():
            return OnnxFile(source, _named(out, ".onnx"))
        case GgufCheckpoint() | Ctranslate2Checkpoint() | TfliteCheckpoint():
            return AsSafetensors(source, _named(out, SUFFIX))
    raise TypeError(f"{type(source).__name__} cannot be written")


def _decoded(source: DecodedCheckpoint, out: Path, folder: bool) -> Layout:
    match source.inner:
        case ShardedCheckpoint(shards=shards):
            return DecodedFolder(source, out, shards, source.path)
        case SafetensorsCheckpoint() as file if folder:
            return DecodedFolder(source, out, {file.path.name: file}, None)
        case SafetensorsCheckpoint() as file:
            return DecodedFile(source, _named(out, SUFFIX), {file.path.name: file})
    raise TypeError(f"{type(source.inner).__name__} with decoded weights cannot be written")


def written(out: Path, packing: Packing | None) -> Layout:
    """The layout of a checkpoint that was written, opened; its values are what codes stand for."""
    if packing is None:
        return layout_of(open_checkpoint(out), out, folder=out.is_dir())
    if packing.layout is CodeLayout.gguf:
        return GgufFile(GgufCheckpoint(out), out, packing)
    if packing.layout is CodeLayout.onnx:
        codes = OnnxCodesCheckpoint(out)
        return PackedFile(codes, out, codes.tensors, packing)
    folder = FOLDERS.get(packing.layout)
    packed = PackedCheckpoint(out) if folder is None else ModuleCheckpoint(out, folder)
    return PackedFile(packed, out, packed.tensors, packing)


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
            fill(NpzWriter(out, self.source), contents)
        else:
            fill(NpyWriter(out, self.source), contents)


@final
@dataclass(frozen=True)
class AsSafetensors(Layout):
    """The tensors of a container that is only read, as safetensors: what it keeps in codes as F32, their values."""

    source: GgufCheckpoint | Ctranslate2Checkpoint | TfliteCheckpoint
    out: Path

    @property
    def note(self) -> str:
        return (
            f"{self.source.CONTAINER} has no type for the result, so OUT is safetensors: tensors in codes become F32, "
            "value for value; what else the file holds is not carried over"
        )

    def tensors(self) -> tuple[TensorInfo, ...]:
        kinds = ((info, info.dtype if info.dtype in BITS else "F32") for info in self.source.tensors)
        return tuple(redeclare(info, dtype) for info, dtype in kinds)

    def element(self, info: TensorInfo) -> Element | None:
        return ELEMENTS[info.dtype] if info.is_float else None

    def kept(self, info: TensorInfo) -> Pieces:
        flat = self.source.read(info.name).reshape(-1)
        return (ELEMENTS[info.dtype].encode(flat[at : at + CHUNK]) for at in range(0, flat.size, CHUNK))

    def headers(self, targets: Sequence[Target], metadata: Metadata) -> dict[str, str]:
        return {ITSELF: sha256([self._laid(metadata).front()])}

    def places(self, metadata: Metadata) -> dict[str, dict[str, int]]:
        return {ITSELF: self._laid(metadata).starts}

    def write(self, contents: Contents, metadata: Metadata, out: Path) -> None:
        added, begun = metadata(self.source.path.name), contents.begun(ITSELF)
        fill(SafetensorsWriter(out, self.tensors(), added, source=self.source, begun=begun), contents)

    def _laid(self, metadata: Metadata) -> SafetensorsWriter:
        return SafetensorsWriter(self.out, self.tensors(), metadata(self.source.path.name))


def _named(out: Path, suffix: str) -> Path:
    if out.suffix.lower() != suffix:
        raise ValueError(f"{plain(str(out))}: what is written is a {suffix} file, so its name must end with {suffix}")
    if suffix == SUFFIX:
        check_beside(out)
    return out
