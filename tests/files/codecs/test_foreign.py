"""Files that packages wrote, and every code under every scale: the values are theirs, bit for bit."""

import hashlib
import json
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

from sqtheory.cli import main
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.files.views.view import View
from tests.files.codecs.exhaustive import CASES, CONFIGS, FORMATS
from tests.files.codecs.handmade import write

HERE = Path(__file__).parent / "reference"
DIGESTS: dict[str, dict[str, Any]] = json.loads((HERE / "digests.json").read_text())


@pytest.mark.parametrize("folder", ["compressed_tensors", "act_order"])
def test_a_file_of_compressed_tensors_gives_its_values(folder: str) -> None:
    wanted = load_file(HERE / folder / "values.safetensors")
    with open_checkpoint(HERE / folder / "model.safetensors") as checkpoint:
        assert {info.name: info.shape for info in checkpoint.tensors} == {n: x.shape for n, x in wanted.items()}
        for name, values in wanted.items():
            assert checkpoint.read(name).tobytes() == values.tobytes(), name


@pytest.mark.parametrize(
    "folder", [*(f"modelopt/{kind}" for kind in ("nvfp4", "w4a8_nvfp4_fp8", "int8", "mxfp4", "mxfp8")), "torchao"]
)
def test_a_checkpoint_of_modelopt_or_torchao_gives_its_values(folder: str) -> None:
    wanted = json.loads((HERE / folder / "values.json").read_text())
    with open_checkpoint(HERE / folder / "model.safetensors") as checkpoint:
        quantized = {info.name: info for info in checkpoint.tensors if info.quantized}
        assert set(quantized) == set(wanted)
        for name, said in wanted.items():
            values = checkpoint.read(name)
            assert list(quantized[name].shape) == said["shape"]
            assert hashlib.sha256(values.tobytes()).hexdigest() == said["sha256"], name


def test_experts_that_modelopt_transposes_are_in_the_axes_of_a_dense_checkpoint() -> None:
    """[E, in, out]: two codes of a byte are neighbours along the inputs, and so are the 16 under a scale."""
    with open_checkpoint(HERE / "modelopt" / "nvfp4" / "model.safetensors") as checkpoint:
        shapes = {info.name.rpartition(".")[-1]: info.shape for info in checkpoint.tensors if "experts" in info.name}
        views = {info.view for info in checkpoint.tensors if info.quantized and len(info.shape) == 3}
    assert shapes["gate_up_proj"] == (2, 32, 96) and shapes["down_proj"] == (2, 48, 32)
    assert views == {View.experts(inputs=1)}


@pytest.mark.parametrize("folder", ["modelopt/nvfp4", "compressed_tensors", "torchao"])
def test_what_is_applied_to_their_files_is_plain_and_verified(
    folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Values in F32 under the dense names; companions and what was said of them are gone."""
    source, out = tmp_path / "in", tmp_path / "out"
    copytree(HERE / folder, source, ignore=ignore_patterns("values.*"))
    assert main(["apply", str(source), str(out), "--mask", "50%", "--format", "int8"]) == 0
    assert main(["verify", str(out), "--against", str(source)]) == 0
    assert "every byte" in capsys.readouterr().out
    wanted = (HERE / folder / "values.json").exists() and json.loads((HERE / folder / "values.json").read_text())
    wanted = wanted or load_file(HERE / folder / "values.safetensors")
    assert not (out / "hf_quant_config.json").exists()
    assert not (out / "config.json").exists() or "quantization" not in (out / "config.json").read_text()
    with safe_open(out / "model.safetensors", "np") as file:
        held = set(file.keys())
        assert set(wanted) <= held and not any("scale" in name or "qdata" in name for name in held)
        assert not {"tensor_names", *held} & {*(file.metadata() or {})}


@pytest.mark.parametrize("case", CASES)
def test_every_code_and_every_scale_is_as_the_package_has_it(case: str, tmp_path: Path) -> None:
    config = None
    if case in CONFIGS:
        group = {"targets": ["Linear"], "weights": CONFIGS[case]}
        config = {"quant_method": "compressed-tensors", "format": FORMATS[case], "config_groups": {"group_0": group}}
    elif case.startswith("modelopt"):
        config = {"quant_method": "modelopt", "quant_algo": case.split()[1].upper()}
    tensors = {name: (dtype, array.shape, array.tobytes()) for name, (dtype, array) in CASES[case].items()}
    for at, said in enumerate((config, None)):
        if at and case in CONFIGS and not case.startswith("compressed_tensors n"):
            continue
        with open_checkpoint(write(tmp_path / str(at) / "m.safetensors", tensors, said)) as checkpoint:
            [info] = checkpoint.tensors
            values = checkpoint.read(info.name)
        assert list(info.shape) == DIGESTS[case]["shape"] == list(values.shape)
        assert hashlib.sha256(values.tobytes()).hexdigest() == DIGESTS[case]["sha256"]


def test_the_layouts_of_one_byte_differ_only_where_they_say() -> None:
    """MXFP8 beyond bfloat16: compressed-tensors rounds to it, transformers has the exact product."""
    assert DIGESTS["compressed_tensors mxfp8"]["dtype"] == "torch.bfloat16"
    assert DIGESTS["transformers mxfp8"]["sha256"] == DIGESTS["modelopt mxfp8"]["sha256"]
    assert np.float32(2.0**-9 * 2.0**-127) > 0
