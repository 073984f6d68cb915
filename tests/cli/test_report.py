"""What ``report`` refuses, it refuses before the first tensor is compared."""

from pathlib import Path

import numpy as np
import pytest

from sqtheory import execution
from sqtheory.cli import main


def never(*given: object, **more: object) -> None:
    raise AssertionError("tensors are compared although it can be known that the page is refused")


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(execution, "sweep", never)
    path = tmp_path / "w.npz"
    np.savez(path, a=np.ones((4, 8)), b=np.full((4, 10), 1e6), c=np.array([[1.0, np.nan], [1, 1]]))
    return path


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["--mask", "50%", "--mask", "2:4", "--format", "int4", "--strict"],
            "tensor 'b': axis 1 of length 10 is not a whole",
        ),
        (
            ["--mask", "50%", "--format", "int(4, block=8, tail=error)", "--strict"],
            "tensor 'b': axis 1 of length 10 is not a",
        ),
        (["--mask", "50%", "--format", "int4"], "tensor 'c': nan at (0, 1)"),
        (["--mask", "50%", "--format", "cast(float16, saturate=false)", "--ignore", "c"], "makes inf of entry (0, 0)"),
        (["--mask", "50%", "--format", "int5x"], "unknown operator 'int5x'"),
        (["--mask", "nm(2, 4, axis=5)", "--format", "int4"], "axis 5 does not exist in a tensor of shape (4, 8)"),
    ],
)
def test_operators_that_some_tensor_refuses(
    words: list[str], said: str, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = model.with_name("page.html")
    assert main(["report", str(model), *words, "-o", str(out)]) in (2, 3)
    assert said in capsys.readouterr().err and not out.exists()


def test_a_page_that_cannot_be_written(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["report", str(model), "--mask", "50%", "--format", "int4", "--ignore", "c"]
    out = model.with_name("page.html")
    out.write_text("mine")
    assert main([*words, "-o", str(out)]) == 2 and "pass --force" in capsys.readouterr().err
    (model.parent / "folder").mkdir()
    assert main([*words, "--force", "-o", str(model.parent / "folder")]) == 2
    assert "is a folder: name a file for the page" in capsys.readouterr().err
    assert main([*words, "-o", str(out / "below")]) != 0 and out.read_text() == "mine"
