"""Tensors of an ONNX model: initializers and constants of all its graphs, and what its nodes say of them."""

import math
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.files.checkpoints.decoding import Decoding
from sqtheory.files.checkpoints.onnx_graph.blockwise import Blockwise, fault, put_codes
from sqtheory.files.checkpoints.onnx_graph.coded import only_beside
from sqtheory.files.checkpoints.onnx_graph.dataflow import Dataflow
from sqtheory.files.checkpoints.onnx_graph.dense import drop_unused, put_values
from sqtheory.files.checkpoints.onnx_graph.roles import Role, Use, roles
from sqtheory.files.checkpoints.onnx_model import (
    entries_of,
    external_files,
    info_of,
    is_external,
    load,
    raw_of,
    tensors_of,
)
from sqtheory.files.checkpoints.onnx_outside import OutsideData, set_raw
from sqtheory.files.checkpoints.onnx_quantized import NUMBERS, QuantizedWeight, dense_info, quantized_weights
from sqtheory.files.checkpoints.tensors import Checkpoint, TensorInfo, plain, quoted, refused
from sqtheory.files.filter_banks import FILTER_BANK, SHORTEST, is_filter_bank
from sqtheory.files.views.view import View

if TYPE_CHECKING:
    pass


@final
class OnnxCheckpoint(Checkpoint):
    """An ONNX model, its tensors in the order of its graphs; a constant is called like the output of its node.

    Codes that are constants, with their scales, of which ``DequantizeLinear`` makes a weight, or that ``MatMulNBits``
    takes, are shown as that weight, and companions of codes that nothing else takes not at all. The model is in memory
    as long as it is open, its external data only while they are read. Entries of two and four bits come as int8 or
    uint8. Needs the extra ``onnx``.
    """

    def __init__(self, path: Path) -> None:
        """Parse the model; external data stay in their files, but for kernels that may be those of a transform."""
        with ExitStack() as undo:
            self._file = undo.enter_context(path.open("rb", buffering=0))
            self._model = load(path, self._file.fileno())
            flow = Dataflow.of(self._model)
            self._tensors_of_model = tensors_of(path, flow)
            self._infos = {name: info_of(path, name, tensor) for name, tensor in self._tensors_of_model.items()}
            self._external = external_files(path, self._tensors_of_model)
            known = roles(flow)
            self._weights = {one.info.name: one for one in quantized_weights(flow, self._infos, known)}
            self._hidden = {
                flow.names[key] for key in only_beside(flow, (one.source for one in self._weights.values()))
            }
            infos = tuple(self._shown(path, known))
            undo.pop_all()
        super().__init__(path, infos)

    def close(self) -> None:
        self._file.close()

    @property
    def external(self) -> tuple[Path, ...]:
        """The files of external data."""
        return self._external

    def files(self) -> dict[str, Path]:
        there = {file.relative_to(self._path.parent).as_posix(): file for file in self._external}
        return {**super().files(), **there}

    @property
    def decoding(self) -> Decoding | None:
        schemes = {name: one.info.dtype for name, one in self._weights.items()}
        return Decoding(schemes, tuple(name for name in self._infos if name in self._hidden), ()) if schemes else None

    def parts(self, name: str) -> Mapping[str, str]:
        return dict(self._weights[name].source.parts) if name in self._weights else {}

    @property
    def weights(self) -> Mapping[str, QuantizedWeight]:
        """The weights that are there as codes, by their names."""
        return dict(self._weights)

    @property
    def as_values(self) -> tuple[TensorInfo, ...]:
        """The tensors of a model that has values where this has codes."""
        return tuple(
            dense_info(self._weights[info.name]) if info.name in self._weights else info for info in self.tensors
        )

    @property
    def outside(self) -> OutsideData:
        """Which tensors lie in external data once the model is rewritten, and where in their one file."""
        codes = {name: one.source.parts["codes"] for name, one in self._weights.items()}
        stored = {info.name: self._tensors_of_model[codes.get(info.name, info.name)] for info in self.as_values}
        return OutsideData.of(info for info in self.as_values if is_external(stored[info.name]))

    def stored(self, name: str) -> Iterator[NDArray[np.uint8]]:
        """The raw bytes of a tensor; where the model has none, those of its protocol buffer; of codes the values."""
        if self.info(name).quantized:
            yield from super().stored(name)
            return
        tensor = self._tensors_of_model[name]
        if is_external(tensor):
            raw = raw_of(self._path, self._infos[name], tensor)
        else:
            raw = tensor.raw_data if tensor.HasField("raw_data") else tensor.SerializeToString(deterministic=True)
        yield np.frombuffer(raw, np.uint8)

    def coded(self, codes: Mapping[str, Blockwise]) -> bytes:
        """The file of the same model with codes in the place of some weights; CheckpointError for one that has others.

        That is also for a model with codes or external data already, and for weights of which ``fault`` is known.
        """
        model = type(self._model)()
        model.CopyFrom(self._model)
        for name, made in codes.items():
            flow = Dataflow.of(model)
            key = next(key for key, own in flow.names.items() if own == name)
            wrong = fault(flow, key)
            if wrong is not None:
                raise refused(self._path, wrong, name)
            put_codes(model, flow, key, made)
        written: bytes = model.SerializeToString(deterministic=True)
        return written

    def raw(self, name: str) -> bytes:
        """The bytes of the parts of a weight in codes, one after another."""
        parts = self._weights[name].source.parts.values()
        return b"".join(self._tensors_of_model[part].raw_data for part in parts)

    def without(self, names: Collection[str]) -> bytes:
        """The file of the same model without the bytes of the codes of some weights and of what goes with them."""
        model = type(self._model)()
        model.CopyFrom(self._model)
        tensors = tensors_of(self._path, Dataflow.of(model))
        for name in names:
            for part in self._weights[name].source.parts.values() if name in self._weights else ():
                set_raw(tensors[part], b"")
        written: bytes = model.SerializeToString(deterministic=True)
        return written

    def rewritten(self, raw: Mapping[str, bytes], data: str) -> bytes:
        """The file of the same model with values in the place of codes.

        Some tensors have other entries, given as raw bytes; those in external data lie, as ``outside`` says, in the
        file ``data`` beside it; all else is as it is.
        """
        model = type(self._model)()
        model.CopyFrom(self._model)
        flow = Dataflow.of(model)
        for weight in quantized_weights(flow, self._infos, roles(flow)):
            put_values(flow, weight.source, weight.info.name, NUMBERS[weight.dtype], weight.info.shape)
        if self._weights:
            flow = Dataflow.of(model)
            drop_unused(flow, {key for one in self._weights.values() for key in one.source.companions})
        tensors = tensors_of(self._path, Dataflow.of(model))
        outside = self.outside
        for name, tensor in tensors.items():
            if name in outside.offsets:
                outside.describe(tensor, name, data)
            elif name in raw:
                set_raw(tensor, raw[name])
            elif is_external(tensor):  # a companion of codes that something else takes too
                set_raw(tensor, raw_of(self._path, self._infos[name], tensor))
        written: bytes = model.SerializeToString(deterministic=True)
        return written

    def _shown(self, path: Path, known: Mapping[str, Role]) -> Iterator[TensorInfo]:
        """All tensors with what the nodes say of them, weights in the place of their codes."""
        by_codes = {one.source.parts["codes"]: one.info for one in self._weights.values()}
        for name, info in self._infos.items():
            if name in by_codes:
                yield _with_role(by_codes[name], known[name])
            elif name not in self._hidden:
                role, kernels = known[name], math.prod(info.shape[:1])
                bank = any(use.one_signal for use in role.uses) and info.size >= SHORTEST * kernels and info.is_float
                if bank and is_filter_bank(
                    entries_of(path, info, self._tensors_of_model[name]).reshape(kernels, info.size // max(kernels, 1))
                ):
                    yield replace(info, no_weight=FILTER_BANK)
                else:
                    yield _with_role(info, role)

    def _statuses(self) -> tuple[os.stat_result, ...]:
        try:
            return os.fstat(self._file.fileno()), *(file.stat() for file in self._external)
        except OSError as error:
            raise refused(self._path, f"external data: {plain(str(error))}") from error

    def _read(self, info: TensorInfo) -> NDArray[Any]:
        os.fstat(self._file.fileno())  # a ValueError after closing, as of every checkpoint
        if not info.quantized:
            return entries_of(self._path, info, self._tensors_of_model[info.name])
        weight = self._weights[info.name]
        named = weight.source.parts
        parts = {
            part: entries_of(self._path, self._infos[name], self._tensors_of_model[name])
            for part, name in named.items()
        }
        try:
            return weight.values(parts)
        except ValueError as error:
            spelled = ", ".join(f"{part} {quoted(name)}" for part, name in named.items())
            raise refused(self._path, f"{plain(str(error))}, stored as {spelled}", info.name) from error


def _with_role(info: TensorInfo, role: Role) -> TensorInfo:
    """The tensor and what nodes sum over, or the reason why it is no weight."""
    if not role.uses:
        return replace(info, no_weight=role.reason) if info.is_float and info.view is None else info
    if not info.is_float:
        return replace(info, no_weight=f"{info.dtype} codes for {role.uses[0].operator}, not read as values")
    dispute = role.dispute(info.shape)
    if dispute is not None:
        return replace(info, no_weight=role.reason, dispute=dispute)
    return replace(info, view=_view(role.uses[0], info.shape), no_weight=role.reason)


def _view(use: Use, shape: tuple[int, ...]) -> View:
    """The matrices of a weight, with the names of the axes of kernels and of plain matrices."""
    reduced, apart = use.reduction.reduced, tuple(axis for axis in use.reduction.apart if shape[axis] != 1)
    if use.kernel:
        return View.convolution(len(shape), transposed=reduced[-1] == 0)
    if len(shape) == 2 and len(reduced) == 1:
        return View(reduced, apart, ("in", "out") if reduced == (0,) else ("out", "in"))
    return View(reduced, apart)
