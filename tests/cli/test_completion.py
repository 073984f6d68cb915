import os
import subprocess
import sys
from pathlib import Path

import pytest

from sqtheory.cli import main


def completed(line: str, folder: Path) -> set[str]:
    """What the shell is told of a line whose end is the cursor, in a folder, asked as argcomplete's script does."""
    answer = folder / ".answer"
    asked = {"_ARGCOMPLETE": "1", "_ARGCOMPLETE_IFS": "\n", "_ARGCOMPLETE_STDOUT_FILENAME": str(answer)}
    place = {"COMP_LINE": line, "COMP_POINT": str(len(line.encode()))}
    command = [sys.executable, "-m", "sqtheory"]
    run = subprocess.run(command, env=os.environ | asked | place, cwd=folder, capture_output=True, check=False)
    assert run.returncode == 0 and run.stdout == b""
    return {word.strip() for word in answer.read_text(encoding="utf-8").split("\n") if word.strip()}


def test_verbs_options_choices_and_files_are_completed(tmp_path: Path) -> None:
    pytest.importorskip("argcomplete", reason="pip install 'sqtheory[completion]' brings completion in the shell")
    (tmp_path / "model.npz").touch()
    assert completed("sqtheory ver", tmp_path) == {"verify"}
    assert {"--mask", "--markdown"} <= completed("sqtheory order model.npz --m", tmp_path)
    assert completed("sqtheory order model.npz --sort ", tmp_path) == {"file", "worst", "gap"}
    assert completed("sqtheory inspect mod", tmp_path) == {"model.npz"}


def test_a_shell_that_asks_without_the_package_is_told_what_brings_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_ARGCOMPLETE", "1")
    monkeypatch.setitem(sys.modules, "argcomplete", None)
    assert main(["formats"]) == 4
    assert "pip install 'sqtheory[completion]'" in capsys.readouterr().err
