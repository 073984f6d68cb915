"""An ONNX model read from its file, and what it says of each of its tensors; external data stay in their files."""

import math
import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sqtheory.exceptions import MissingExtra
from sqtheory.files.checkpoints.entries import widen
from sqtheory.files.checkpoints.onnx_graph.dataflow import Dataflow
from sqtheory.files.checkpoints.tensors import TensorInfo, check_tensor, plain, quoted, refused

if TYPE_CHECKING:
    from onnx import ModelProto, TensorProto

MAX_MODEL = 2 << 30
"""Bytes of a model without its external data: as many as a protocol buffer can have."""
_OLDEST = (1, 21)
"""The first version of the package that checks where external data lie in every way known."""
_EXTERNAL_KEYS = ("location", "offset", "length", "checksum", "basepath")

BITS: Mapping[str, int] = MappingProxyType(
    {
        **{"FLOAT": 32, "DOUBLE": 64, "FLOAT16": 16, "BFLOAT16": 16, "BOOL": 8},
        **{f"{sign}INT{bits}": bits for sign in ("", "U") for bits in (2, 4, 8, 16, 32, 64)},
        **{"FLOAT8E4M3FN": 8, "FLOAT8E4M3FNUZ": 8, "FLOAT8E5M2": 8, "FLOAT8E5M2FNUZ": 8, "FLOAT8E8M0": 8},
        **{"FLOAT6E2M3": 6, "FLOAT6E3M2": 6, "FLOAT4E2M1": 4},
    }
)
"""Bits of one entry of the types that are read; texts and complex numbers are only listed."""


def load(path: Path, handle: int) -> "ModelProto":
    """The model in an open file; CheckpointError where there is none, MissingExtra without the package."""
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


def tensors_of(path: Path, flow: Dataflow) -> "dict[str, TensorProto]":
    """Every tensor by its name; CheckpointError for names and shapes that no tensor can have."""
    for name, rule in flow.refused:
        raise refused(path, rule, name)
    found = {name: flow.tensors[key] for key, name in flow.names.items()}
    for name, tensor in found.items():
        check_tensor(path, name, tuple(tensor.dims))
    return found


def info_of(path: Path, name: str, tensor: "TensorProto") -> TensorInfo:
    """What is said of a tensor; CheckpointError where its bytes are not as many as its shape takes."""
    from onnx import TensorProto

    try:
        dtype = TensorProto.DataType.Name(tensor.data_type)
    except ValueError as error:
        raise refused(path, f"no type has the number {tensor.data_type}", name) from error
    shape = tuple(tensor.dims)
    if dtype not in BITS:
        return TensorInfo(name, dtype, shape, tensor.ByteSize())
    nbytes = -(-BITS[dtype] * math.prod(shape) // 8)
    if not is_external(tensor) and tensor.HasField("raw_data") and len(tensor.raw_data) != nbytes:
        raise refused(path, f"{dtype} of shape {shape} takes {nbytes} bytes, got {len(tensor.raw_data)}", name)
    return TensorInfo(name, dtype, shape, nbytes)


def entries_of(path: Path, info: TensorInfo, tensor: "TensorProto") -> NDArray[Any]:
    """The entries of a tensor, floats as float32 or float64, integers of less than a byte as int8 or uint8."""
    from onnx import numpy_helper

    if info.dtype not in BITS:
        raise refused(path, f"dtype {info.dtype} cannot be read; readable are {', '.join(BITS)}", info.name)
    try:
        values = numpy_helper.to_array(_alone(tensor, info.nbytes), os.fspath(path.parent))
        if info.dtype.startswith(("FLOAT", "BFLOAT")):
            with np.errstate(invalid="ignore"):
                values = values.astype(np.float32)
        if BITS[info.dtype] < 8 and "INT" in info.dtype:
            values = values.astype(np.uint8 if info.dtype.startswith("U") else np.int8)
        return widen(values.reshape(info.shape)).copy()
    except MemoryError:
        raise
    except Exception as error:  # the package promises no set of exceptions
        raise refused(path, plain(str(error)), info.name) from error


def raw_of(path: Path, info: TensorInfo, tensor: "TensorProto") -> bytes:
    """The bytes of the entries of a tensor in external data."""
    from onnx.external_data_helper import load_external_data_for_tensor

    try:
        alone = _alone(tensor, info.nbytes)
        load_external_data_for_tensor(alone, os.fspath(path.parent))
    except MemoryError:
        raise
    except Exception as error:  # the package promises no set of exceptions
        raise refused(path, plain(str(error)), info.name) from error
    if len(alone.raw_data) != info.nbytes:
        raise refused(path, f"{info.nbytes} bytes are needed, there are {len(alone.raw_data)}", info.name)
    return bytes(alone.raw_data)


def is_external(tensor: "TensorProto") -> bool:
    """Whether the entries lie in another file."""
    from onnx import TensorProto

    return tensor.data_location == TensorProto.EXTERNAL


def external_files(path: Path, tensors: "Mapping[str, TensorProto]") -> tuple[Path, ...]:
    """The files of external data, each below the folder of the model and each named in plain words."""
    found: dict[Path, None] = {}
    for name, tensor in tensors.items():
        if not is_external(tensor):
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

    if not is_external(tensor):
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
