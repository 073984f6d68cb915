"""Files of torchao: the metadata say what each tensor is, and what is not there or not read is refused by name."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open

from sqtheory.files.checkpoints import open_checkpoint
from tests.files.codecs.handmade import Tensor, loaded, refusal, write

HERE = Path(__file__).parent / "reference" / "torchao" / "model.safetensors"


def stored() -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors of the file that the package wrote, and what its metadata say."""
    tensors, metadata = loaded(HERE)
    return tensors, {key: json.loads(value) for key, value in metadata.items()}


def written(path: Path, tensors: dict[str, Tensor], metadata: dict[str, Any]) -> Path:
    return write(path, tensors, metadata={key: json.dumps(value) for key, value in metadata.items()})


def test_the_scheme_of_each_class_is_named() -> None:
    with open_checkpoint(HERE) as checkpoint:
        schemes = {info.name.partition(".")[0]: info.dtype for info in checkpoint.tensors}
    assert schemes == {
        **{"float8": "FP8 E4M3 per 1×all", "int8": "INT8", "int8_half": "INT8", "intx": "INT8", "mxfp4": "MXFP4"},
        **{"mxfp8": "MXFP8 E4M3", "mx_rows": "MXFP8 E4M3", "norm": "F32"},
        **dict.fromkeys(("nvfp4", "nv_rows", "tall"), "NVFP4"),
    }


def test_scales_that_are_swizzled_are_not_in_the_order_of_the_file() -> None:
    """Read row by row, the values would be others."""
    with open_checkpoint(HERE) as checkpoint, safe_open(HERE, "np") as plain:
        values = checkpoint.read("tall.weight")
        assert plain.get_slice("tall._weight_scale").get_shape() == [64, 16]
    assert values.shape == (130, 16) and np.isfinite(values).all()


FAULTS: dict[str, tuple[dict[str, Tensor | None], dict[str, Any], tuple[str, ...]]] = {
    "no scales": ({"int8._weight_scale": None}, {}, ("'int8.weight'", "its scale", "not there")),
    "no codes": ({"nvfp4._weight_qdata": None}, {}, ("'nvfp4.weight'", "its qdata", "not there")),
    "scales as rows": (
        {},
        {"mxfp8.weight": {"is_swizzled_scales": False}},
        ("'mxfp8.weight'", "'mxfp8._weight_scale'", "(32, 16)"),
    ),
    "a class": ({}, {"int8.weight": {"_type": "Int4Tensor"}}, ("'int8.weight'", "Int4Tensor")),
    "a type": ({}, {"int8.weight": {"dtype": {"_data": "float64"}}}, ("'int8.weight'", "float64")),
    "blocks": ({}, {"int8.weight": {"block_size": [1, 48]}}, ("'int8.weight'", "(1, 48)")),
    "a block": ({}, {"nvfp4.weight": {"block_size": "16"}}, ("'nvfp4.weight'", "'16'")),
    "codes": ({}, {"mxfp8.weight": {"elem_dtype": "fp6_e2m3"}}, ("'mxfp8.weight'", "fp6_e2m3")),
    "no list": ({}, {"tensor_names": {"a": 1}}, ("no list of names",)),
    "nothing said": ({}, {"tensor_names": ["norm.weight"]}, ("_weight_qdata'", "no metadata")),
}


@pytest.mark.parametrize(("change", "said", "named"), FAULTS.values(), ids=FAULTS)
def test_what_does_not_fit_is_refused_by_name(
    tmp_path: Path, change: dict[str, Tensor | None], said: dict[str, Any], named: tuple[str, ...]
) -> None:
    tensors, metadata = stored()
    kept = {name: tensor for name, tensor in {**tensors, **change}.items() if tensor is not None}
    for name, fields in said.items():
        if name == "tensor_names":
            metadata[name] = fields
        else:
            data = {**metadata[name]["_data"], **{key: value for key, value in fields.items() if key != "_type"}}
            metadata[name] = {**metadata[name], "_data": data, "_type": fields.get("_type", metadata[name]["_type"])}
    message = refusal(written(tmp_path / "m.safetensors", kept, metadata))
    assert all(name in message for name in named), message


def test_a_scale_that_is_nan_is_refused_naming_its_parts(tmp_path: Path) -> None:
    tensors, metadata = stored()
    dtype, shape, raw = tensors["mx_rows._weight_scale"]
    tensors["mx_rows._weight_scale"] = (dtype, shape, raw[:3] + b"\xff" + raw[4:])
    message = refusal(written(tmp_path / "m.safetensors", tensors, metadata), "mx_rows.weight")
    assert "(1, 1) is NaN" in message and "'mx_rows._weight_scale'" in message
