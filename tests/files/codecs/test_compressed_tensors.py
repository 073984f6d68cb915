"""The layouts of compressed-tensors: what the configuration says is obeyed, and what contradicts it is refused."""

import re
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import load_file

from sqtheory.files.bits import pack_bits
from sqtheory.files.checkpoints import open_checkpoint
from tests.files.codecs.handmade import Tensor, codes, f32, loaded, random_codes, refusal, values_of, write

CODES = np.random.default_rng(0).integers(-8, 8, (6, 64), np.int8)
SCALES = np.random.default_rng(1).random((6, 2), np.float32) + np.float32(0.1)
RAW = np.random.default_rng(2).integers(0, 256, (6, 32), np.uint8)
FINE = random_codes((6, 4), 3) & 0x7F


def words(integers: np.ndarray, k: int) -> Tensor:
    """Rows of fields of k bits, each row filled up to a word."""
    rows = np.zeros((len(integers), -(-integers.shape[1] * k // 32) * 4), np.uint8)
    for row, of in zip(rows, integers, strict=True):
        stream = pack_bits((of.astype(np.int16) + (1 << (k - 1))).astype(np.uint8), k)
        row[: stream.size] = stream
    return "I32", (len(rows), rows.shape[1] // 4), rows.tobytes()


def shape_of(*shape: int) -> Tensor:
    return "I64", (len(shape),), np.array(shape, "<i8").tobytes()


def config(layout: str = "pack-quantized", targets: tuple[str, ...] = ("Linear",), **weights: Any) -> dict[str, Any]:
    group = {"targets": [*targets], "weights": {"num_bits": 4, "type": "int", **weights}}
    return {"quant_method": "compressed-tensors", "format": layout, "config_groups": {"group_0": group}}


PACKED: dict[str, Tensor] = {
    "l.weight_packed": words(CODES, 4),
    "l.weight_scale": f32(SCALES),
    "l.weight_shape": shape_of(6, 64),
}
GROUPS = config(strategy="group", group_size=32)
NVFP4: dict[str, Tensor] = {
    "l.weight_packed": codes("U8", RAW),
    "l.weight_scale": codes("F8_E4M3", FINE),
    "l.weight_global_scale": f32([4.0]),
}
WHOLE: dict[str, Tensor] = {"l.weight": ("I8", CODES.shape, CODES.tobytes()), "l.weight_scale": f32(SCALES[:, :1])}


@pytest.mark.parametrize("said", [GROUPS, None])
def test_packed_integers_are_codes_times_scales(tmp_path: Path, said: dict[str, Any] | None) -> None:
    path = write(tmp_path / "m.safetensors", {**PACKED, "l.input_scale": f32(1.0)}, said)
    assert values_of(path).tobytes() == (CODES * np.repeat(SCALES, 32, 1)).astype(np.float32).tobytes()


@pytest.mark.parametrize("k", range(1, 9))
@pytest.mark.parametrize("columns", [33, 64])
def test_every_width_without_a_gap(tmp_path: Path, k: int, columns: int) -> None:
    integers = np.random.default_rng(k).integers(-(1 << (k - 1)), 1 << (k - 1), (5, columns), np.int16)
    tensors = {
        "l.weight_packed": words(integers, k),
        "l.weight_scale": f32([0.5]),
        "l.weight_shape": shape_of(5, columns),
    }
    for said in (config(strategy="tensor", num_bits=k), None):
        assert np.array_equal(values_of(write(tmp_path / "m.safetensors", tensors, said)), integers / 2)


def test_experts_in_one_tensor(tmp_path: Path) -> None:
    kind, shape, raw = words(CODES, 4)
    tensors = {
        "l.weight_packed": (kind, (2, 3, shape[1]), raw),
        "l.weight_scale": f32(SCALES.reshape(2, 3, 2)),
        "l.weight_shape": shape_of(2, 3, 64),
    }
    wanted = (CODES * np.repeat(SCALES, 32, 1)).astype(np.float32).reshape(2, 3, 64)
    assert values_of(write(tmp_path / "m.safetensors", tensors, GROUPS)).tobytes() == wanted.tobytes()


def test_the_scale_of_an_nvfp4_tensor_divides_here_and_multiplies_there(tmp_path: Path) -> None:
    """G of compressed-tensors is 1/g of ModelOpt; under the other's name it is refused, not taken for it."""
    theirs = {"l.weight": NVFP4["l.weight_packed"], "l.weight_scale": NVFP4["l.weight_scale"]}
    divided = values_of(write(tmp_path / "a.safetensors", NVFP4))
    multiplied = values_of(write(tmp_path / "b.safetensors", {**theirs, "l.weight_scale_2": f32(0.25)}))
    assert np.array_equal(divided, multiplied.astype(ml_dtypes.bfloat16).astype(np.float32))
    swapped = {"l.weight_packed": NVFP4["l.weight_packed"], "l.weight_scale": NVFP4["l.weight_scale"]}
    for name, tensors in {
        "l.weight_global_scale": {**swapped, "l.weight_scale_2": f32(0.25)},
        "l.weight_scale_2": {**theirs, "l.weight_global_scale": f32([4.0])},
    }.items():
        assert f"'{name}'" in refusal(write(tmp_path / "c.safetensors", tensors))


def test_layers_are_told_apart_by_name_pattern_and_class(tmp_path: Path) -> None:
    tensors = {
        f"{layer}.{part}": tensor
        for layer in ("a.up", "b.up")
        for part, tensor in (("weight_packed", PACKED["l.weight_packed"]), ("weight_shape", PACKED["l.weight_shape"]))
    }
    tensors |= {"a.up.weight_scale": f32(SCALES), "b.up.weight_scale": f32(SCALES[:, :1])}
    said = config(strategy="channel")
    named = {"targets": ["re:a[.].*"], "weights": {"num_bits": 4, "strategy": "group", "group_size": 32}}
    said["config_groups"]["group_1"] = named
    path = write(tmp_path / "m.safetensors", tensors, said)
    assert values_of(path, "a.up.weight").shape == values_of(path, "b.up.weight").shape == (6, 64)
    named["targets"] = ["re:b[.].*"]
    assert "'a.up.weight_packed'" in refusal(write(tmp_path / "m.safetensors", tensors, said))


def test_layers_of_classes_are_of_the_group_that_fits(tmp_path: Path) -> None:
    said = config(strategy="group", group_size=32)
    said["config_groups"]["group_1"] = {"targets": ["Embedding"], "weights": {"num_bits": 4, "strategy": "channel"}}
    tensors = {**PACKED, "l.weight_scale": f32(SCALES[:, :1])}
    assert values_of(write(tmp_path / "m.safetensors", tensors, said)).shape == (6, 64)


CONFIGS: dict[str, tuple[dict[str, Any], str]] = {
    "a format of its past": (config("marlin-24"), "'marlin-24' is not read"),
    "no format": ({**GROUPS, "format": None}, "no group of the quantization_config"),
    "a mixture that is not told": ({**GROUPS, "format": "mixed-precision"}, "no format of its own"),
    "a preset": ({**GROUPS, "config_groups": {"W4A16": ["Linear"]}}, "W4A16 of config_groups is a preset"),
    "no groups": ({**GROUPS, "config_groups": [1]}, "are JSON objects"),
    "no targets": ({**GROUPS, "config_groups": {"g": {"weights": {}}}}, "targets of g"),
    "pruned too": (
        {**GROUPS, "sparsity_config": {"format": "sparse-24-bitmask"}},
        "'sparse-24-bitmask' of its sparsity",
    ),
    "weights that are none": ({**GROUPS, "config_groups": {"g": {"targets": ["Linear"], "weights": 3}}}, "JSON object"),
    "nine bits": (config(num_bits=9, strategy="tensor"), "9 bits"),
    "a strategy": (config(strategy="token"), "'token'"),
    "no group size": (config(strategy="group"), "group_size None"),
    "no boxes": (config(strategy="block"), "block_structure"),
    "no pattern": (config(targets=("re:(",), strategy="tensor"), "no regular expression"),
    "another layer": (config(targets=("k",), strategy="group", group_size=32), "targets the layer"),
    "other groups": (config(strategy="group", group_size=16), "'l.weight_scale'"),
    "channels": (config(strategy="channel"), "'l.weight_scale'"),
    "one scale": (config(strategy="tensor"), "'l.weight_scale'"),
    "other bits": (config(num_bits=8, strategy="group", group_size=32), "'l.weight_shape'"),
    "floats": (config(type="float", strategy="group", group_size=32), "'l.weight_shape'"),
    "zero points": (config(strategy="group", group_size=32, symmetric=False), "'l.weight_zero_point' is not beside"),
}


@pytest.mark.parametrize(("said", "rule"), CONFIGS.values(), ids=CONFIGS)
def test_a_configuration_that_is_not_understood_or_not_true_is_refused(
    tmp_path: Path, said: dict[str, Any], rule: str
) -> None:
    message = refusal(write(tmp_path / "m.safetensors", PACKED, said))
    assert rule in message and "m.safetensors" in message


FAULTS: dict[str, tuple[dict[str, Tensor], dict[str, Tensor | None], tuple[str, ...]]] = {
    "no scales": (PACKED, {"l.weight_scale": None}, ("'l.weight_packed'", "'l.weight_scale'")),
    "no shape": (PACKED, {"l.weight_shape": None}, ("'l.weight_packed'", "'l.weight_shape'")),
    "no codes": (PACKED, {"l.weight_packed": None}, ("'l.weight_scale'",)),
    "another shape": (PACKED, {"l.weight_shape": shape_of(6, 72)}, ("'l.weight_packed'", "'l.weight_shape'")),
    "three numbers": (PACKED, {"l.weight_shape": shape_of(1, 6, 64)}, ("'l.weight_packed'", "'l.weight_shape'")),
    "a shape of none": (PACKED, {"l.weight_shape": shape_of(6, -64)}, ("'l.weight_shape'", "negative")),
    "no groups": (PACKED, {"l.weight_scale": f32(np.ones((6, 3)))}, ("'l.weight_packed'", "'l.weight_scale'")),
    "no scale at all": (PACKED, {"l.weight_scale": f32(np.ones((6, 0)))}, ("'l.weight_packed'", "'l.weight_scale'")),
    "a scalar": (WHOLE, {"l.weight": ("I8", (), b"1")}, ("'l.weight'", "scalar")),
    "one axis": (PACKED, {"l.weight_scale": f32(np.ones(6))}, ("'l.weight_packed'", "'l.weight_scale'")),
    "wide scales": (PACKED, {"l.weight_scale": ("F64", (6, 2), bytes(96))}, ("'l.weight_scale'", "F64")),
    "zero points": (PACKED, {"l.weight_zero_point": f32(SCALES)}, ("'l.weight_packed'", "'l.weight_zero_point'")),
    "few columns": (PACKED, {"l.weight_g_idx": shape_of(*range(32))}, ("'l.weight_packed'", "'l.weight_g_idx'")),
    "a dense weight too": (PACKED, {"l.weight": f32(SCALES)}, ("'l.weight'", "'l.weight_packed'")),
    "no divisor": (NVFP4, {"l.weight_global_scale": None}, ("'l.weight_packed'", "'l.weight_global_scale'")),
    "divisors": (NVFP4, {"l.weight_global_scale": f32([1, 2])}, ("'l.weight_packed'", "'l.weight_global_scale'")),
    "few scales": (NVFP4, {"l.weight_scale": codes("F8_E4M3", FINE[:, 1:])}, ("'l.weight_packed'", "'l.weight_scale'")),
    "exponents": (NVFP4, {"l.weight_scale": codes("U8", FINE)}, ("'l.weight_packed'", "'l.weight_scale'")),
}


@pytest.mark.parametrize(("tensors", "change", "named"), FAULTS.values(), ids=FAULTS)
def test_what_does_not_fit_is_refused_naming_both(
    tmp_path: Path, tensors: dict[str, Tensor], change: dict[str, Tensor | None], named: tuple[str, ...]
) -> None:
    changed = {name: tensor for name, tensor in {**tensors, **change}.items() if tensor is not None}
    message = refusal(write(tmp_path / "m.safetensors", changed))
    assert all(name in message for name in named), message


BEYOND = np.where(np.eye(6, 64) > 0, np.int8(9), CODES)
ENTRIES: dict[str, tuple[dict[str, Tensor], dict[str, Tensor], str]] = {
    "NaN": (PACKED, {"l.weight_scale": f32(np.where(np.eye(6, 2) > 0, np.nan, SCALES))}, "(0, 0) is nan"),
    "infinity": (NVFP4, {"l.weight_global_scale": f32([np.inf])}, "is inf"),
    "zero": (NVFP4, {"l.weight_global_scale": f32([0])}, "is 0.0"),
    "no divisor": (NVFP4, {"l.weight_global_scale": f32([np.nan])}, "is nan"),
    "a byte of NaN": (NVFP4, {"l.weight_scale": codes("F8_E4M3", np.full((6, 4), 0x7F))}, "(0, 0) is nan"),
    "too small a divisor": (NVFP4, {"l.weight_global_scale": f32([1e-40])}, "is inf"),
    "a ninth": (WHOLE, {"l.weight": ("I8", BEYOND.shape, BEYOND.tobytes())}, "the code 9 at (0, 0)"),
    "bits left over": (
        {**PACKED, "l.weight_shape": shape_of(6, 62), "l.weight_scale": f32([1.0])},
        {},
        "bits after 62 codes",
    ),
    "groups of other sizes": (PACKED, {"l.weight_g_idx": shape_of(*[0] * 33, *[1] * 31)}, "groups of columns"),
}


@pytest.mark.parametrize(("tensors", "change", "rule"), ENTRIES.values(), ids=ENTRIES)
def test_entries_that_are_none_are_refused_naming_all_parts(
    tmp_path: Path, tensors: dict[str, Tensor], change: dict[str, Tensor], rule: str
) -> None:
    said = config("naive-quantized", strategy="channel") if tensors is WHOLE else None
    message = refusal(write(tmp_path / "m.safetensors", {**tensors, **change}, said), "l.weight")
    assert rule in message and all(f"'{name}'" in message for name in tensors), message


def test_so_few_columns_that_the_bits_are_not_clear_need_a_configuration(tmp_path: Path) -> None:
    tensors = {"l.weight_packed": words(CODES[:, :20], 8), "l.weight_scale": f32([1.0])}
    tensors["l.weight_shape"] = shape_of(6, 20)
    assert "7 or 8 bits" in refusal(write(tmp_path / "m.safetensors", tensors))
    path = write(tmp_path / "m.safetensors", tensors, config(num_bits=8, strategy="tensor"))
    assert np.array_equal(values_of(path), CODES[:, :20])


def test_groups_that_were_never_filled_in_are_those_of_the_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "m.safetensors", {**PACKED, "l.weight_g_idx": shape_of(*[-1] * 64)})
    assert values_of(path).tobytes() == values_of(write(tmp_path / "n.safetensors", PACKED)).tobytes()


def test_names_and_shapes_tell_the_same_as_a_configuration(tmp_path: Path) -> None:
    """But for FP8, which is another layout then, and for so few columns that the bits are not clear."""
    here, unclear = Path(__file__).parent / "reference" / "compressed_tensors", re.compile("fp8_|int8_")
    tensors = {name: x for name, x in loaded(here / "model.safetensors")[0].items() if not unclear.search(name)}
    wanted = {name: x for name, x in load_file(here / "values.safetensors").items() if not unclear.search(name)}
    with open_checkpoint(write(tmp_path / "m.safetensors", tensors)) as checkpoint:
        assert {info.name for info in checkpoint.tensors} == set(wanted)
        assert all(checkpoint.read(name).tobytes() == x.tobytes() for name, x in wanted.items())
