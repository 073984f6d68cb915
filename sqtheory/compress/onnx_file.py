"""A compressed ONNX model: that of the source with other entries, and values in the place of codes."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

from sqtheory.compress.layout import CHUNK, ITSELF, Content, Layout, Metadata, Pieces, Target
from sqtheory.files import atomic
from sqtheory.files.checkpoints import TensorInfo
from sqtheory.files.checkpoints.elements import ELEMENTS, Element
from sqtheory.files.checkpoints.onnx import OnnxCheckpoint
from sqtheory.files.checkpoints.tensors import plain
from sqtheory.files.checkpoints.writing import check_not_input
from sqtheory.files.digests import sha256

DATA = ".data"
"""What the name of the file of external data adds to that of the model."""
_TYPES = {
    **{"FLOAT": "F32", "DOUBLE": "F64", "FLOAT16": "F16", "BFLOAT16": "BF16"},
    **{"FLOAT8E4M3FN": "F8_E4M3", "FLOAT8E5M2": "F8_E5M2"},
    **{"FLOAT8E4M3FNUZ": "F8_E4M3FNUZ", "FLOAT8E5M2FNUZ": "F8_E5M2FNUZ"},
}
"""The types of entries that are written, by their names in ONNX and here."""


@final
@dataclass(frozen=True)
class OnnxFile(Layout):
    """An ONNX model with other entries in some of its initializers and constants; it is in memory while written.

    Weights that are codes in the source are values here, those left alone too. Where tensors of the source lie in
    external data, these lie in one file beside the model.
    """

    source: OnnxCheckpoint
    out: Path

    @property
    def note(self) -> str | None:
        decoding = self.source.decoding
        if decoding is None:
            return None
        said = [
            f"Codes in the source and values in OUT are {len(decoding.weights)} weights ({decoding.schemes}): their "
            "DequantizeLinear becomes Identity, MatMulNBits MatMul, QLinearConv and QLinearMatMul a product between "
            "nodes that dequantize and quantize."
        ]
        return " ".join([*said, *([f"Left out, {decoding.companions}."] if decoding.dropped else [])])

    def tensors(self) -> tuple[TensorInfo, ...]:
        return self.source.as_values

    def element(self, info: TensorInfo) -> Element | None:
        return ELEMENTS[_TYPES[info.dtype]] if info.dtype in _TYPES else None

    def beside(self) -> tuple[str, ...]:
        return (f"{self.out.name}{DATA}",) if self.source.outside.offsets else ()

    def check(self, force: bool) -> None:
        super().check(force)
        for name in self.beside():
            data = self.out.with_name(name)
            check_not_input(data, self.source)
            if os.path.lexists(data) and not (force and data.is_file() and self.out.exists()):
                raise FileExistsError(f"{plain(str(data))} exists, which the external data would replace")

    def kept(self, info: TensorInfo) -> Pieces:
        if not self.source.info(info.name).quantized:
            return super().kept(info)
        flat, element = self.source.read(info.name).reshape(-1), self.element(info)
        assert element is not None
        return (element.encode(flat[at : at + CHUNK]) for at in range(0, flat.size, CHUNK))

    def headers(self, targets: Sequence[Target], metadata: Metadata) -> dict[str, str]:
        empty = {target.name: b"" for target in targets}
        left = {name: self._bytes(name) for name in self.source.weights if name not in empty}
        return {ITSELF: sha256([self.source.rewritten(empty | left, self._data)])}

    def write(self, contents: Iterator[Content], metadata: Metadata, out: Path) -> None:
        outside, raw = self.source.outside, {}
        data = out.with_name(self._data)
        if outside.offsets:
            with atomic.NewFile(data) as file:
                raw = self._written(contents, file)
        else:
            raw = self._written(contents, None)
        with atomic.NewFile(out) as file:
            file.write(self.source.rewritten(raw, self._data))

    @property
    def _data(self) -> str:
        return f"{self.out.name}{DATA}"

    def _bytes(self, name: str) -> bytes:
        info = next(info for info in self.tensors() if info.name == name)
        return b"".join(piece.tobytes() for piece in self.kept(info))

    def _written(self, contents: Iterator[Content], file: atomic.NewFile | None) -> dict[str, bytes]:
        """Entries that lie in the model itself; all others are written to the file of external data."""
        offsets, raw = self.source.outside.offsets, {}
        for content in contents:
            name = content.info.name
            if name in offsets and file is not None:
                at, _ = offsets[name]
                for piece in content.pieces:
                    file.write(piece.tobytes(), at)
                    at += piece.nbytes
            elif content.changed or name in self.source.weights:
                raw[name] = b"".join(piece.tobytes() for piece in content.pieces)
        return raw
