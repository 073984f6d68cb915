"""A compressed ONNX model with codes: products with a weight become MatMulNBits of ONNX Runtime."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.arrays import Array
from sqtheory.compress.layout import ITSELF, Content, Layout, Made, Metadata, Packing, Pieces, StoredResult, Target
from sqtheory.files import atomic
from sqtheory.files.checkpoints import Checkpoint, TensorInfo
from sqtheory.files.checkpoints.elements import ELEMENTS, Element
from sqtheory.files.checkpoints.onnx import OnnxCheckpoint
from sqtheory.files.checkpoints.onnx_graph.blockwise import Blockwise
from sqtheory.files.digests import sha256
from sqtheory.files.packing import Schema
from sqtheory.files.packing.matmul_nbits import TITLE, blockwise, frame


@final
@dataclass(frozen=True)
class OnnxCodes(Layout):
    """The model of the source, which is in memory while written, with codes of its matrices; all entries stored."""

    source: OnnxCheckpoint
    out: Path
    packing: Packing

    def element(self, info: TensorInfo) -> Element | None:
        return ELEMENTS["F32"] if info.dtype == "FLOAT" else None

    def stored(self, info: TensorInfo, made: Made) -> StoredResult:
        assert made.packed is not None
        codes = blockwise(made.packed)
        self.source.coded({info.name: codes})
        raw = b"".join(codes.raw.values())
        stored = TensorInfo(info.name, f"{TITLE} {codes.bits}-bit", info.shape, len(raw), quantized=True)
        target = Target(info.name, made.packed.schema, (stored,))
        return StoredResult(target, iter([np.frombuffer(raw, np.uint8)]), stored.dtype, 8 * len(raw), 8 * len(raw))

    def reads(self, schema: Schema, values: Array, read: Array) -> bool:
        """Of either sign is 0 here."""
        return bool(np.array_equal(values, read))

    def headers(self, targets: Sequence[Target], metadata: Metadata) -> dict[str, str]:
        frames = {target.name: frame(target.schema) for target in targets if target.schema is not None}
        return {ITSELF: sha256([self.source.coded(frames)])}

    def write(self, contents: Iterator[Content], metadata: Metadata, out: Path) -> None:
        codes: dict[str, Blockwise] = {}
        for content in contents:
            for _ in content.pieces:  # where they are checked
                pass
            if content.packed is not None:
                codes[content.info.name] = blockwise(content.packed)
        with atomic.NewFile(out) as file:
            file.write(self.source.coded(codes))


@final
class OnnxCodesCheckpoint(Checkpoint):
    """A model that ``OnnxCodes`` wrote: its tensors and values, of codes the bytes that are in the file."""

    def __init__(self, path: Path) -> None:
        """Parse the model."""
        self._model = OnnxCheckpoint(path)
        super().__init__(path, self._model.tensors)

    @property
    def model(self) -> OnnxCheckpoint:
        """The model as it is read by itself."""
        return self._model

    def stored(self, name: str) -> Pieces:
        if not self.info(name).quantized:
            return self._model.stored(name)
        return iter([np.frombuffer(self._model.raw(name), np.uint8)])

    def close(self) -> None:
        self._model.close()

    def _statuses(self) -> tuple[os.stat_result, ...]:
        return self._model._statuses()

    def _read(self, info: TensorInfo) -> NDArray[Any]:
        return self._model.read(info.name)
