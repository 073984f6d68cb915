"""Folders for GPTQ's and AWQ's packages: read back entry by entry, by our readers, and by gptqmodel where it is."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import sqtheory as sq
from sqtheory.cli import main
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.files.code_layout import CodeLayout
from sqtheory.files.packing import FOLDERS, ModuleCheckpoint
from tests.nightly import thin
from tests.twins.packing import fields_of

HALF = "stored=float16"
GPTQ = {
    f"affine(4, block=32, {HALF})": (4, 32, False),
    f"affine(2, block=96, {HALF})": (2, -1, False),
    f"affine(3, block=16, {HALF})": (3, 16, False),
    f"affine(5, block=48, {HALF})": (8, 48, False),
    f"affine(8, per=row, range=own, {HALF})": (8, -1, False),
    "affine(8, block=32, stored=bfloat16)": (8, 32, False),
    "int(4, block=32, scaling=stored(float16))": (4, 32, True),
    "int(8, per=tensor, scaling=stored(float16))": (8, -1, True),
    "int(7, per=row, scaling=stored(bfloat16))": (8, -1, True),
    "mxint8": (8, 32, True),
    "Q4_0": (4, 32, True),
}
"""Bits, group and symmetry in the config of a format."""
AWQ = [fmt for fmt, (bits, *_) in GPTQ.items() if bits == 4] + [f"affine(3, block=32, {HALF})"]
CASES = [("awq", fmt) for fmt in AWQ] + [(name, fmt) for name in ("gptq", "gptq_v2") for fmt in GPTQ]
FIRST = "model.layers.0.proj"
ORDER = (0, 2, 4, 6, 1, 3, 5, 7)
"""The outputs of a word of AWQ, from the lowest bits on (autoawq 0.2.9)."""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Two layers with entries of both signs in every eight, one that is left alone, and a head."""
    rng = np.random.default_rng(0)
    layers = rng.normal(size=(2, 32, 96))
    layers[:, :, ::8], layers[:, :, 1::8] = -3.5, 3.25
    tensors = {f"model.layers.{i}.proj.weight": layer * 2.0**-i for i, layer in enumerate(layers)}
    tensors |= {"model.gate.weight": rng.normal(size=(8, 96)), "lm_head.weight": np.ones((4, 96))}
    folder = tmp_path / "model"
    folder.mkdir()
    save_file({k: v.astype(np.float32) for k, v in tensors.items()}, folder / "model.safetensors", {"format": "pt"})
    (folder / "config.json").write_text(json.dumps({"model_type": "llama", "hidden_size": 96}))
    return folder


def written(model: Path, out: Path, layout: str, fmt: str, *more: str) -> int:
    words = (str(model / "model.safetensors"), str(out), "--layout", layout, "--format", fmt)
    return main(["pack", *words, "--targets", "re:.*proj.weight", *more])


def rounded(values: np.ndarray, fmt: str) -> np.ndarray:
    """In the type of the scales."""
    return sq.parse("cast(bfloat16)" if "bfloat16" in fmt else "cast(float16)")(values)


def by_the_words(arrays: dict[str, Any], layout: str, bits: int) -> np.ndarray:
    """A weight [out, in] from the arrays of its layer, with Python integers."""
    scales, words, zeros = (arrays[part] for part in ("scales", "qweight", "qzeros"))
    groups, outputs = scales.shape
    if layout == "awq":
        inputs = len(words)
        q, z = (np.empty((rows, outputs), int) for rows in (inputs, groups))
        for part, codes in ((words, q), (zeros, z)):
            for place in range(8):
                codes[:, ORDER[place] :: 8] = part >> (4 * place) & 15
        of = np.arange(inputs) // (inputs // groups)
    else:
        inputs = 32 * len(words) // bits
        q = np.array([fields_of(np.ascontiguousarray(row).view(np.uint8), bits, inputs) for row in words.T]).T
        z = np.array([fields_of(np.ascontiguousarray(row).view(np.uint8), bits, outputs) for row in zeros])
        z, of = z + (layout == "gptq"), arrays["g_idx"]
    return ((q - z[of]) * scales[of].astype(np.float64)).T


def arrays_of(file: Path) -> dict[str, np.ndarray]:
    """All tensors, BF16 as float32."""
    raw, kinds = file.read_bytes(), {"I32": "<i4", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
    length, found = int.from_bytes(raw[:8], "little"), {}
    for name, entry in json.loads(raw[8 : 8 + length]).items():
        if name != "__metadata__":
            begin, end = (8 + length + at for at in entry["data_offsets"])
            array = np.frombuffer(raw[begin:end], kinds[entry["dtype"]]).reshape(entry["shape"])
            wide = entry["dtype"] == "BF16"
            found[name] = (array.astype(np.uint32) << 16).view(np.float32) if wide else array
    return found


@thin(3)
@pytest.mark.parametrize(("layout", "fmt"), CASES)
@pytest.mark.parametrize("mask", [None, "2:4"])
def test_the_words_of_the_layout_give_our_values(
    model: Path, tmp_path: Path, layout: str, fmt: str, mask: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    out, masked = tmp_path / "out", () if mask is None else ("--mask", mask)
    assert written(model, out, layout, fmt, *masked) == 0
    assert main(["verify", str(out), "--against", str(model / "model.safetensors")]) == 0
    capsys.readouterr()
    config = json.loads((out / "config.json").read_text())
    assert config["hidden_size"] == 96
    said = config["quantization_config"]
    bits, group, symmetric = GPTQ.get(fmt, (4, 32, False))
    assert (said["quant_method"], said["bits"], said["group_size"]) == (layout.split("_")[0], bits, group)
    if layout == "awq":
        assert said["modules_to_not_convert"] == ["lm_head", "model.gate"] and said["zero_point"] is True
    else:
        assert said["checkpoint_format"] == layout and said["sym"] is symmetric and said["desc_act"] is False
        assert said["dynamic"] == {r"-:^model\.gate$": {}, "-:^lm_head$": {}}
    f = sq.parse(fmt if mask is None else f"{mask} >> {fmt}")
    x, held = load_file(model / "model.safetensors"), arrays_of(out / "model.safetensors")
    with (
        open_checkpoint(out / "model.safetensors") as read,
        ModuleCheckpoint(out, FOLDERS[CodeLayout(layout)]) as again,
    ):
        for i in range(2):
            layer = f"model.layers.{i}.proj"
            arrays = {name.removeprefix(f"{layer}."): held.pop(name) for name in [*held] if name.startswith(layer)}
            ours = rounded(f(x[f"{layer}.weight"]), fmt)
            assert np.array_equal(rounded(by_the_words(arrays, layout, bits).astype(np.float32), fmt), ours)
            assert np.array_equal(read.read(f"{layer}.weight"), ours)
            assert np.array_equal(again.read(f"{layer}.weight"), ours)
    assert {name: a.tobytes() for name, a in held.items()} == {name: x[name].tobytes() for name in held}
    assert sorted(held) == ["lm_head.weight", "model.gate.weight"]


def test_the_dense_values_of_a_folder_are_packed_again_to_the_same_codes(model: Path, tmp_path: Path) -> None:
    """Through another layout and back: of powers of two the values are exact, and so codes and scales are the same."""
    fmt, folders = "mxint(4, block=32)", [tmp_path / name for name in ("a", "b", "c")]
    before = model
    for folder, layout in zip(folders, ("gptq", "awq", "gptq"), strict=True):
        assert written(before, folder, layout, fmt) == 0
        before = folder
    first, _, last = (arrays_of(folder / "model.safetensors") for folder in folders)
    assert {name: a.tobytes() for name, a in first.items()} == {name: a.tobytes() for name, a in last.items()}


def shaped(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


ASYM = f"affine(4, block=32, {HALF})"
REFUSED: dict[str, tuple[str, np.ndarray, str, str]] = {
    "scales of 32 bits": ("gptq", shaped(32, 96), "affine(4, block=32)", "has scales in float16"),
    "outputs": ("gptq", shaped(12, 96), ASYM, "12 outputs of 4 bits are none"),
    "inputs": ("gptq", shaped(32, 36), f"affine(4, per=row, {HALF})", "36 inputs of 4 bits are none"),
    "inputs of 3 bits": ("gptq", shaped(32, 48), f"affine(3, per=row, {HALF})", "48 inputs of 3 bits are none"),
    "eights": ("awq", shaped(12, 96), ASYM, "12 are no multiple"),
    "groups": ("awq", shaped(32, 80), ASYM, "groups that divide a row or whole rows"),
    "bits of AWQ": ("awq", shaped(32, 96), f"affine(5, block=32, {HALF})", "has integers of 4 bits"),
    "bits of GPTQ": ("gptq", shaped(32, 96), f"affine(9, block=32, {HALF})", "has integers of 2, 3, 4, 8 bits"),
    "floats": ("gptq", shaped(32, 96), "mxfp4", "has integers of 2, 3, 4, 8 bits with integer zero points"),
    "real offsets": ("gptq_v2", shaped(32, 96), "Q4_1", "with integer zero points"),
    "a zero point 0": ("gptq", np.abs(shaped(32, 96)), ASYM, "stores z − 1 and has no zero point 0: gptq_v2 has"),
    "large": ("awq", shaped(32, 96) * np.float32(1e5), "int(4, block=32, scaling=stored(bfloat16))", ""),
    "beyond": ("gptq", shaped(32, 96) * np.float32(3e4), "int(8, block=32, scaling=stored(float16))", "range of F16"),
    "experts": ("gptq", shaped(2, 32, 96), ASYM, "GPTQ lays out"),
}


@pytest.mark.parametrize(("layout", "x", "fmt", "rule"), REFUSED.values(), ids=REFUSED)
def test_what_the_layout_lacks_is_refused_before_anything_is_written(
    tmp_path: Path, layout: str, x: np.ndarray, fmt: str, rule: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """``large`` is refused in none: bfloat16 has its range."""
    save_file({f"{FIRST}.weight": x}, tmp_path / "model.safetensors")
    status = written(tmp_path, tmp_path / "out", layout, fmt)
    said = capsys.readouterr().err
    assert (status == 0) == (not rule)
    if rule:
        assert status == 3 and rule in said and f"tensor '{FIRST}.weight'" in said and said.count("\n") == 1
        assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]


def test_two_schemes_in_a_file_are_refused(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(
        f'[[rule]]\ntargets = "{FIRST}.weight"\nformat = "{ASYM}"\n[[rule]]\nformat = "{ASYM.replace("32", "16")}"\n'
    )
    words = (str(model / "model.safetensors"), str(tmp_path / "out"), "--recipe", str(rules))
    for layout in ("gptq", "awq"):
        assert main(["pack", *words, "--layout", layout]) == 3
        said = capsys.readouterr().err
        assert "has one scheme in a file" in said and FIRST in said and said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_words_of_another_order_are_seen(model: Path, tmp_path: Path) -> None:
    """Broken writers: outputs in their natural order for AWQ, and zero points as they are for the first GPTQ."""
    from sqtheory.files.codecs.fields import as_words

    for layout, part in (("awq", "qweight"), ("gptq", "qzeros")):
        out = tmp_path / layout
        assert written(model, out, layout, ASYM) == 0
        arrays = {k: np.array(v) for k, v in arrays_of(out / "model.safetensors").items()}
        own = {name.removeprefix(f"{FIRST}."): a for name, a in arrays.items() if name.startswith(FIRST)}
        before = by_the_words(own, layout, 4)
        rows = own[part]
        fields = (rows[:, :, None] >> (4 * np.arange(8))) & 15
        turned = fields[..., ORDER] if layout == "awq" else (fields + 1) & 15
        own[part] = as_words(turned.reshape(len(rows), -1).astype(np.uint8), 4)
        assert not np.array_equal(by_the_words(own, layout, 4), before)


CLIENT = """
import json, sys
from pathlib import Path
import torch
from gptqmodel.nn_modules.qlinear.torch import TorchLinear
from gptqmodel.quantization import QuantizeConfig
from gptqmodel.quantization.awq.utils.packing_utils import dequantize_gemm
from gptqmodel.utils.model import convert_gptq_v1_to_v2_format_module
from safetensors.torch import load_file, save_file

for folder in map(Path, sys.argv[1:]):
    w, found = load_file(folder / "model.safetensors"), {}
    config = QuantizeConfig.from_pretrained(str(folder))
    said = json.loads((folder / "config.json").read_text())["quantization_config"]
    for name in [name.removesuffix(".qweight") for name in w if name.endswith(".qweight")]:
        own = {part: w[f"{name}.{part}"] for part in ("qweight", "qzeros", "scales")}
        if said["quant_method"] == "awq":
            side = len(own["qweight"]) // len(own["scales"])
            values = dequantize_gemm(own["qweight"], own["qzeros"], own["scales"], config.bits, side)
        else:
            assert config.dynamic_get("model.gate") is False and config.dynamic_get(name) is not False
            layer = TorchLinear(
                bits=config.bits, group_size=config.group_size, sym=config.sym, desc_act=config.desc_act,
                in_features=32 * len(own["qweight"]) // config.bits, out_features=own["qweight"].shape[1],
                bias=False, dtype=own["scales"].dtype,
            )
            for part, value in {**own, "g_idx": w[f"{name}.g_idx"]}.items():
                assert getattr(layer, part).shape == value.shape, (part, getattr(layer, part).shape, value.shape)
                setattr(layer, part, value)
            if said["checkpoint_format"] == "gptq":
                convert_gptq_v1_to_v2_format_module(layer, config.bits, torch.int32)
            layer.post_init()
            values = layer.dequantize_weight()
        found[f"{name}.weight"] = values.T.float().contiguous()
    save_file(found, folder / "read.safetensors")
"""


@pytest.mark.skipif(find_spec("gptqmodel") is None, reason="gptqmodel (extra interop) is not installed")
def test_gptqmodel_reads_our_values(model: Path, tmp_path: Path) -> None:
    """``dequantize_weight`` of its layer in torch, and ``dequantize_gemm``; it has no groups of 48 or 96."""
    folders = {}
    for layout, fmt in CASES:
        if not any(group in fmt for group in ("block=48", "block=96")):
            folders[tmp_path / str(len(folders))] = fmt
            assert written(model, list(folders)[-1], layout, fmt, "--mask", "2:4") == 0
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-c", CLIENT, *map(str, folders)]
    subprocess.run(command, check=True, env=environment, timeout=600)
    x = load_file(model / "model.safetensors")
    for folder, fmt in folders.items():
        theirs = load_file(folder / "read.safetensors")
        assert sorted(theirs) == [f"model.layers.{i}.proj.weight" for i in range(2)]
        for name, values in theirs.items():
            assert np.array_equal(values, rounded(sq.parse(f"2:4 >> {fmt}")(x[name]), fmt)), (folder, fmt, name)
