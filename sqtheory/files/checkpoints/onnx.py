"""Tensors of an ONNX model: initializers and constants of all its graphs, read by the onnx package only."""

import math
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path, PurePosixPath, PureWindowsPath
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.exceptions import MissingExtra
from sqtheory.files.checkpoints.tensors import Checkpoint, TensorInfo, check_tensor, plain, quoted, refused, widen

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, TensorProto

MAX_MODEL = 2 << 30
"""Bytes of a model without its external data: as many as a protocol buffer can have."""
_OLDEST = (1, 21)
"""The first version of the package that checks where external data lie in every way known."""
_EXTERNAL_KEYS = ("location", "offset", "length", "checksum", "basepath")

_BITS: Mapping[str, int] = MappingProxyType(
    {
        **{"FLOAT": 32, "DOUBLE": 64, "FLOAT16": 16, "BFLOAT16": 16, "BOOL": 8},
        **{f"{sign}INT{bits}": bits for sign in ("", "U") for bits in (2, 4, 8, 16, 32, 64)},
        **{"FLOAT8E4M3FN": 8, "FLOAT8E4M3FNUZ": 8, "FLOAT8E5M2": 8, "FLOAT8E5M2FNUZ": 8, "FLOAT8E8M0": 8},
        **{"FLOAT6E2M3": 6, "FLOAT6E3M2": 6, "FLOAT4E2M1": 4},
    }
)
"""Bits of one entry of the types that are read; texts and complex numbers are only listed."""


@final
class OnnxCheckpoint(Checkpoint):
    """An ONNX model, its tensors in the order of its graphs; a constant is called like the output of its node.

    The model is in memory as long as it is open, its external data only while they are read. Entries of two and
    four bits come as int8 or uint8. Needs the extra ``onnx``.
    """

    def __init__(self, path: Path) -> None:
        """Parse the model; external data stay in their files."""
        with ExitStack() as undo:
            self._file = undo.enter_context(path.open("rb", buffering=0))
            self._model = _model(path, self._file.fileno())
            self._tensors_of_model = _tensors(path, self._model)
            infos = tuple(_info(path, name, tensor) for name, tensor in self._tensors_of_model.items())
            self._external = _external_files(path, self._tensors_of_model)
            undo.pop_all()
        super().__init__(path, infos)

    def close(self) -> None:
        self._file.close()

    @property
    def external(self) -> tuple[Path, ...]:
        """The files of external data."""
        return self._external

    def stored(self, name: str) -> Iterator[NDArray[np.uint8]]:
        """The raw bytes of a tensor; where the model has none, those of its protocol buffer."""
        tensor = self._tensors_of_model[self.info(name).name]
        raw = tensor.raw_data if tensor.HasField("raw_data") else tensor.SerializeToString(deterministic=True)
        yield np.frombuffer(raw, np.uint8)

    def rewritten(self, raw: Mapping[str, bytes]) -> bytes:
        """The file of the same model in which some tensors have other entries, given as raw bytes; the rest as it is.

        Raises ValueError where a tensor lies in external data.
        """
        from onnx import TensorProto

        model = type(self._model)()
        model.CopyFrom(self._model)
        tensors = _tensors(self._path, model)
        for name, content in raw.items():
            old = tensors[name]
            if old.data_location == TensorProto.EXTERNAL:
                raise ValueError(f"{plain(str(self._path))}: tensor {quoted(name)} lies in external data")
            for field in ("float_data", "int32_data", "int64_data", "double_data", "uint64_data"):
                old.ClearField(field)
            old.raw_data = content
        written: bytes = model.SerializeToString(deterministic=True)
        return written

    def _statuses(self) -> tuple[os.stat_result, ...]:
        try:
            return os.fstat(self._file.fileno()), *(file.stat() for file in self._external)
        except OSError as error:
            raise refused(self._path, f"external data: {plain(str(error))}") from error

    def _read(self, info: TensorInfo) -> NDArray[Any]:
        from onnx import numpy_helper

        os.fstat(self._file.fileno())  # a ValueError after closing, as of every checkpoint
        tensor = self._tensors_of_model[info.name]
        if info.dtype not in _BITS:
            raise refused(self._path, f"dtype {info.dtype} cannot be read; readable are {', '.join(_BITS)}", info.name)
        try:
            values = numpy_helper.to_array(_alone(tensor, info.nbytes), os.fspath(self._path.parent))
            if info.dtype.startswith(("FLOAT", "BFLOAT")):
                with np.errstate(invalid="ignore"):
                    values = values.astype(np.float32)
            if _BITS[info.dtype] < 8 and "INT" in info.dtype:
                values = values.astype(np.uint8 if info.dtype.startswith("U") else np.int8)
            return widen(values.reshape(info.shape)).copy()
        except MemoryError:
            raise
        except Exception as error:  # the package promises no set of exceptions
            raise refused(self._path, plain(str(error)), info.name) from error


def _model(path: Path, handle: int) -> "ModelProto":
    try:
        import onnx
    except ImportError as error:
        raise MissingExtra("onnx", "onnx", "reading an ONNX model") from error
    if tuple(int(part) for part in onnx.__version__.split(".")[:2]) < _OLDEST:
        oldest = ".".join(map(str, _OLDEST))
        raise MissingExtra(f"onnx>={oldest}", "onnx", f"reading an ONNX model (found {onnx.__version__})")
    if os.fstat(handle).st_size >= MAX_MODEL:
        raise refused(path, f"a model has less than {MAX_MODEL} bytes without its external data")
    try:
        with open(handle, "rb", closefd=False) as file:
            model = onnx.load_model_from_string(file.read())
    except MemoryError:
        raise
    except Exception as error:  # of the protocol buffers, which need not be named here
        raise refused(path, f"not an ONNX model: {plain(str(error))}") from error
    if not model.HasField("graph") or not model.ir_version:
        raise refused(path, "not an ONNX model: it has no graph or no version")
    return model


def _tensors(path: Path, model: "ModelProto") -> dict[str, "TensorProto"]:
    """Every tensor by its name."""
    found: dict[str, TensorProto] = {}
    functions = ((f"{function.name}/", function.node) for function in model.functions)
    inside = ((f"{at}{name}", tensor) for at, nodes in functions for name, tensor in _of_nodes(path, nodes))
    for name, tensor in (*_of_graph(path, model.graph), *inside):
        if not isinstance(name, str):  # what the protocol buffers make of bytes that are not UTF-8
            raise refused(path, f"the name {quoted(name)} of a tensor is not UTF-8")
        check_tensor(path, name, tuple(tensor.dims))
        if not name or name in found:
            raise refused(path, "two tensors have this name" if name else "a tensor has no name", name)
        found[name] = tensor
    return found


def _of_graph(path: Path, graph: "GraphProto") -> Iterator[tuple[str, "TensorProto"]]:
    for tensor in graph.initializer:
        yield tensor.name, tensor
    if graph.sparse_initializer:
        raise refused(path, "sparse tensors cannot be read", graph.sparse_initializer[0].values.name)
    yield from _of_nodes(path, graph.node)


def _of_nodes(path: Path, nodes: "Iterable[NodeProto]") -> Iterator[tuple[str, "TensorProto"]]:
    for node in nodes:
        for attribute in node.attribute:
            if node.op_type == "Constant" and attribute.name == "value" and attribute.HasField("t"):
                yield (node.output[0] if node.output else ""), attribute.t
            for graph in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                yield from _of_graph(path, graph)


def _info(path: Path, name: str, tensor: "TensorProto") -> TensorInfo:
    from onnx import TensorProto

    try:
        dtype = TensorProto.DataType.Name(tensor.data_type)
    except ValueError as error:
        raise refused(path, f"no type has the number {tensor.data_type}", name) from error
    shape = tuple(tensor.dims)
    if dtype not in _BITS:
        return TensorInfo(name, dtype, shape, tensor.ByteSize())
    nbytes = -(-_BITS[dtype] * math.prod(shape) // 8)
    if tensor.data_location != TensorProto.EXTERNAL and tensor.HasField("raw_data") and len(tensor.raw_data) != nbytes:
        raise refused(path, f"{dtype} of shape {shape} takes {nbytes} bytes, got {len(tensor.raw_data)}", name)
    return TensorInfo(name, dtype, shape, nbytes)


def _external_files(path: Path, tensors: Mapping[str, "TensorProto"]) -> tuple[Path, ...]:
    """The files of external data, each below the folder of the model and each named in plain words."""
    from onnx import TensorProto

    found: dict[Path, None] = {}
    for name, tensor in tensors.items():
        if tensor.data_location != TensorProto.EXTERNAL:
            continue
        entries = {entry.key: entry.value for entry in tensor.external_data}
        if len(entries) < len(tensor.external_data) or not set(entries) <= set(_EXTERNAL_KEYS):
            raise refused(path, f"external data have the keys {', '.join(_EXTERNAL_KEYS)}, each once", name)
        if not all(isinstance(value, str) for value in entries.values()):
            raise refused(path, "external data are not described in UTF-8", name)
        where = entries.get("location", "")
        parts = PurePosixPath(where).parts
        if not parts or ".." in parts or PurePosixPath(where).is_absolute() or PureWindowsPath(where).anchor:
            raise refused(path, f"external data lie in a file below the folder of the model, got {quoted(where)}", name)
        file = path.parent / where
        try:
            file.stat()
        except (OSError, ValueError) as error:
            raise refused(path, f"external data in {quoted(where)}: {plain(str(error))}", name) from error
        found[file] = None
    return tuple(found)


def _alone(tensor: "TensorProto", nbytes: int) -> "TensorProto":
    """The tensor itself or, for external data, one that says how many bytes there must be and takes them along."""
    from onnx import TensorProto

    if tensor.data_location != TensorProto.EXTERNAL:
        return tensor
    entries = {entry.key: entry.value for entry in tensor.external_data}
    if entries.setdefault("length", str(nbytes)) != str(nbytes):
        raise ValueError(f"{nbytes} bytes are needed, its external data have {quoted(entries['length'])}")
    alone = TensorProto(
        name=tensor.name, data_type=tensor.data_type, dims=tensor.dims, data_location=TensorProto.EXTERNAL
    )
    for key, value in entries.items():
        alone.external_data.add(key=key, value=value)
    return alone
