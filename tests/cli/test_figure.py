from pathlib import Path

import numpy as np
import pytest

from sqtheory.cli import main
from sqtheory.figures.catalogue import BY_NAME


def test_alone_it_lists_the_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["figure"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == list(BY_NAME)


def test_a_figure_is_written_with_data_caption_and_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["figure", "block", "gain_curve", "--out", str(tmp_path), "--format", "svg,png", "--style", "single"]
    assert main(command) == 0
    names = {f"{name}.{kind}" for name in ("block", "gain_curve") for kind in ("svg", "png", "csv", "txt")}
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(made) == names
    caption, line = made["block.txt"].decode().strip().split("\n\n")
    assert caption.startswith("Geometry of one block")
    again = tmp_path / "again"
    assert line.startswith("sqtheory figure block ")
    assert main([*line.split()[1:], "--out", str(again), "--format", "svg,png"]) == 0
    assert all(path.read_bytes() == made[path.name] for path in again.iterdir())
    assert main(command) == 0
    capsys.readouterr()


def test_a_file_that_differs_is_not_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "block.png").write_bytes(b"mine")
    command = ["figure", "block", "--out", str(tmp_path), "--format", "png"]
    assert main(command) == 2 and "pass --force" in capsys.readouterr().err
    assert (tmp_path / "block.png").read_bytes() == b"mine"
    assert main([*command, "--force"]) == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["blok"], "did you mean block?"),
        (["block", "--style", "poster"], "known are single, double, slide"),
    ],
)
def test_what_does_not_exist_is_refused(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["figure", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_kind_of_file_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["figure", "block", "--format", "jpg"])
    assert "not 'jpg'" in capsys.readouterr().err


def test_of_all_what_cannot_be_drawn_is_left_out_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "w.npy"
    np.save(path, np.random.default_rng(0).standard_normal((8, 256)).astype(np.float32))
    assert main(["figure", "all", "--model", str(path), "--out", str(tmp_path / "out"), "--format", "svg"]) == 1
    complaints = capsys.readouterr().err.splitlines()
    assert [line.split(" of ")[0] for line in complaints] == [
        f"sqtheory: left out: figure {name}" for name in ("depth", "threshold", "layer_error")
    ]
    assert len(list((tmp_path / "out").glob("*.svg"))) == len(BY_NAME) - 3
