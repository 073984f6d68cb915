"""Where the tensors of a written ONNX model lie in the one file of its external data."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, final

from sqtheory.files.checkpoints.tensors import TensorInfo, refused

if TYPE_CHECKING:
    from onnx import TensorProto

_ALIGNED = 64
"""Every tensor begins at a multiple of so many bytes."""
_ENTRIES = (
    *("float_data", "int32_data", "int64_data", "double_data", "uint64_data", "raw_data"),
    *("external_data", "data_location"),
)


@final
@dataclass(frozen=True)
class OutsideData:
    """The offset and the length of each tensor in the file; zeros between them."""

    offsets: Mapping[str, tuple[int, int]]

    @classmethod
    def of(cls, infos: Iterable[TensorInfo]) -> "OutsideData":
        """One tensor after another."""
        offsets, end = {}, 0
        for info in infos:
            begin = -(-end // _ALIGNED) * _ALIGNED
            end = begin + info.nbytes
            offsets[info.name] = begin, info.nbytes
        return cls(offsets)

    @property
    def nbytes(self) -> int:
        """Bytes of the file."""
        return max((begin + length for begin, length in self.offsets.values()), default=0)

    def describe(self, tensor: "TensorProto", name: str, data: str) -> None:
        """Let a tensor say that its entries lie in this file."""
        from onnx import TensorProto

        begin, length = self.offsets[name]
        clear(tensor)
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in {"location": data, "offset": str(begin), "length": str(length)}.items():
            tensor.external_data.add(key=key, value=value)

    def check(self, file: Path) -> None:
        """CheckpointError where a file has other bytes than zeros between tensors, or another size."""
        if file.stat().st_size != self.nbytes:
            raise refused(file, f"external data of {self.nbytes} bytes are needed, it has {file.stat().st_size}")
        end = 0
        with file.open("rb") as opened:
            for begin, length in self.offsets.values():
                opened.seek(end)
                if any(opened.read(begin - end)):
                    raise refused(file, f"there are bytes between tensors at {end}")
                end = begin + length


def clear(tensor: "TensorProto") -> None:
    """Take all entries out of a tensor, and what says where they lie."""
    for field in _ENTRIES:
        tensor.ClearField(field)


def set_raw(tensor: "TensorProto", content: bytes) -> None:
    """Give a tensor other entries, as raw bytes."""
    clear(tensor)
    tensor.raw_data = content
