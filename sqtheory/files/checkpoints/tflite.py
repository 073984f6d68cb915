"""Constant tensors of a TensorFlow Lite model, codes as their values, with what its operators say of them."""

import math
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.files.checkpoints.elements import BITS, ELEMENTS, read_values
from sqtheory.files.checkpoints.entries import fill, pieces_at
from sqtheory.files.checkpoints.flatbuffer import FlatBuffer, FlatTable
from sqtheory.files.checkpoints.tensors import FileCheckpoint, TensorInfo, check_tensor, plain, refused
from sqtheory.files.checkpoints.tflite_graph import OperatorUse, uses
from sqtheory.files.filter_banks import FILTER_BANK, SHORTEST, is_filter_bank
from sqtheory.files.views.view import View

MAX_TENSORS = 1 << 16
_MOST_SCALES = 1 << 22
_INT4 = "INT4"
_TYPES: Mapping[int, str] = MappingProxyType(
    {
        **{0: "F32", 1: "F16", 2: "I32", 3: "U8", 4: "I64", 6: "BOOL", 7: "I16", 9: "I8", 10: "F64", 12: "U64"},
        **{15: "U32", 16: "U16", 17: _INT4, 18: "BF16"},
    }
)
"""By the number of the type; texts, complex numbers and handles have none here."""
_CODES: Mapping[str, str] = MappingProxyType(
    {"I8": "INT8", "U8": "UINT8", "I16": "INT16", "I32": "INT32", _INT4: _INT4}
)
_NO_OPERAND = "no weight operand of an operator"


@final
@dataclass(frozen=True)
class _Constant:
    """A tensor with entries, and where they lie."""

    info: TensorInfo
    dtype: str
    """As the entries are stored."""
    begin: int
    scales: FlatTable | None
    """What says which values codes stand for."""


@final
class TfliteCheckpoint(FileCheckpoint):
    """A TensorFlow Lite model, the constants of its graphs in their order.

    Codes with scales s and zero points z come as s·(q − z), rounded once to float32. A name that came before, or none,
    gets the numbers of graph and tensor: ``w#1.3``. Sparse tensors and codes in blocks are listed and not read.
    """

    CONTAINER = "TensorFlow Lite"

    def __init__(self, path: Path) -> None:
        """Read the tables; the entries stay in the file."""
        with ExitStack() as undo:
            self._file = undo.enter_context(path.open("rb", buffering=0))
            self._buffer = FlatBuffer(path, self._file)
            self._constants = {one.info.name: one for one in _constants(self._buffer.root)}
            _check_places(self._buffer, self._constants)
            self._lock = threading.Lock()
            super().__init__(path, tuple(one.info for one in self._constants.values()))
            super().__init__(path, tuple(map(self._without_filters, self.tensors)))
            undo.pop_all()

    def stored(self, name: str) -> Iterator[NDArray[np.uint8]]:
        info = self.info(name)
        if info.quantized:
            return super().stored(name)
        return pieces_at(self._path, info, self._file, self._constants[name].begin, self._lock)

    def _without_filters(self, info: TensorInfo) -> TensorInfo:
        """The tensor; where its kernels of one signal are those of a transform, with that as what it is."""
        kernels = info.shape[0] if len(info.shape) == 4 else 0
        if info.view is None or not kernels or info.shape[-1] != 1 or info.size < SHORTEST * kernels:
            return info
        return replace(info, no_weight=FILTER_BANK) if is_filter_bank(self._read(info).reshape(kernels, -1)) else info

    def _read(self, info: TensorInfo) -> NDArray[Any]:
        one = self._constants[info.name]
        if one.dtype not in (*ELEMENTS, _INT4):
            raise refused(self._path, f"{one.dtype} cannot be read", info.name)
        try:
            with self._lock:
                self._file.seek(one.begin)
                entries = self._entries(one).reshape(info.shape)
                return entries if one.scales is None else _values(entries, one.scales)
        except (EOFError, OSError, ValueError) as error:
            raise refused(self._path, plain(str(error)), info.name) from error

    def _entries(self, one: _Constant) -> NDArray[Any]:
        if one.dtype != _INT4:
            return read_values(self._file, one.info.nbytes, ELEMENTS[one.dtype])
        raw = fill(self._file, one.info.nbytes)
        nibbles = np.stack([raw & 15, raw >> 4], axis=-1).reshape(-1)[: one.info.size]
        return ((nibbles ^ 8).astype(np.int8) - np.int8(8)).astype(np.int8)


def _values(codes: NDArray[Any], scales: FlatTable) -> NDArray[np.float32]:
    """The values of codes. Raises ValueError for scales and zero points that do not fit them."""
    s = np.array(scales.numbers(2, "f", _MOST_SCALES), np.float32)
    z = np.array(scales.numbers(3, "q", _MOST_SCALES), np.int64)
    axis = scales.number(6, "i")
    if not np.isfinite(s).all():
        raise ValueError(f"a scale is {s[~np.isfinite(s)][0]}, no finite number")
    if s.size > 1 and not (0 <= axis < codes.ndim and codes.shape[axis] == s.size):
        raise ValueError(f"{s.size} scales along axis {axis} do not fit shape {codes.shape}")
    if z.size not in (0, 1, s.size):
        raise ValueError(f"{s.size} scales have {z.size} zero points")
    if z.size and max(abs(int(z.min())), abs(int(z.max()))) >= 1 << 32:
        raise ValueError(f"a zero point has at most 32 bits, got {z.min()} to {z.max()}")
    along = tuple(-1 if place == axis else 1 for place in range(codes.ndim)) if s.size > 1 else ()
    distance = codes.astype(np.float64) - (z.reshape(along) if z.size > 1 else z[:1] if z.size else 0)
    with np.errstate(over="ignore"):
        return (distance * s.reshape(along)).astype(np.float32).reshape(codes.shape)


def _constants(model: FlatTable) -> Iterator[_Constant]:
    """The tensors of all graphs that have entries, as they are to be shown."""
    operators = tuple(max(code.number(0, "b"), code.number(3, "i")) for code in model.tables(1))
    buffers = list(model.tables(4))
    graphs = list(model.tables(2))
    names: set[str] = set()
    count = 0
    for number, (graph, found) in enumerate(zip(graphs, uses(graphs, operators), strict=True)):
        for place, tensor in enumerate(graph.tables(0)):
            count += 1
            if count > MAX_TENSORS:
                raise model.buffer.refused(f"at most {MAX_TENSORS} tensors")
            given = tensor.text(3)
            name = given if given and given not in names else f"{given}#{number}.{place}"
            one = _constant(tensor, name, buffers)
            if one is None:
                continue
            if name in names:
                raise model.buffer.refused("the file has this name twice", name)
            names.add(name)
            yield replace(one, info=_used(one.info, found.get(place, ())))


def _constant(tensor: FlatTable, name: str, buffers: list[FlatTable]) -> _Constant | None:
    """A tensor, None where it has no entries in the file."""
    source = tensor.number(2, "I")
    if source >= len(buffers):
        raise tensor.buffer.refused(f"lies in buffer {source}, there are {len(buffers)}", name)
    begin, nbytes = buffers[source].span(0)
    if not nbytes and buffers[source].number(1, "Q") > 1:
        begin, nbytes = buffers[source].number(1, "Q"), buffers[source].number(2, "Q")
        tensor.buffer.check(begin, nbytes)
    shape = tensor.numbers(0, "i")
    if not nbytes:
        return None
    check_tensor(tensor.buffer.path, name, shape)
    kind = tensor.number(1, "b")
    dtype = _TYPES.get(kind, f"type {kind}")
    scales = tensor.table(4)
    scales = scales if scales is not None and scales.count(2, 4) else None
    if tensor.table(6) is not None:
        return _Constant(TensorInfo(name, "sparse " + dtype, shape, nbytes), "a sparse tensor", begin, None)
    if scales is not None and scales.number(4, "B"):
        return _Constant(TensorInfo(name, dtype + " in blocks", shape, nbytes), "codes in blocks", begin, None)
    if dtype in (*BITS, _INT4):
        expected = -(-math.prod(shape) * BITS.get(dtype, 4) // 8)
        if nbytes != expected:
            raise tensor.buffer.refused(f"{dtype} of shape {shape} takes {expected} bytes, got {nbytes}", name)
    if dtype not in _CODES or scales is None:
        return _Constant(TensorInfo(name, dtype, shape, nbytes), dtype, begin, None)
    return _Constant(TensorInfo(name, _CODES[dtype], shape, nbytes, quantized=True), dtype, begin, scales)


def _used(info: TensorInfo, found: Iterable[OperatorUse]) -> TensorInfo:
    """The tensor with what its uses say of it."""
    views: dict[View, str] = {}
    for use in found:
        if use.view is None:
            return replace(info, no_weight=use.operator)
        if _fits(use.view, info.shape):
            views.setdefault(use.view, use.operator)
    if not views:
        return replace(info, no_weight=_NO_OPERAND)
    if len(views) > 1:
        (a, first), (b, second), *_ = views.items()
        return replace(info, dispute=f"{first} sums over axes {a}, {second} over axes {b}")
    return replace(info, view=next(iter(views)))


def _fits(view: View, shape: tuple[int, ...]) -> bool:
    """The tensor has just the axes that the operator's weight has."""
    return len(view.names) in (0, len(shape))


def _check_places(buffer: FlatBuffer, constants: Mapping[str, _Constant]) -> None:
    """Refuse entries of two tensors that overlap and are not the same bytes."""
    covered, before = 0, (0, 0)
    for one in sorted(constants.values(), key=lambda one: (one.begin, one.info.nbytes)):
        place = (one.begin, one.begin + one.info.nbytes)
        if place[0] < covered and place != before:
            raise buffer.refused("overlaps the tensor before it", one.info.name)
        covered, before = max(covered, place[1]), place
