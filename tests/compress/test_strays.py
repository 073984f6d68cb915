"""Safetensors files that no index has, beside a checkpoint that is compressed."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from sqtheory.cli import main

RNG = np.random.default_rng(0)
W, OTHER = (RNG.normal(size=(8, 16)).astype(np.float32) for _ in range(2))
ASKED = ("--mask", "2:4", "--format", "int4")
INDEX = {"weight_map": {"a.weight": "model-00001-of-00001.safetensors"}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    save_file({"a.weight": W}, folder / "model-00001-of-00001.safetensors")
    (folder / "model.safetensors.index.json").write_text(json.dumps(INDEX))
    save_file({"a.weight": W, "b.weight": OTHER}, folder / "model-nonquant.safetensors")
    save_file({"adapter.weight": OTHER}, folder / "adapter.safetensors")
    (folder / "pointer.safetensors").write_text("version https://git-lfs.github.com/spec/v1")
    (folder / "2_Dense").mkdir()
    save_file({"a.weight": OTHER}, folder / "2_Dense" / "model.safetensors")
    return folder


def test_a_stray_that_repeats_a_tensor_is_not_copied_and_the_others_are(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = folder.with_name("out")
    assert main(["apply", str(folder), str(out), *ASKED]) == 0
    said = capsys.readouterr()
    assert "because no index has them: model-nonquant.safetensors (it repeats 'a.weight')" in said.err
    assert "Copied: adapter.safetensors, pointer.safetensors, 2_Dense/model.safetensors" in said.out
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert names == {
        *("model-00001-of-00001.safetensors", "model.safetensors.index.json"),
        *("2_Dense/model.safetensors", "adapter.safetensors", "pointer.safetensors"),
    }
    copies = [load_file(path).get("a.weight") for path in out.glob("*.safetensors") if "pointer" not in path.name]
    [copy] = [values for values in copies if values is not None]
    assert copy.tobytes() != W.tobytes()
    report = json.loads(Path(f"{out}.sqtheory.json").read_text())
    assert "model-nonquant.safetensors" not in report["copied"]
    assert main(["verify", str(out)]) == main(["verify", str(out), "--against", str(folder)]) == 0


def test_a_folder_without_strays_says_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "model-nonquant.safetensors").unlink()
    assert main(["apply", str(folder), str(folder.with_name("out")), *ASKED]) == 0
    assert "copied to" not in capsys.readouterr().err


def test_a_folder_that_is_copied_over_says_it_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = folder.with_name("out")
    assert main(["apply", str(folder), str(out), *ASKED, "--dry-run"]) == 0 and not out.exists()
    assert "not copied to" in capsys.readouterr().err
    assert main(["apply", str(folder), str(out), *ASKED]) == 0
    assert main(["apply", str(folder), str(out), *ASKED, "--force"]) == 0
