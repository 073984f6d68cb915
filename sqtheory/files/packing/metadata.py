"""What the metadata of a safetensors file say of the packed tensors in it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sqtheory.files.checkpoints.json_text import json_object
from sqtheory.files.checkpoints.tensors import TensorInfo, check_tensor, plain, refused
from sqtheory.files.packing.schema import Schema

KEY = "sqtheory.packed"
"""The key of the metadata whose value is JSON: ``{"schema": NAME, "tensors": {tensor: description}}``."""
NAME = "sqtheory.packed/1"
PARTS = ("codes", "scales", "offsets", "tensor_scale", "indices")
KINDS: Mapping[str, str] = {
    "|b1": "BOOL",
    "|i1": "I8",
    "|u1": "U8",
    **{f"<{kind}{n}": f"{kind.upper()}{8 * n}" for kind in "iuf" for n in (2, 4, 8)},
}
"""The types of stored arrays in the words of safetensors, by those of numpy."""


def packed_metadata(schemas: Mapping[str, Schema], metadata: Mapping[str, str]) -> dict[str, str]:
    """The metadata of a packed file: those that are given, and the schemas."""
    document = {"schema": NAME, "tensors": {name: schema.to_dict() for name, schema in schemas.items()}}
    return {**metadata, KEY: json.dumps(document, ensure_ascii=False, separators=(",", ":"))}


def schemas_of(path: Path, metadata: Mapping[str, str], held: Mapping[str, TensorInfo]) -> dict[str, Schema]:
    """The schemas of packed tensors in the metadata of a file; CheckpointError where its tensors do not fit them."""
    if KEY not in metadata:
        raise refused(path, f"no packed file: its metadata have no {KEY}")
    document = json_object(path, metadata[KEY].encode(), KEY)
    tensors = document.get("tensors")
    if document.get("schema") != NAME or not isinstance(tensors, dict):
        raise refused(path, f"{KEY} must hold the schema {NAME} and tensors")
    schemas = {}
    for name, content in tensors.items():
        check_tensor(path, name, ())
        if name in held:
            raise refused(path, "packed, and there as it is too", name)
        found = {part: held[f"{name}.{part}"] for part in PARTS if f"{name}.{part}" in held}
        try:
            schema = Schema.from_dict(content)
            schema.check({part: (_dtype(info), info.shape) for part, info in found.items()})
        except ValueError as error:
            raise refused(path, f"its schema is wrong: {plain(str(error))}", name) from error
        schemas[name] = schema
    return schemas


def _dtype(info: TensorInfo) -> np.dtype[Any]:
    code = next((code for code, kind in KINDS.items() if kind == info.dtype), None)
    if code is None:
        raise ValueError(f"{info.name} cannot be {info.dtype}")
    return np.dtype(code)
