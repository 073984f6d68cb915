"""Writing a GGUF file that says of a model what another says, with other types for some of its tensors."""

import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from pathlib import Path
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.files import atomic
from sqtheory.files.checkpoints.gguf import GgufCheckpoint
from sqtheory.files.checkpoints.gguf_header import STRING, TYPES, UINT32, GgufFront
from sqtheory.files.checkpoints.tensors import TensorInfo

FILE_TYPES: Mapping[str, int] = {
    **{"Q4_0": 2, "Q4_1": 3, "Q8_0": 7, "Q5_0": 8, "Q5_1": 9, "IQ4_NL": 25},
    **{"TQ1_0": 36, "TQ2_0": 37, "MXFP4": 38, "NVFP4": 39},
}
"""``general.file_type`` of a model most of whose matrices have a type (gguf 0.19.0, LlamaFileType)."""
QUANTIZATION_VERSION = 2
"""``general.quantization_version``: how the bytes of these blocks are laid out (gguf 0.19.0)."""
Bytes: TypeAlias = Iterable[NDArray[np.uint8]]
_NUMBERS = {name: (number, entries, nbytes) for number, (name, entries, nbytes) in TYPES.items()}


@final
@dataclass(frozen=True)
class GgufImage:
    """The metadata and the tensors of a GGUF file, in their order, where some tensors get types of blocks.

    ``added`` are texts by key, ``general.file_type`` and ``general.quantization_version`` say what types there are;
    all other metadata are the bytes of the source.
    """

    source: GgufCheckpoint
    added: Mapping[str, str]

    def front(self, types: Mapping[str, str]) -> bytes:
        """The bytes before the first tensor; so many whichever types the same tensors get."""
        entries = {**self._front.entries, **{key: _text_entry(key, text) for key, text in self.added.items()}}
        most = Counter(types.values()).most_common(1)
        of_most = FILE_TYPES[most[0][0]] if most else 0
        for key, number in (("file_type", of_most), ("quantization_version", QUANTIZATION_VERSION)):
            entries[f"general.{key}"] = _text(f"general.{key}") + struct.pack("<II", UINT32, number)
        listing, at = [], 0
        for info in self.source.tensors:
            number, nbytes = self.size(info, types)
            sides = info.shape[::-1]
            listing.append(_text(info.name) + struct.pack(f"<I{len(sides)}QIQ", len(sides), *sides, number, at))
            at += nbytes + self.padding(nbytes)
        head = b"GGUF" + struct.pack("<IQQ", 3, len(listing), len(entries)) + b"".join((*entries.values(), *listing))
        return head + bytes(self.padding(len(head)))

    def size(self, info: TensorInfo, types: Mapping[str, str]) -> tuple[int, int]:
        """The number of the type of a tensor, and its bytes."""
        number, entries, nbytes = _NUMBERS[types.get(info.name, info.dtype)]
        return number, prod(info.shape) // entries * nbytes

    def padding(self, nbytes: int) -> int:
        """The bytes from there to the next multiple of the alignment."""
        return -nbytes % self._front.alignment

    def structure(self, types: Mapping[str, str]) -> Iterator[NDArray[np.uint8]]:
        """All bytes of the file that are no entries of a tensor."""
        yield np.frombuffer(self.front(types), np.uint8)
        for info in self.source.tensors:
            yield np.zeros(self.padding(self.size(info, types)[1]), np.uint8)

    def write(self, path: Path, tensors: Iterable[tuple[str, Bytes]], types: Mapping[str, str]) -> None:
        """Write the file from the bytes of every tensor by name, in the order of the source.

        ``types`` of tensors that get another may be filled while ``tensors`` come. Raises what these raise,
        ValueError where there are other bytes than a type has, OSError; then nothing is left.
        """
        with atomic.NewFile(path) as file:
            at = len(self.front({}))
            for info, (name, pieces) in zip(self.source.tensors, tensors, strict=True):
                done = 0
                for piece in pieces:
                    file.write(np.ascontiguousarray(piece).data, at + done)
                    done += piece.nbytes
                wanted = self.size(info, types)[1]
                if name != info.name or done != wanted:
                    raise ValueError(f"{path}: tensor {info.name!r} has {wanted} bytes, got {done} of {name!r}")
                file.write(bytes(self.padding(done)), at + done)
                at += done + self.padding(done)
            file.write(self.front(types), 0)

    @cached_property
    def _front(self) -> GgufFront:
        return self.source.front


def _text(text: str) -> bytes:
    octets = text.encode()
    return struct.pack("<Q", len(octets)) + octets


def _text_entry(key: str, text: str) -> bytes:
    return _text(key) + struct.pack("<I", STRING) + _text(text)
