"""Packed tensors in a safetensors file: arrays ``NAME.codes``, ``NAME.scales``, …, their schemas in the metadata."""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.files import atomic
from sqtheory.files.checkpoints.opening import open_stored
from sqtheory.files.checkpoints.safetensors import SafetensorsCheckpoint
from sqtheory.files.checkpoints.shards import ShardedCheckpoint
from sqtheory.files.checkpoints.tensors import PIECE_BYTES, Checkpoint, TensorInfo, plain, quoted, refused
from sqtheory.files.checkpoints.writing import SafetensorsWriter, check_name, declare, redeclare
from sqtheory.files.packing.metadata import KEY, KINDS, PARTS, packed_metadata, schemas_of
from sqtheory.files.packing.packed import Packed, unpack
from sqtheory.files.packing.schema import Schema

StoredArray: TypeAlias = tuple[str, str, NDArray[Any]]
"""The name of an array, its type in the words of safetensors, and its entries (or their codes as bytes)."""


def write_packed(
    path: Path,
    packs: Iterable[tuple[str, Packed]],
    source: Checkpoint | None = None,
    metadata: Mapping[str, str] | None = None,
    *,
    force: bool = False,
) -> dict[str, Schema]:
    """Write packed tensors, and all other tensors of ``source`` as they are; the schema of each by its name.

    ``packs`` may be a generator: one tensor at a time is in memory, the arrays wait in a file without a name in the
    same folder until all are there. Tensors of a safetensors source keep their bytes, of other kinds their values.
    Raises what ``packs`` and SafetensorsWriter raise; then nothing is left.
    """
    schemas: dict[str, Schema] = {}

    def arrays() -> Iterator[StoredArray]:
        for name, packed in packs:
            if name in schemas:
                raise ValueError(f"{plain(str(path))}: tensor {quoted(name)} is packed twice")
            schemas[name] = packed.schema
            yield from parts_of(name, packed)

    write_arrays(path, arrays(), source, schemas, lambda: packed_metadata(schemas, metadata or {}), force=force)
    return schemas


def parts_of(name: str, packed: Packed) -> list[StoredArray]:
    """The arrays of a packed tensor in the order in which they are written."""
    arrays = ((part, packed.arrays[part]) for part in packed.schema.layout)
    return [(f"{name}.{part}", KINDS[array.dtype.newbyteorder("<").str], array) for part, array in arrays]


def write_arrays(
    path: Path,
    arrays: Iterable[StoredArray],
    source: Checkpoint | None,
    replaced: Collection[str],
    metadata: Callable[[], Mapping[str, str]],
    *,
    force: bool,
) -> None:
    """Write arrays by name and safetensors type, and the tensors of ``source`` that are not ``replaced`` as they are.

    ``replaced`` and ``metadata`` are asked when the arrays have all come, and wait in a file without a name.
    """
    before = source.signature if source else None
    waiting: list[tuple[TensorInfo, int]] = []
    end = 0
    with atomic.NewFile(path, scratch=True) as spool:
        for name, kind, array in arrays:
            waiting.append((declare(name, kind, array.shape), end))
            spool.write(array.astype(array.dtype.newbyteorder("<"), order="C", copy=False).tobytes(), end)
            end += waiting[-1][0].nbytes
        rest = [info for info in source.tensors if info.name not in replaced] if source else []
        kept = [declared(source, info) for info in rest] if source else []
        with SafetensorsWriter(
            path, [*(info for info, _ in waiting), *kept], metadata(), source=source, force=force
        ) as writer:
            for info, at in waiting:
                writer.copy(info.name, _pieces(spool, info.nbytes, at))
            for info in kept:
                assert source is not None
                copy_tensor(source, info.name, writer)
            if source and before:
                source.check_unchanged(before)


def _pieces(spool: atomic.NewFile, nbytes: int, start: int) -> Iterator[NDArray[np.uint8]]:
    for at in range(0, nbytes, PIECE_BYTES):
        yield np.frombuffer(spool.read(min(PIECE_BYTES, nbytes - at), start + at), np.uint8)


def is_stored(source: Checkpoint) -> bool:
    """Whether its tensors that are not packed keep their bytes; those of other kinds keep their values."""
    return isinstance(source.inner, SafetensorsCheckpoint | ShardedCheckpoint | PackedCheckpoint)


def declared(source: Checkpoint, info: TensorInfo) -> TensorInfo:
    """A tensor that is copied, as the file to be written declares it."""
    if info.quantized:
        return redeclare(info, "F32")
    if is_stored(source):
        return info
    return redeclare(info, KINDS[source.read(info.name).dtype.str])


def copy_tensor(source: Checkpoint, name: str, writer: SafetensorsWriter) -> None:
    """Copy a tensor: its bytes from a safetensors file, else its values."""
    if isinstance(source.inner, SafetensorsCheckpoint | ShardedCheckpoint):
        writer.copy(name, source.stored(name))
    else:
        writer.write(name, source.read(name))


@final
class PackedCheckpoint(Checkpoint):
    """The tensors of a packed file under their own names: those that are packed as values, the others as they are."""

    def __init__(self, path: Path) -> None:
        """Read the header and the schemas; CheckpointError for a file that is not a packed one."""
        file = open_stored(path)
        if not isinstance(file, SafetensorsCheckpoint):
            file.close()
            raise refused(path, "no packed file: that is one safetensors file")
        self._file = file
        self._held = {info.name: info for info in self._file.tensors}
        try:
            self._schemas = schemas_of(path, self._file.metadata, self._held)
        except BaseException:
            self._file.close()
            raise
        packed = [self._logical(name, schema) for name, schema in self._schemas.items()]
        super().__init__(file.path, (*packed, *(info for info in self._file.tensors if not self._part(info.name))))

    @property
    def schemas(self) -> Mapping[str, Schema]:
        """The schema of every packed tensor by its name."""
        return self._schemas

    @property
    def metadata(self) -> Mapping[str, str]:
        """What the file says besides tensors and schemas."""
        return {key: text for key, text in self._file.metadata.items() if key != KEY}

    @property
    def file(self) -> SafetensorsCheckpoint:
        """The file as it is."""
        return self._file

    def packed(self, name: str) -> Packed:
        """The arrays of a packed tensor."""
        schema = self._schemas[name]
        return Packed(schema, {part: self._array(f"{name}.{part}") for part in schema.layout})

    def stored(self, name: str) -> Iterator[NDArray[np.uint8]]:
        if name not in self._schemas:
            return self._file.stored(name)
        return (piece for part in self._schemas[name].layout for piece in self._file.stored(f"{name}.{part}"))

    def close(self) -> None:
        self._file.close()

    def _array(self, name: str) -> NDArray[Any]:
        """A part as it is stored: 16-bit floats stay what they are."""
        values = self._file.read(name)
        return values.astype(np.float16) if self._file.info(name).dtype == "F16" else values

    def _logical(self, name: str, schema: Schema) -> TensorInfo:
        parts = [self._held[f"{name}.{part}"] for part in PARTS if f"{name}.{part}" in self._held]
        return TensorInfo(name, schema.dtype, schema.logical, sum(info.nbytes for info in parts))

    def _part(self, name: str) -> bool:
        """Whether a tensor of the file belongs to a packed one."""
        whole, _, part = name.rpartition(".")
        return part in PARTS and whole in self._schemas

    def _statuses(self) -> tuple[os.stat_result, ...]:
        return self._file._statuses()

    def _read(self, info: TensorInfo) -> NDArray[Any]:
        if info.name not in self._schemas:
            return self._file.read(info.name)
        try:
            return self._schemas[info.name].in_place(unpack(self.packed(info.name)))
        except ValueError as error:
            raise refused(self._path, plain(str(error)), info.name) from error


def unpack_file(
    packed: PackedCheckpoint,
    path: Path,
    *,
    force: bool = False,
    progress: Callable[[Iterable[TensorInfo]], Iterable[TensorInfo]] = iter,
) -> None:
    """Write every tensor of a packed file to a plain safetensors file: unpacked values as F32 or F64, others as is.

    ``progress`` goes through the tensors. Raises what reading and SafetensorsWriter raise; then nothing is left.
    """
    check_name(path)
    before = packed.signature
    tensors = [declare(i.name, i.dtype, i.shape) if i.name in packed.schemas else i for i in packed.tensors]
    with SafetensorsWriter(path, tensors, packed.metadata, source=packed, force=force) as writer:
        for info in progress(packed.tensors):
            if info.name in packed.schemas:
                writer.write(info.name, packed.read(info.name))
            else:
                copy_tensor(packed.file, info.name, writer)
        packed.check_unchanged(before)
