"""The layout of compressed-tensors, read back by its own words, and by the package where that is installed."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import sqtheory as sq
from sqtheory.cli import main
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.files.code_layout import CodeLayout
from sqtheory.files.packing import FOLDERS, ModuleCheckpoint, pack_image, unpack
from sqtheory.files.packing.compressed_tensors import compressed
from tests.twins.packing import fields_of

FORMATS = {
    "int4:b32": "pack-quantized",
    "int8:b16": "pack-quantized",
    "int(3, block=8)": "pack-quantized",
    "int(4, per=row)": "pack-quantized",
    "int(8, per=tensor)": "pack-quantized",
    "affine(4, block=32)": "pack-quantized",
    "affine(3, per=row, range=own)": "pack-quantized",
    "affine(8, block=48, stored=float16)": "pack-quantized",
    "affine(5, per=tensor)": "pack-quantized",
    "mxfp4": "mxfp4-pack-quantized",
    "nvfp4": "nvfp4-pack-quantized",
}
MASKS = (None, "2:4")
E2M1 = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    tensors = {f"model.layers.{i}.proj.weight": rng.normal(size=(24, 96)) * 2.0 ** (-5 * i) for i in range(3)}
    tensors["model.layers.1.proj.weight"][3] = 0
    tensors |= {"lm_head.weight": np.ones((4, 96)), "model.norm.weight": np.arange(96.0)}
    folder = tmp_path / "model"
    folder.mkdir()
    save_file({k: v.astype(np.float32) for k, v in tensors.items()}, folder / "model.safetensors", {"format": "pt"})
    (folder / "config.json").write_text(json.dumps({"model_type": "llama", "hidden_size": 96}))
    return folder


def written(model: Path, out: Path, fmt: str, mask: str | None, *more: str) -> int:
    masked = () if mask is None else ("--mask", mask)
    words = (str(model / "model.safetensors"), str(out), "--layout", "compressed-tensors")
    return main(["pack", *words, "--format", fmt, *masked, *more])


def by_the_words(arrays: dict[str, Any], weights: dict[str, Any]) -> np.ndarray:
    """A weight from the arrays of its module, entry by entry."""
    packed, scale, k = arrays["weight_packed"], arrays["weight_scale"], weights["num_bits"]
    if weights["type"] == "int":
        rows, columns = arrays["weight_shape"].tolist()
        words = packed.view(np.uint8).reshape(rows, -1)
        codes = np.array([fields_of(row, k, columns) for row in words]) - 2 ** (k - 1)
        if not weights["symmetric"]:
            zero = arrays["weight_zero_point"]
            if weights["strategy"] != "tensor":  # fields of whole columns, the rows of the weight from the lowest on
                columns = [np.ascontiguousarray(column).view(np.uint8) for column in zero.T]
                zero = np.array([fields_of(column, k, rows) for column in columns]).T - 2 ** (k - 1)
            codes = codes - (
                np.repeat(zero, weights["group_size"] or codes.shape[1], axis=1) if zero.ndim > 1 else zero
            )
        if weights["strategy"] == "group":
            scale = np.repeat(scale, weights["group_size"], axis=1)
        return codes.astype(np.float32) * scale
    codes = np.stack([packed & 15, packed >> 4], axis=-1).reshape(len(packed), -1)
    values = np.array([*E2M1, *(-v for v in E2M1)], np.float32)[codes]
    if weights["strategy"] == "group":
        sigma = np.ldexp(np.float32(1), scale.astype(int) - 127)
    else:
        sigma = scale.view(ml_dtypes.float8_e4m3fn).astype(np.float32) / arrays["weight_global_scale"]
    return (values * np.repeat(sigma, weights["group_size"], axis=1)).astype(ml_dtypes.bfloat16).astype(np.float32)


def arrays_of(file: Path) -> dict[str, np.ndarray]:
    """All tensors, E4M3 ones as their codes."""
    raw = file.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    kinds = {"I8": "i1", "I32": "<i4", "I64": "<i8", "F32": "<f4", "U8": "u1", "F8_E4M3": "u1"}
    found = {}
    for name, entry in json.loads(raw[8 : 8 + length]).items():
        if name != "__metadata__":
            begin, end = (8 + length + at for at in entry["data_offsets"])
            found[name] = np.frombuffer(raw[begin:end], kinds[entry["dtype"]]).reshape(entry["shape"])
    return found


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("mask", MASKS)
def test_the_words_of_the_layout_give_our_values(model: Path, tmp_path: Path, fmt: str, mask: str | None) -> None:
    out = tmp_path / "out"
    assert written(model, out, fmt, mask) == 0
    config = json.loads((out / "config.json").read_text())
    assert config["hidden_size"] == 96 and config["quantization_config"]["format"] == FORMATS[fmt]
    assert config["quantization_config"]["ignore"] == ["lm_head"]
    weights = config["quantization_config"]["config_groups"]["group_0"]["weights"]
    f = sq.parse(fmt if mask is None else f"{mask} >> {fmt}")
    x, held = load_file(model / "model.safetensors"), arrays_of(out / "model.safetensors")
    for i in range(3):
        module = f"model.layers.{i}.proj"
        arrays = {name.removeprefix(f"{module}."): held.pop(name) for name in [*held] if name.startswith(module)}
        ours = f(x[f"{module}.weight"])
        if weights["type"] == "float":
            ours = ours.astype(ml_dtypes.bfloat16).astype(np.float32)
        assert weights["symmetric"] == ("affine" not in fmt) and ("weight_zero_point" in arrays) == ("affine" in fmt)
        assert by_the_words(arrays, weights).tobytes() == ours.tobytes()
    assert {name: a.tobytes() for name, a in held.items()} == {name: x[name].tobytes() for name in held}
    assert sorted(held) == ["lm_head.weight", "model.norm.weight"]


def test_bits_are_stated(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert written(model, tmp_path / "out", "int4:b32", "2:4") == 0
    said = capsys.readouterr().out
    assert "3 tensors, 6912 entries: 5 bits an entry by theorem storage, 5.05556 in the file" in said  # + two int64


def test_a_matrix_as_wide_as_a_block_has_a_group_of_its_own(model: Path, tmp_path: Path) -> None:
    file, narrow = model / "model.safetensors", np.random.default_rng(1).normal(size=(3, 32)).astype(np.float32)
    save_file({**load_file(file), "model.narrow.weight": narrow}, file)
    assert written(model, tmp_path / "out", "int4:b32", None) == 0
    config = json.loads((tmp_path / "out" / "config.json").read_text())["quantization_config"]
    groups = [config["config_groups"][f"group_{i}"] for i in range(2)]
    layers = [f"model.layers.{i}.proj" for i in range(3)]
    assert [group["targets"] for group in groups] == [layers, ["model.narrow"]]
    assert [group["weights"]["strategy"] for group in groups] == ["group", "channel"]
    arrays = {
        name.removeprefix("model.narrow."): array
        for name, array in arrays_of(tmp_path / "out" / "model.safetensors").items()
    }
    assert by_the_words(arrays, groups[1]["weights"]).tobytes() == sq.parse("int4:b32")(narrow).tobytes()
    decompress(model, tmp_path / "out", "int4:b32")


REFUSED = {
    "blocks that do not divide": ("int(4, block=5)", (), "blocks that divide a row"),
    "columns": ("int(4, per=column)", (), "blocks that divide a row"),
    "a format it lacks": ("hbfp6:b32", (), "has int2 to int8"),
    "wide integers": ("int(12, block=32)", (), "has int2 to int8"),
    "narrow": ("mxfp4", ("--targets", "model.narrow.weight"), "has int2 to int8"),
    "real offsets": ("Q4_1", (), "with integer zero points or without"),
    "wide codes": ("affine(9, block=32)", (), "has int2 to int8"),
    "no weight": ("int4:b32", ("--targets", "re:.*norm.*"), "lays out float32 matrices, got F32 of shape (96,)"),
}


@pytest.mark.parametrize(("fmt", "more", "rule"), REFUSED.values(), ids=REFUSED)
def test_what_the_layout_lacks_is_refused(
    model: Path, tmp_path: Path, fmt: str, more: tuple[str, ...], rule: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = model / "model.safetensors"
    save_file({**load_file(file), "model.narrow.weight": np.ones((3, 16), np.float32)}, file)
    assert written(model, tmp_path / "out", fmt, None, *more) == 3
    said = capsys.readouterr().err
    assert rule in said and said.count("\n") == 1 and "tensor 'model." in said
    assert not (tmp_path / "out").exists() or not [*(tmp_path / "out").iterdir()]


def test_folders_are_safe(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert written(model, model, "int4:b32", None, "--force") == 2 and written(model, out, "int4:b32", None) == 0
    assert written(model, out, "int4:b32", None) == 2 and written(model, out, "int4:b32", None, "--force") == 0
    assert written(out, tmp_path / "again", "int4:b32", None) == 0
    said = capsys.readouterr().err.splitlines()
    assert ["folder of the input" in said[0], "--force" in said[1], "Quantized in the source" in said[2]] == [True] * 3


@pytest.mark.parametrize("fmt", FORMATS)
def test_what_is_packed_is_read_as_values_and_packed_again_to_the_same_codes(
    model: Path, tmp_path: Path, fmt: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out, again = tmp_path / "out", tmp_path / "again"
    assert written(model, out, fmt, None) == 0
    with (
        ModuleCheckpoint(out, FOLDERS[CodeLayout.compressed_tensors]) as ours,
        open_checkpoint(out / "model.safetensors") as read,
    ):
        for info in ours.tensors:
            assert read.read(info.name).tobytes() == ours.read(info.name).tobytes()
            assert read.info(info.name).quantized == ("layers" in info.name and "proj" in info.name)
    if "int" in fmt or fmt == "mxfp4":  # of NVFP4 the values are rounded to bfloat16, and not on its grid
        assert written(out, again, fmt, None) == 0
        with (
            ModuleCheckpoint(out, FOLDERS[CodeLayout.compressed_tensors]) as first,
            ModuleCheckpoint(again, FOLDERS[CodeLayout.compressed_tensors]) as second,
        ):
            assert all(first.read(i.name).tobytes() == second.read(i.name).tobytes() for i in first.tensors)
    config = json.loads((out / "config.json").read_text())
    config["quantization_config"]["config_groups"]["group_0"]["format"] = "marlin-24"
    (out / "config.json").write_text(json.dumps(config))
    assert written(out, tmp_path / "third", fmt, None) == 3
    assert "marlin-24" in capsys.readouterr().err


def test_values_that_would_come_back_as_others_are_refused() -> None:
    x = np.full((1, 32), np.finfo(np.float32).max)
    packed = pack_image(x, sq.parse("nvfp4"))
    assert np.isfinite(unpack(packed)).all()
    with pytest.raises(ValueError, match="would be decompressed as inf"):
        compressed(packed)


PACKAGE = """
import json, sys
from pathlib import Path
import torch
from compressed_tensors.entrypoints.convert.converters import CompressedTensorsDequantizer
from safetensors.torch import load_file, save_file

folder = Path(sys.argv[1])
dequantizer = CompressedTensorsDequantizer(folder, dtype=torch.float32)
tensors = dequantizer.validate(load_file(folder / "model.safetensors"))
save_file(tensors, folder / "decompressed.safetensors")
"""


def decompress(model: Path, out: Path, f: str) -> None:
    """Hold what the package decompresses, where it is installed, against f, in the precision that it works in."""
    if find_spec("compressed_tensors") is None:
        return
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    subprocess.run([sys.executable, "-c", PACKAGE, str(out)], check=True, env=environment)
    x, theirs = load_file(model / "model.safetensors"), load_file(out / "decompressed.safetensors")
    assert set(theirs) == set(x)
    for name, values in x.items():
        ours = sq.parse(f)(values) if "layers" in name or "narrow" in name else values
        if "fp4" in f:
            ours = ours.astype(ml_dtypes.bfloat16).astype(np.float32)
        assert theirs[name].tobytes() == ours.tobytes(), name


@pytest.mark.skipif(find_spec("compressed_tensors") is None, reason="needs the extra interop")
@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("mask", MASKS)
def test_the_package_decompresses_to_our_values(model: Path, tmp_path: Path, fmt: str, mask: str | None) -> None:
    """In its own precision: float32 for integers, bfloat16 for the other formats."""
    assert written(model, tmp_path / "out", fmt, mask) == 0
    decompress(model, tmp_path / "out", fmt if mask is None else f"{mask} >> {fmt}")
