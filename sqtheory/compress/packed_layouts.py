"""Compressed checkpoints in which every target is there as codes, scales and places of survivors."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.arrays import Array
from sqtheory.compress.layout import (
    ITSELF,
    Content,
    Layout,
    Made,
    Metadata,
    Packing,
    Pieces,
    StoredResult,
    Target,
    origin_of,
)
from sqtheory.exceptions import about
from sqtheory.files.checkpoints import (
    Checkpoint,
    SafetensorsCheckpoint,
    SafetensorsWriter,
    TensorInfo,
    declare,
)
from sqtheory.files.checkpoints.elements import ELEMENTS, Element
from sqtheory.files.checkpoints.tensors import PIECE_BYTES, plain, refused
from sqtheory.files.digests import sha256
from sqtheory.files.packing import ModuleLayout, Packed, Schema, write_folder, write_packed
from sqtheory.files.packing.files import StoredArray, is_stored, parts_of
from sqtheory.files.packing.metadata import KEY, packed_metadata
from sqtheory.files.packing.modules import (
    FILES,
    FORMAT,
    MODEL,
    WEIGHT,
    check_folder,
    check_name,
    config_of,
    config_text,
    dense,
)
from sqtheory.files.views.architecture import CONFIG


@dataclass(frozen=True)
class Codes(Layout):
    """One safetensors file of arrays for every target, and of all other tensors as they are."""

    source: Checkpoint
    out: Path
    declared: tuple[TensorInfo, ...]
    """Every tensor of the source as it is declared where it is left alone."""
    packing: Packing = field(default_factory=Packing)

    @abstractmethod
    def arrays(self, name: str, packed: Packed) -> tuple[Schema, list[StoredArray]]:
        """What is written for a tensor, in that order, and the schema whose bits these are."""

    def tensors(self) -> tuple[TensorInfo, ...]:
        return self.declared

    def element(self, info: TensorInfo) -> Element | None:
        return ELEMENTS["F64" if info.dtype == "F64" else "F32"] if info.is_float else None

    def kept(self, info: TensorInfo) -> Pieces:
        if is_stored(self.source):
            return self.source.stored(info.name)
        values = self.source.read(info.name).reshape(-1)
        return _pieces(values.astype(values.dtype.newbyteorder("<"), copy=False))

    def stored(self, info: TensorInfo, made: Made) -> StoredResult:
        assert made.packed is not None
        schema, arrays = self.arrays(info.name, made.packed)
        declared = tuple(declare(name, kind, array.shape) for name, kind, array in arrays)
        pieces = (piece for _, _, array in arrays for piece in _pieces(array))
        target = Target(info.name, made.packed.schema, declared)
        return StoredResult(
            target, pieces, made.packed.schema.dtype, schema.bits, 8 * sum(array.nbytes for _, _, array in arrays)
        )

    def header(self, targets: Sequence[Target], metadata: Mapping[str, str]) -> str:
        """SHA-256 of the header of the file with the arrays of all targets and these metadata."""
        changed = {target.name for target in targets}
        kept = [info for info in self.declared if info.name not in changed]
        arrays = [info for target in targets for info in target.arrays]
        return sha256([SafetensorsWriter(self.out, [*arrays, *kept], metadata).front()])

    def said(self, metadata: Metadata) -> dict[str, str]:
        """The metadata of the source, if it is one file with metadata, and what is added."""
        stored = self.source.inner
        own = stored.metadata if isinstance(stored, SafetensorsCheckpoint) else {}
        own = {key: text for key, text in own.items() if key not in {KEY, *self.source.described}}
        return {**own, **metadata(origin_of(self.out.name, self.files()))}


@final
@dataclass(frozen=True)
class PackedFile(Codes):
    """The file that ``sqtheory unpack`` reads."""

    def arrays(self, name: str, packed: Packed) -> tuple[Schema, list[StoredArray]]:
        return packed.schema, parts_of(name, packed)

    def headers(self, targets: Sequence[Target], metadata: Metadata) -> dict[str, str]:
        schemas = {target.name: target.schema for target in targets if target.schema is not None}
        return {ITSELF: self.header(targets, packed_metadata(schemas, self.said(metadata)))}

    def write(self, contents: Iterator[Content], metadata: Metadata, out: Path) -> None:
        write_packed(out, _packs(contents), self.source, self.said(metadata))


@final
@dataclass(frozen=True)
class ModuleFolder(Codes):
    """A folder that a package loads: all entries stored, pruned ones as zeros."""

    modules: ModuleLayout | None = None

    @cached_property
    def config(self) -> dict[str, object]:
        """What is said of the model beside the source, as it was read first."""
        return config_of(self.source)

    @property
    def kind(self) -> ModuleLayout:
        """How it is laid out."""
        assert self.modules is not None
        return self.modules

    def arrays(self, name: str, packed: Packed) -> tuple[Schema, list[StoredArray]]:
        check_name(self.source, self.kind, name)
        parts, module = self.kind.parts(packed), name.removesuffix(WEIGHT)
        return dense(packed.schema), [(module + part, kind, array) for part, (kind, array) in parts.items()]

    def reads(self, schema: Schema, values: Array, read: Array) -> bool:
        """In the precision that the package works in, 0 of either sign."""
        return bool(np.array_equal(read, self.kind.values(schema, values)))

    def headers(self, targets: Sequence[Target], metadata: Metadata) -> dict[str, str]:
        schemes = {t.name.removesuffix(WEIGHT): self.kind.scheme_of(t.schema) for t in targets if t.schema is not None}
        with about(plain(str(self.source.path))):
            config = config_text(self.config, self.kind, schemes, self.source)
        return {MODEL: self.header(targets, {**FORMAT, **self.said(metadata)}), CONFIG: sha256([config])}

    def check(self, force: bool) -> None:
        check_folder(self.out, self.source, force)

    def parts(self) -> tuple[str, ...]:
        return FILES

    def write(self, contents: Iterator[Content], metadata: Metadata, out: Path) -> None:
        if config_of(self.source) != self.config:
            raise refused(self.source.path.with_name(CONFIG), "changed since it was planned")
        write_folder(out, self.kind, _packs(contents), self.source, self.said(metadata))


def _packs(contents: Iterator[Content]) -> Iterator[tuple[str, Packed]]:
    """The packed tensors; the bytes of every tensor are read to their end, where they are checked."""
    for content in contents:
        for _ in content.pieces:
            pass
        if content.packed is not None:
            yield content.info.name, content.packed


def _pieces(array: NDArray[Any]) -> Pieces:
    octets = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(-1).view(np.uint8)
    return (octets[at : at + PIECE_BYTES] for at in range(0, octets.size, PIECE_BYTES))
