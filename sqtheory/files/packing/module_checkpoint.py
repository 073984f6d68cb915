"""The folders that ``write_folder`` writes, read back without the packages that load them."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.files.checkpoints.safetensors import SafetensorsCheckpoint
from sqtheory.files.checkpoints.tensors import Checkpoint, TensorInfo, plain, refused
from sqtheory.files.codecs.codec import Stored
from sqtheory.files.codecs.configuration import Configuration
from sqtheory.files.packing.modules import MODEL, ModuleLayout
from sqtheory.files.views.architecture import CONFIG


@final
class ModuleCheckpoint(Checkpoint):
    """The tensors of such a folder under their own names; the values are those that the package makes of them."""

    def __init__(self, folder: Path, layout: ModuleLayout) -> None:
        """Read header and config; CheckpointError for a folder that is not one of these."""
        with ExitStack() as undo:
            self._file = undo.enter_context(SafetensorsCheckpoint(folder / MODEL))
            configuration = Configuration(folder)
            configuration.close()
            if configuration.method not in layout.codec.methods:
                raise refused(folder / CONFIG, f"it has no quantization_config of {layout.title}")
            held = {info.name: info for info in self._file.tensors}
            stored = Stored(self._file.path, held, configuration.content, self._file.read)
            self._encoded = {one.name: one for one in layout.codec().encoded(stored)}
            undo.pop_all()
        parts = {part for one in self._encoded.values() for part in one.parts.values()}
        packed = [
            TensorInfo(one.name, "F32", one.shape, sum(held[part].nbytes for part in one.parts.values()))
            for one in self._encoded.values()
        ]
        super().__init__(self._file.path, (*packed, *(info for info in self._file.tensors if info.name not in parts)))

    @property
    def file(self) -> SafetensorsCheckpoint:
        """The file as it is."""
        return self._file

    @property
    def metadata(self) -> dict[str, str]:
        """What the file says besides tensors."""
        return dict(self._file.metadata)

    def stored(self, name: str) -> Iterator[NDArray[np.uint8]]:
        """The bytes of the parts of the tensor, in the order of the file."""
        parts = self._encoded[name].parts.values() if name in self._encoded else [name]
        return (piece for part in parts for piece in self._file.stored(part))

    def close(self) -> None:
        self._file.close()

    def _statuses(self) -> tuple[os.stat_result, ...]:
        return self._file._statuses()

    def _read(self, info: TensorInfo) -> NDArray[Any]:
        if info.name not in self._encoded:
            return self._file.read(info.name)
        one = self._encoded[info.name]
        try:
            values = one.decode({part: self._file.read(name) for part, name in one.parts.items()})
        except ValueError as error:
            raise refused(self._path, plain(str(error)), info.name) from error
        if not np.isfinite(values).all():
            raise refused(self._path, "a product is not finite", info.name)
        return values
