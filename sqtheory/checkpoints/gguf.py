"""Tensors of a GGUF file: its header is read here, blocks of quantized entries are expanded by the gguf package."""

import os
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.checkpoints.elements import ELEMENTS, read_values
from sqtheory.checkpoints.gguf_header import TYPES, read_header, read_metadata
from sqtheory.checkpoints.tensors import Checkpoint, TensorInfo, decoded, plain, refused
from sqtheory.exceptions import MissingExtra

_PIECE = 1 << 18


@final
class GgufCheckpoint(Checkpoint):
    """A GGUF file, its tensors in the order of the file, the fastest axis last.

    Quantized entries come as the float32 numbers they stand for. Needs the extra ``gguf`` for those only.
    """

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

    def close(self) -> None:
        self._file.close()

    def _statuses(self) -> tuple[os.stat_result, ...]:
        return (os.fstat(self._file.fileno()),)

    def _read(self, info: TensorInfo) -> NDArray[Any]:
        stored = self._stored[info.name]
        expand = None if info.dtype in ELEMENTS else _blocks(stored.kind)
        try:
            with self._lock, np.errstate(all="ignore"):
                self._file.seek(stored.begin)
                if expand is None:
                    values = read_values(self._file, info.nbytes, ELEMENTS[info.dtype])
                else:
                    piece = _PIECE // TYPES[stored.kind][2] * TYPES[stored.kind][2]
                    values = decoded(self._file, info.nbytes, info.size, piece, expand)
            return values.reshape(info.shape)
        except NotImplementedError as error:
            raise refused(self._path, f"the gguf package cannot expand {info.dtype}", info.name) from error
        except (EOFError, OSError, ValueError) as error:
            raise refused(self._path, plain(str(error)), info.name) from error


def _blocks(kind: int) -> Callable[[NDArray[np.uint8]], NDArray[Any]]:
    """The values of the bytes of a whole number of blocks."""
    try:
        from gguf import GGMLQuantizationType, quants
    except ImportError as error:
        raise MissingExtra("gguf", "gguf", f"expanding {TYPES[kind][0]} tensors of a GGUF file") from error
    nbytes = TYPES[kind][2]
    return lambda raw: quants.dequantize(raw.reshape(-1, nbytes), GGMLQuantizationType(kind)).reshape(-1)
