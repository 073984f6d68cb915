import json
import subprocess
import sys
from pathlib import Path

import pytest

from sqtheory.cli import main


def test_every_verb_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    for verb in ("demo", "order", "inspect", "formats", "masks"):
        with pytest.raises(SystemExit) as stop:
            main([verb, "--help"])
        assert stop.value.code == 0
        assert len(capsys.readouterr().out.splitlines()) > 8


def test_usage_errors_exit_two() -> None:
    for arguments in ([], ["nonsense"], ["order"], ["order", "zoo:vit-dense", "--norm", "0"]):
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        assert stop.value.code == 2


def test_one_format_prints_every_value(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["formats", "e2m1", "--json"]) == 0
    values = [float(v["value"]) for v in json.loads(capsys.readouterr().out)["values"]]
    positive = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0]
    assert values == [*(-v for v in reversed(positive)), *positive]
    assert main(["formats", "e2m2"]) == 2
    assert "did you mean" in capsys.readouterr().err


def test_tables_in_json_and_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["formats", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed["schema"] == "sqtheory.formats/1"
    limits = {f["format"]: f["max"] for f in listed["formats"]}
    assert limits["e4m3"] == "448" and limits["e2m1"] == "6" and limits["int8"] == "127"
    assert main(["masks", "--json"]) == 0
    kept = {m["written"]: m["kept"] for m in json.loads(capsys.readouterr().out)["masks"]}
    assert kept["2:4"] == "1/2" and kept["75%"] == "1/4"
    assert main(["masks"]) == 0 and "2:4" in capsys.readouterr().out


def test_inspect_counts_zeros_and_patterns(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "zoo:vit-s2of4", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    tensors = {t["name"]: t for t in listed["tensors"]}
    assert listed["schema"] == "sqtheory.inspect/1" and len(tensors) == 80
    weight = tensors["blocks.0.fc1.weight"]
    assert weight["zeros"] * 2 == weight["size"] and "2:4" in weight["patterns"] and weight["skipped"] is None
    assert tensors["head.weight"]["skipped"] == "head"
    assert main(["inspect", "zoo:vit-s2of4"]) == 0
    assert "80 tensors" in capsys.readouterr().out


def test_the_module_runs_and_a_closed_pipe_is_quiet() -> None:
    command = f"{sys.executable} -m sqtheory formats int16 | head -n 1"
    run = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["code", "value", "step"] and run.stderr == ""


def test_results_are_the_only_thing_on_stdout(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "sqtheory", "order", "zoo:vit-dense", "--mask", "2:4", "--format", "int4", "--json"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert json.loads(run.stdout)["schema"] == "sqtheory.order/1" and run.stderr == ""
    assert list(tmp_path.iterdir()) == []
