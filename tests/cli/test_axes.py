"""The axis that a layer sums over, in every verb that looks at the tensors of a file."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from sqtheory.cli import main
from sqtheory.files.statistics import write_statistics
from tests.files.views.checkpoints import LAYERS, save

KERNEL, EXPERTS = "axis 1 as [out, kh·kw·in] 16×72", "axis 1 as [expert, out, in] 4×64×48"


def printed(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> str:
    assert main(list(words)) == status
    return capsys.readouterr().out


@pytest.mark.parametrize("verb", ["order", "inspect", "predict", "report", "apply"])
def test_the_axis_is_in_every_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str) -> None:
    source = str(save(tmp_path))
    asked = [] if verb == "inspect" else ["--mask", "2:4", "--format", "int4:b32"]
    page = tmp_path / "page.html"
    more = {"report": ["-o", str(page), "--no-prediction"], "apply": [str(tmp_path / "out.safetensors")]}.get(verb, [])
    text = printed(capsys, verb, source, *more, *asked)
    text = page.read_text() if verb == "report" else text
    assert KERNEL in text and EXPERTS in text
    if verb not in ("report", "apply"):
        content = json.loads(printed(capsys, verb, source, *asked, "--json"))
        axes = content.get("axes") or {t["name"]: t["axis"] for t in content["tensors"] if "axis" in t}
        assert axes["conv.weight"] == KERNEL and "l.weight" not in axes and len(axes) == 5


@pytest.mark.parametrize("verb", ["order", "inspect", "predict"])
def test_nothing_is_said_of_axes_where_all_are_plain(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    source = str(save(tmp_path, {"l.weight": (16, 32), "m.weight": (8, 8)}))
    asked = [] if verb == "inspect" else ["--mask", "2:4", "--format", "int4"]
    for form in ([], ["--json"]):
        assert "axis" not in printed(capsys, verb, source, *asked, *form).replace('"axis":', "!")


def test_a_line_for_each_expert(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = str(save(tmp_path))
    content = json.loads(
        printed(capsys, "order", source, "--mask", "50%", "--format", "nvfp4", "--experts", "--json", "--sort", "worst")
    )
    names = {t["name"] for t in content["tensors"]}
    assert {f"m.experts.down_proj[{e}]" for e in range(4)} <= names and len(names) == 12


def test_experts_have_scales_and_budgets_of_their_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x = np.random.default_rng(0).normal(size=(3, 32, 64)).astype(np.float32)
    x[1] *= np.float32(1e-6)
    save_file({"m.experts.down_proj": x}, tmp_path / "a.safetensors")
    out = str(tmp_path / "out.safetensors")
    printed(capsys, "apply", str(tmp_path / "a.safetensors"), out, "--mask", "50%", "--format", "nvfp4")
    y = load_file(out)["m.experts.down_proj"]
    assert [int(np.count_nonzero(y[e])) for e in range(3)] == [1024] * 3
    errors = [float(np.linalg.norm(x[e] - y[e]) / np.linalg.norm(x[e])) for e in range(3)]
    assert max(errors) / min(errors) < 1.1


def test_what_is_assumed_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = str(save(tmp_path, {"m.experts.gate_up_proj": (4, 64, 96), "m.experts.down_proj": (4, 96, 64)}))
    assert main(["order", source, "--mask", "2:4", "--format", "mxfp4"]) == 0
    said = capsys.readouterr()
    assert "[expert, out?, in?] 4×64×96" in said.out and "--axis NAME=1 says the other" in said.err


@pytest.mark.parametrize(
    ("axis", "status", "said"),
    [
        ("7", 3, "--axis 7: axis 7 does not exist in a tensor of shape (16, 8, 3, 3)"),
        ("l.weight=2", 3, "tensor 'l.weight': --axis l.weight=2: axis 2 does not exist in a tensor of shape (64, 32)"),
        ("none=0", 3, "no tensor is called 'none'"),
        ("l.weight=x", 2, "axes are numbers from 0 on"),
    ],
)
@pytest.mark.parametrize("verb", ["order", "inspect", "predict"])
def test_a_wrong_axis_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str, axis: str, status: int, said: str
) -> None:
    asked = [] if verb == "inspect" else ["--mask", "2:4", "--format", "int4"]
    assert main([verb, str(save(tmp_path)), *asked, "--axis", axis]) == status
    assert said in capsys.readouterr().err


def test_statistics_are_of_the_inputs_of_matrices(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, known = str(save(tmp_path)), tmp_path / "statistics.safetensors"
    inputs = {"conv.weight": 72, "h.attn.c_attn.weight": 32, "h.attn.c_proj.weight": 32, "l.weight": 32}
    inputs |= {"m.experts.down_proj": 48, "m.experts.gate_up_proj": 64, "m.experts.gate_up_proj[2]": 64}
    rng = np.random.default_rng(0)
    write_statistics(known, {name: rng.random(n) for name, n in inputs.items()}, {}, {})
    asked = ["--mask", "nm(2, 4, score=wanda)", "--format", "int4:b32", "--statistics", str(known)]
    content = json.loads(printed(capsys, "order", source, *asked, "--json"))
    assert len(content["tensors"]) == len(LAYERS)
    out = str(tmp_path / "out.safetensors")
    printed(capsys, "apply", source, out, *asked)
    del inputs["m.experts.down_proj"], inputs["m.experts.gate_up_proj[2]"]
    inputs |= {f"m.experts.down_proj[{e}]": 48 for e in range(4)}
    write_statistics(known, {name: rng.random(n) for name, n in inputs.items()}, {}, {}, force=True)
    printed(capsys, "apply", source, out, *asked, "--force")
    assert "verified" in printed(capsys, "verify", out, "--against", source, "--statistics", str(known))


def test_statistics_of_another_axis_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, known = str(save(tmp_path, {"conv.weight": (16, 8, 3, 3)})), tmp_path / "statistics.safetensors"
    write_statistics(known, {"conv.weight": np.ones(3)}, {}, {})
    asked = ["--mask", "nm(2, 4, score=wanda)", "--format", "int4", "--statistics", str(known)]
    assert main(["order", source, *asked]) == 3
    assert "3 inputs of tensor 'conv.weight', whose shape is (16, 72)" in capsys.readouterr().err


def test_an_expert_with_nan_leaves_the_whole_tensor_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x = np.random.default_rng(0).normal(size=(3, 32, 64)).astype(np.float32)
    x[1, 2, 3] = np.nan
    save_file({"m.experts.down_proj": x, "l.weight": x[0]}, tmp_path / "a.safetensors")
    source, asked = str(tmp_path / "a.safetensors"), ["--mask", "2:4", "--format", "mxfp4", "--json"]
    assert main(["order", source, *asked]) == 3
    assert "tensor 'm.experts.down_proj[1]'" in capsys.readouterr().err
    content = json.loads(printed(capsys, "order", source, *asked, "--keep-going", status=1))
    assert [t["name"] for t in content["tensors"]] == ["l.weight"]
    assert [t["name"] for t in content["skipped"]] == ["m.experts.down_proj"]
    assert content["parameters"] == {"compared": 2048, "of": 4 * 2048}


def test_blocks_of_one_entry_are_no_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = str(save(tmp_path, {"odd": (16, 8, 1), "l.weight": (16, 8)}))
    text = printed(capsys, "order", source, "--mask", "50%", "--format", "int(4, per=row)")
    assert "Left alone: odd (does not fit int(4, per=row): every block has one entry: the format does" in text
    assert " 0.0000" not in text


@pytest.mark.parametrize("shape", [(576, 2048), (192, 320)])
def test_short_tiles_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str], shape: tuple[int, int]) -> None:
    source = str(save(tmp_path, {"l.weight": shape}))
    text = printed(capsys, "order", source, "--mask", "2:4", "--format", "int(8, tile=(128, 128))")
    rows, columns = (-(-n // 128) for n in shape)
    short = rows * columns - (shape[0] // 128) * (shape[1] // 128)
    assert f"scale blocks shorter than the rest: {short}." in text


def test_gate_and_up_keep_their_own_global_scales(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x = np.random.default_rng(0).uniform(-1, 1, size=(2, 32, 64)).astype(np.float32)
    save_file({"e.w1.weight": x[0], "e.w3.weight": x[1] * 1000}, tmp_path / "a.safetensors")
    source, packed, plain, out = (str(tmp_path / f"{name}.safetensors") for name in ("a", "packed", "plain", "out"))
    printed(capsys, "apply", source, packed, "--format", "nvfp4", "--pack")
    printed(capsys, "apply", source, plain, "--format", "nvfp4")
    printed(capsys, "unpack", packed, out)
    for name, wanted in load_file(plain).items():
        assert np.array_equal(load_file(out)[name], wanted)
        assert 0.05 < np.linalg.norm(load_file(source)[name] - wanted) / np.linalg.norm(wanted) < 0.15


def test_a_share_is_pruned_of_every_expert(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, page = str(save(tmp_path, {"m.experts.down_proj": (4, 3, 5)})), tmp_path / "page.html"
    asked = ["--mask", "50%", "--format", "int4"]
    said = "Pruned: asked 50%, reached 46.6667% (28 of 60 entries; kept counts round up)."
    assert said in printed(capsys, "order", source, *asked)
    assert said in printed(capsys, "apply", source, str(tmp_path / "out.safetensors"), *asked)
    printed(capsys, "report", source, *asked, "-o", str(page), "--no-prediction")
    assert said in page.read_text()
    assert np.count_nonzero(load_file(tmp_path / "out.safetensors")["m.experts.down_proj"] == 0) == 28


def test_blocks_of_gpt_oss_lie_along_the_axis_that_is_reduced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng, prefix = np.random.default_rng(0), "model.layers.0.mlp.experts."
    arrays = {}
    for name, rows in (("gate_up_proj", 128), ("down_proj", 64)):
        arrays[f"{prefix}{name}_blocks"] = rng.integers(0, 256, (2, rows, 2, 16), dtype=np.uint8)
        arrays[f"{prefix}{name}_scales"] = rng.integers(118, 123, (2, rows, 2), dtype=np.uint8)
    save_file(arrays, tmp_path / "model.safetensors")
    said = {"model_type": "gpt_oss", "hidden_size": 64, "quantization_config": {"quant_method": "mxfp4"}}
    (tmp_path / "config.json").write_text(json.dumps(said))
    content = json.loads(
        printed(capsys, "order", str(tmp_path), "--mask", "2:4", "--format", "mxfp4", "--experts", "--json")
    )
    assert [t["errors"]["q"] for t in content["tensors"]] == [0.0] * 4
    assert {t["axis"] for t in content["tensors"]} == {
        "axis 1 as [expert, out, in] 2×128×64",
        "axis 1 as [expert, out, in] 2×64×64",
    }
