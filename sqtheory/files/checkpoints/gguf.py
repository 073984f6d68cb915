"""Tensors of a GGUF file: its header and the simplest blocks are read here, the gguf package expands the others."""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.exceptions import MissingExtra
from sqtheory.files.checkpoints.elements import ELEMENTS, read_values
from sqtheory.files.checkpoints.entries import Window, decoded, fill
from sqtheory.files.checkpoints.gguf_blocks import EXPANSIONS
from sqtheory.files.checkpoints.gguf_header import TYPES, GgufFront, read_front, read_header, read_metadata
from sqtheory.files.checkpoints.tensors import PIECE_BYTES, SLAB, FileCheckpoint, TensorInfo, plain, refused

_PIECE = 1 << 15


@final
class GgufCheckpoint(FileCheckpoint):
    """A GGUF file, its tensors in the order of the file, the fastest axis last.

    Quantized entries come as the float32 numbers they stand for. Needs the extra ``gguf`` for those of types that are
    not in ``EXPANSIONS``: the K-quants and most IQ types.
    """

    CONTAINER = "GGUF"

    def __init__(self, path: Path) -> None:
        """Read and check the header; the tensors stay in the file."""
        with ExitStack() as undo:
            self._file = undo.enter_context(path.open("rb", buffering=0))
            self._stored = {one.info.name: one for one in read_header(path, self._file)}
            undo.pop_all()
        self._lock = threading.Lock()
        super().__init__(path, tuple(one.info for one in self._stored.values()))

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What the header says beside the tensors: numbers, texts, arrays and lists of these; read at every call."""
        with self._lock:
            return read_metadata(self._path, self._file)

    @property
    def front(self) -> GgufFront:
        """The bytes of the metadata as they are in the header, by key, and the alignment; read at every call."""
        with self._lock:
            return read_front(self._path, self._file)

    def structure(self) -> Iterator[NDArray[np.uint8]]:
        """All bytes of the file that are no entries of a tensor, in pieces."""
        at = 0
        for one in sorted(self._stored.values(), key=lambda one: (one.begin, one.info.nbytes)):
            yield from self._octets(at, one.begin)
            at = one.begin + one.info.nbytes
        yield from self._octets(at, os.fstat(self._file.fileno()).st_size)

    def stored(self, name: str) -> Iterator[NDArray[np.uint8]]:
        one = self._stored[self.info(name).name]
        return self._octets(one.begin, one.begin + one.info.nbytes, name)

    def _octets(self, begin: int, end: int, name: str | None = None) -> Iterator[NDArray[np.uint8]]:
        for at in range(begin, end, PIECE_BYTES):
            try:
                yield fill(Window(self._file, at, self._lock), min(PIECE_BYTES, end - at))
            except (EOFError, OSError) as error:
                raise refused(self._path, plain(str(error)), name) from error

    streams = True

    def splits(self, name: str, unit: int) -> bool:
        return self.info(name).dtype in ELEMENTS

    def entries(self, name: str, begin: int, end: int) -> NDArray[Any]:
        info = self.info(name)
        if info.dtype not in ELEMENTS:
            return super().entries(name, begin, end)
        size = ELEMENTS[info.dtype].bits // 8
        return self._values(info, begin * size, (end - begin) * size, end - begin)

    def slabs(self, name: str) -> Iterator[NDArray[Any]]:
        info = self.info(name)
        unit = ELEMENTS[info.dtype].bits * SLAB // 8 if info.dtype in ELEMENTS else TYPES[self._stored[name].kind][2]
        step = max(1, _PIECE // unit) * unit
        for at in range(0, info.nbytes, step):
            nbytes = min(step, info.nbytes - at)
            yield self._values(info, at, nbytes, info.size * nbytes // info.nbytes)

    def _read(self, info: TensorInfo) -> NDArray[Any]:
        return self._values(info, 0, info.nbytes, info.size).reshape(info.shape)

    def _values(self, info: TensorInfo, at: int, nbytes: int, size: int) -> NDArray[Any]:
        """The values of some bytes of a tensor, in whole blocks."""
        stored = self._stored[info.name]
        expand = None if info.dtype in ELEMENTS else _blocks(stored.kind)
        try:
            source = Window(self._file, stored.begin + at, self._lock)
            with np.errstate(all="ignore"):
                if expand is None:
                    return read_values(source, nbytes, ELEMENTS[info.dtype])
                piece = _PIECE // TYPES[stored.kind][2] * TYPES[stored.kind][2]
                return decoded(source, nbytes, size, piece, expand)
        except NotImplementedError as error:
            raise refused(self._path, f"the gguf package cannot expand {info.dtype}", info.name) from error
        except (EOFError, OSError, ValueError) as error:
            raise refused(self._path, plain(str(error)), info.name) from error


def _blocks(kind: int) -> Callable[[NDArray[np.uint8]], NDArray[Any]]:
    """The values of the bytes of a whole number of blocks."""
    name, _, nbytes = TYPES[kind]
    if name in EXPANSIONS:
        expand = EXPANSIONS[name]
        return lambda raw: expand(raw.reshape(-1, nbytes)).reshape(-1)
    try:
        from gguf import GGMLQuantizationType, quants
    except ImportError as error:
        raise MissingExtra("gguf", "gguf", f"expanding {name} tensors of a GGUF file") from error
    # All blocks as one row, because the package goes through rows in a loop.
    return lambda raw: quants.dequantize(raw.reshape(1, -1), GGMLQuantizationType(kind)).reshape(-1)
