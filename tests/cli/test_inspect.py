"""What ``inspect`` prints where there is nothing to measure."""

from pathlib import Path

import numpy as np
import pytest

from sqtheory.cli import main


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
    assert capsys.readouterr().out.splitlines()[-1] == "1 tensors, 0 values, – zeros"
    assert main(["apply", str(path), str(tmp_path / "o.npz"), "--mask", "50%", "--format", "int4", "--dry-run"]) == 0
    printed = capsys.readouterr().out
    assert "nan" not in printed and "inf" not in printed and "–  " in printed
