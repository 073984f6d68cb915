"""What ``inspect`` prints where there is nothing to measure."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from sqtheory.cli import main
from sqtheory.files.checkpoints import SafetensorsCheckpoint
from tests.files.codecs.handmade import codes, f32, write


def test_what_is_not_there_is_a_dash(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "w.npz"
    np.savez(path, empty=np.zeros((0, 4)), zero=np.zeros((4, 4)), nan=np.full((2, 2), np.nan), full=np.ones((2, 2)))
    assert main(["inspect", str(path)]) == 0
    lines = {line.split()[0]: line.split()[3:8] for line in capsys.readouterr().out.splitlines()}
    assert lines["empty"] == ["–", "–", "–", "–", "0"]
    assert lines["zero"] == ["100.00%", "–", "0", "–", "0"]
    assert lines["nan"] == ["0.00%", "–", "–", "–", "4"]
    assert lines["full"] == ["0.00%", "–", "1", "1", "0"]


def test_a_file_without_an_entry_has_no_share(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "w.npz"
    np.savez(path, empty=np.zeros((0, 4)))
    assert main(["inspect", str(path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 tensor, 0 values, – zeros"
    assert main(["apply", str(path), str(tmp_path / "o.npz"), "--mask", "50%", "--format", "int4", "--dry-run"]) == 0
    printed = capsys.readouterr().out
    assert "nan" not in printed and "inf" not in printed and "–  " in printed


def test_quantized_weights_are_shown_as_values(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = np.array([[0x38, 0x00, 0xB8, 0x00], [0x40, 0x80, 0x00, 0x38]], np.uint8)
    tensors = {
        "l.weight": codes("F8_E4M3", raw),
        "l.weight_scale": f32(0.5),
        "l.input_scale": f32(1),
        "n.bias": f32([1.0]),
    }
    path = write(tmp_path / "m.safetensors", tensors)
    assert main(["inspect", str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == "l.weight FP8 E4M3 per tensor 2×4 50.00% 2:4 1:2 1 0.5 0 yes".split()
    assert lines[-1] == (
        "Shown as values: 1 of FP8 E4M3 per tensor. Not shown, 2 tensors that only mean something beside codes: "
        "l.input_scale, l.weight_scale."
    )
    assert main(["inspect", str(path), "--json"]) == 0
    weight, bias = json.loads(capsys.readouterr().out)["tensors"]
    assert weight["stored"] == {"codes": "l.weight", "scales": "l.weight_scale"} and "stored" not in bias
    assert (weight["negative_zeros"], weight["zeros"], weight["absmax"]) == (1, 4, 1.0)


def test_the_header_is_listed_without_reading_an_entry(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "w.safetensors"
    save_file({"a.weight": np.zeros((4, 8), np.float16), "a.bias": np.zeros(4, np.float32)}, path)
    for method in ("_values", "slabs", "stored"):
        monkeypatch.delattr(SafetensorsCheckpoint, method)
    monkeypatch.setattr(SafetensorsCheckpoint, "__abstractmethods__", frozenset())
    assert main(["inspect", str(path), "--header"]) == 0
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert printed[0] == ["tensor", "dtype", "shape", "values", "bytes", "target"]
    assert printed[1][:5] == ["a.bias", "F32", "4", "4", "16"] and printed[2] == [
        "a.weight",
        "F16",
        "4×8",
        "32",
        "64",
        "yes",
    ]
    assert printed[-1] == ["2", "tensors,", "36", "values,", "80", "bytes"]
    assert main(["inspect", str(path), "--header", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["schema"] == "sqtheory.header/1" and said["tensors"][1] == {
        **{"name": "a.weight", "dtype": "F16", "shape": [4, 8], "size": 32, "nbytes": 64, "skipped": None}
    }
