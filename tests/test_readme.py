import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from sqtheory.cli import main
from sqtheory.theory.theorems import BY_SLUG
from tests.readme import GENERATED, README, regenerated


def test_generated_tables_are_current() -> None:
    text = README.read_text(encoding="utf-8")
    assert len(GENERATED.findall(text)) == 6
    assert regenerated(text) == text


def test_the_example_runs_as_printed() -> None:
    text = README.read_text(encoding="utf-8")
    [code] = re.findall(r"<!-- example -->\n```python\n(.*?)```", text, re.DOTALL)
    assert len(code.strip().splitlines()) == 10
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.startswith("[0. 2. 0. 7.]\n[2. 0. 0. 7.]\n")
    assert "Q→S" in run.stdout and "selection" in run.stdout


def test_what_is_compressed_verifies_as_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [lines] = re.findall(r"<!-- apply -->\n```sh\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    for line in lines.strip().splitlines():
        program, *arguments = shlex.split(line)
        assert program == "sqtheory" and main(arguments) == 0
    assert len(list(tmp_path.iterdir())) == 2


def test_exactly_two_command_lines_install() -> None:
    text = README.read_text(encoding="utf-8")
    assert [line.split("&& ")[-1] for line in text.splitlines() if line.startswith("python3 -m venv")] == [
        ".venv/bin/sqtheory demo",
        ".venv/bin/python -m pytest -n auto",
    ]


def test_every_linked_file_exists_and_every_theorem_is_listed() -> None:
    text = README.read_text(encoding="utf-8")
    linked = re.findall(r"\]\(([^)]+)\)", text)
    assert len(linked) > 10 and all((README.parent / path).is_file() for path in linked)
    listed = re.findall(
        r"^\| \[(\w+)\]\(sqtheory/theory/theorems/(\w+)\.py\).*\(proofs/(\w+)\.py\)", text, re.MULTILINE
    )
    assert listed == [(slug,) * 3 for slug in BY_SLUG]
