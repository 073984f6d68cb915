"""A checkpoint whose quantized weights are values: under the names, in the shapes and axes of a dense checkpoint."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.files.checkpoints.decoding import Decoding
from sqtheory.files.checkpoints.safetensors import SafetensorsCheckpoint
from sqtheory.files.checkpoints.tensors import Checkpoint, TensorInfo, plain, quoted, refused
from sqtheory.files.codecs.companions import activation_scales, check_left, is_code
from sqtheory.files.codecs.configuration import Configuration

if TYPE_CHECKING:
    from sqtheory.files.codecs.codec import Codec, Encoded, Stored


def decoded(checkpoint: Checkpoint) -> Checkpoint:
    """The checkpoint with values in the place of codes; itself where no weight of it is quantized.

    CheckpointError, and the checkpoint closed, where what is there of a quantized weight does not make one: half of
    it, tensors that look like companions of codes and belong to no known layout, a configuration that no known layout
    obeys.
    """
    if not checkpoint.encodes:
        return checkpoint
    with ExitStack() as undo:
        undo.enter_context(checkpoint)
        configuration = Configuration(checkpoint.path.parent)
        undo.callback(configuration.close)
        infos = {info.name: info for info in checkpoint.tensors}
        metadata = checkpoint.metadata if isinstance(checkpoint, SafetensorsCheckpoint) else {}
        encoded: dict[str, Encoded] = {}
        if configuration.method is not None or any(map(is_code, infos.values())):
            from sqtheory.files.codecs.codec import Stored
            from sqtheory.files.codecs.registry import CODECS

            stored = Stored(checkpoint.path, infos, configuration.content, checkpoint.read, metadata)
            encoded = _encoded(stored, configuration, CODECS)
        parts = {name for one in encoded.values() for name in one.parts.values()}
        for name in encoded:
            if name in infos and name not in parts:
                raise refused(checkpoint.path, f"it is there, and {_spelled(encoded[name])} spell it too", name)
        apart = [info for info in checkpoint.tensors if info.name not in parts]
        hidden = activation_scales(apart if encoded else ())
        check_left(checkpoint.path, {info.name: info for info in apart if info.name not in hidden})
        if configuration.method is not None and not encoded:
            raise refused(configuration.paths[0], f"{configuration}: no tensor of {checkpoint.path.name} is stored so")
        if not encoded:
            configuration.close()
        undo.pop_all()
    return DecodedCheckpoint(checkpoint, configuration, encoded, hidden) if encoded else checkpoint


@final
class DecodedCheckpoint(Checkpoint):
    """The tensors of a checkpoint, those that spell a quantized weight replaced by its values, float32.

    A weight stands where the first of its parts stood. Of encoded weights ``dtype`` is the name of the scheme and
    ``nbytes`` the bytes of all parts; ``stored`` gives the bytes of the values.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        configuration: Configuration,
        encoded: "Mapping[str, Encoded]",
        hidden: frozenset[str],
    ) -> None:
        """Take over an open checkpoint and what is known of it; ``hidden`` are scales of activations."""
        self._inner, self._configuration = checkpoint, configuration
        self._encoded, self._hidden = dict(encoded), hidden
        super().__init__(checkpoint.path, tuple(self._shown()))

    @property
    def inner(self) -> Checkpoint:
        return self._inner

    @property
    def encoded(self) -> "Mapping[str, Encoded]":
        """How each quantized weight is stored, by its name."""
        return MappingProxyType(self._encoded)

    @property
    def described(self) -> frozenset[str]:
        return frozenset(key for one in self._encoded.values() for key in one.keys)

    @property
    def decoding(self) -> Decoding:
        shown = {info.name for info in self.tensors}
        return Decoding(
            {name: one.scheme for name, one in self._encoded.items()},
            tuple(info.name for info in self._inner.tensors if info.name not in shown),
            tuple(path.name for path in self._configuration.paths),
        )

    def parts(self, name: str) -> Mapping[str, str]:
        return dict(self._encoded[name].parts) if name in self._encoded else {}

    def files(self) -> dict[str, Path]:
        return {**self._inner.files(), **{path.name: path for path in self._configuration.paths}}

    def close(self) -> None:
        self._inner.close()
        self._configuration.close()

    def stored(self, name: str) -> Iterator[NDArray[np.uint8]]:
        return super().stored(name) if self.info(name).quantized else self._inner.stored(name)

    def splits(self, name: str, unit: int) -> bool:
        return not self.info(name).quantized and self._inner.splits(name, unit)

    def entries(self, name: str, begin: int, end: int) -> NDArray[Any]:
        if self.info(name).quantized:
            return super().entries(name, begin, end)
        return self._inner.entries(name, begin, end)

    def slabs(self, name: str) -> Iterator[NDArray[Any]]:
        return super().slabs(name) if self.info(name).quantized else self._inner.slabs(name)

    def _statuses(self) -> tuple[os.stat_result, ...]:
        return *self._inner._statuses(), *self._configuration.statuses()

    def _shown(self) -> Iterator[TensorInfo]:
        infos = {info.name: info for info in self._inner.tensors}
        owners: dict[str, list[Encoded]] = {}
        for one in self._encoded.values():
            for name in one.parts.values():
                owners.setdefault(name, []).append(one)
        waiting = dict(self._encoded)
        for name, info in infos.items():
            if name in owners:
                for one in owners[name]:
                    if waiting.pop(one.name, None) is not None:
                        nbytes = sum(infos[part].nbytes for part in one.parts.values())
                        yield TensorInfo(one.name, one.scheme, one.shape, nbytes, view=one.view, quantized=True)
            elif name not in self._hidden:
                yield info

    def _read(self, info: TensorInfo) -> NDArray[Any]:
        if not info.quantized:
            return self._inner.read(info.name)
        one = self._encoded[info.name]
        arrays = {part: self._inner.read(name) for part, name in one.parts.items()}
        try:
            with np.errstate(all="ignore"):
                values = one.decode(arrays)
        except ValueError as error:
            raise refused(self._path, f"{plain(str(error))}, stored as {_spelled(one)}", info.name) from error
        assert values.shape == one.shape and values.dtype == np.float32, (info.name, values.shape, values.dtype)
        return values


def _encoded(stored: "Stored", configuration: Configuration, codecs: "Sequence[type[Codec]]") -> "dict[str, Encoded]":
    """Every quantized weight by its name; CheckpointError for one that two layouts claim."""
    method = configuration.method
    asked = [one for one in codecs if method is None or one.says_itself or method in one.methods]
    if method is not None and not any(method in one.methods for one in asked):
        known = ", ".join(sorted({name for one in codecs for name in one.methods}))
        raise refused(configuration.paths[0], f"{configuration} cannot be decoded; known methods are {known}")
    found: dict[str, Encoded] = {}
    for codec in asked:
        for one in codec().encoded(stored):
            if one.name in found:
                rule = f"{_spelled(found[one.name])} are {found[one.name].scheme}, {_spelled(one)} are {one.scheme}"
                raise refused(stored.path, rule, one.name)
            found[one.name] = one
    return found


def _spelled(one: "Encoded") -> str:
    return ", ".join(f"{part} {quoted(name)}" for part, name in one.parts.items())
