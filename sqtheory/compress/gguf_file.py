"""A compressed GGUF file: that of the source with blocks of codes for some of its tensors."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

import numpy as np

from sqtheory.arrays import Array
from sqtheory.compress.layout import ITSELF, Content, Layout, Made, Metadata, Packing, Pieces, StoredResult, Target
from sqtheory.files.checkpoints import TensorInfo
from sqtheory.files.checkpoints.elements import ELEMENTS, Element
from sqtheory.files.checkpoints.gguf import GgufCheckpoint
from sqtheory.files.checkpoints.gguf_writing import GgufImage
from sqtheory.files.checkpoints.tensors import PIECE_BYTES
from sqtheory.files.digests import sha256
from sqtheory.files.packing import Schema
from sqtheory.files.packing.gguf import blocks_of, type_of


@final
@dataclass(frozen=True)
class GgufFile(Layout):
    """The file that llama.cpp reads: the metadata, names and order of its source, all entries stored."""

    source: GgufCheckpoint
    out: Path
    packing: Packing

    def element(self, info: TensorInfo) -> Element | None:
        return ELEMENTS["F64" if info.dtype == "F64" else "F32"] if info.is_float else None

    def stored(self, info: TensorInfo, made: Made) -> StoredResult:
        assert made.packed is not None
        kind, blocks = blocks_of(made.packed)
        flat = blocks.reshape(-1)
        stored = replace(info, dtype=kind, nbytes=flat.size, quantized=True)
        pieces = (flat[at : at + PIECE_BYTES] for at in range(0, flat.size, PIECE_BYTES))
        target = Target(info.name, made.packed.schema, (stored,))
        return StoredResult(target, pieces, kind, 8 * flat.size, 8 * flat.size)

    def reads(self, schema: Schema, values: Array, read: Array) -> bool:
        """Of either sign is 0 in blocks."""
        return bool(np.array_equal(values, read))

    def headers(self, targets: Sequence[Target], metadata: Metadata) -> dict[str, str]:
        types = {target.name: target.arrays[0].dtype for target in targets}
        return {ITSELF: sha256(self._image(metadata).structure(types))}

    def write(self, contents: Iterator[Content], metadata: Metadata, out: Path) -> None:
        types: dict[str, str] = {}
        self._image(metadata).write(out, _told(contents, types), types)

    def _image(self, metadata: Metadata) -> GgufImage:
        return GgufImage(self.source, metadata(self.source.path.name))


def _told(contents: Iterator[Content], types: dict[str, str]) -> Iterator[tuple[str, Pieces]]:
    """The bytes of every tensor, when ``types`` has that of its blocks."""
    for content in contents:
        if content.packed is not None:
            types[content.info.name] = type_of(content.packed.schema).name
        yield content.info.name, content.pieces
