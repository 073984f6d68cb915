import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sqtheory.bench import CASES, Bench, Build, BuildComparison, Line, Operation, measure
from sqtheory.cli import main


def test_every_case_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "kernels", "--size", "8000", "--rounds", "1", "--json"]) in (0, 1)
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "sqtheory.bench/1" and found["size"] == 8192 and found["rounds"] == 1
    assert [case["name"] for case in found["cases"]] == list(CASES)
    for case in found["cases"]:
        assert case["low"] <= case["ratio"] <= case["high"] and case["nanoseconds"] > 0 and case["naive"] > 0
        assert case["held"] == (case["goal"] is None or case["ratio"] <= case["goal"])
    mx = next(case for case in found["cases"] if case["name"] == "mxfp8")
    assert {name.split()[0] for name in mx["peers"]} >= {"ml_dtypes", "gfloat"}


def test_a_table_names_day_machine_and_versions(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "2:4", "--size", "4096", "--rounds", "2", "--markdown", "--engine", "numba"]) in (0, 1)
    out = capsys.readouterr().out
    assert "numpy" in out and "engine numba" in out and out.count("\n| 2:4 |") == 1 and "cores" in out


def test_a_missed_goal_is_a_failed_check(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for goal, status in ((0.0, 1), (1e9, 0)):
        monkeypatch.setitem(CASES, "2:4", Operation("2:4", CASES["2:4"].prepare, goal))
        assert main(["bench", "2:4", "--size", "4096", "--rounds", "1"]) == status
    assert main(["bench", "2:5"]) == 2
    assert "there is no case '2:5'" in capsys.readouterr().err


def test_the_table_of_whole_verbs_is_printed_and_missed_targets_are_a_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []

    def steps(self: Bench) -> Iterator[str | BuildComparison]:
        asked.append(self)
        yield "round 1"
        line = Line("apply", 3.0, "s", "order", 1.5, 2.0, old=6.0, old_ratio=2.0, of_old=target)
        here = ("2026-01-01", "a machine", "Python 3")
        yield BuildComparison((line,), ("torchao",), 4096, 1, "numpy", True, *here, 0.5)

    monkeypatch.setattr(Bench, "steps", steps)
    root = str(Path(__file__).parents[2])
    for target, status, verdict in ((0.5, 0, "met"), (0.4, 1, "missed")):
        assert main(["bench", "--only", "apply", "--old", root, "--rounds", "1", "--markdown"]) == status
        out = capsys.readouterr().out
        assert f"| apply | 3 s | 6 s | 0.5 | {target} | order | 1.5 | 2 | 2 | {verdict} |" in out
        assert "load 0.5" in out and "not installed, so not compared: torchao (extra peers)" in out
        assert main(["bench", "--workers", "4", "--size", "77", "--json"]) == status
        found = json.loads(capsys.readouterr().out)
        assert found["schema"] == "sqtheory.bench-builds/1" and found["lines"][0]["gain"] == 0.5
    assert (asked[0].only, asked[0].old, asked[0].rounds) == (("apply",), Build.at(Path(root)), 1)
    assert (asked[1].only, asked[1].old, asked[1].workers, asked[1].size) == ((), None, 4, 77)


def test_options_of_whole_verbs_are_for_them_alone(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for extra in (["--check"], ["2:4"]):
        assert main(["bench", *extra, "--only", "apply"]) == 2
        assert "--only is for the table of whole verbs" in capsys.readouterr().err
    assert main(["bench", "--old", str(tmp_path)]) == 2
    assert "holds no build of sqtheory" in capsys.readouterr().err


def test_nothing_to_measure_is_refused() -> None:
    with pytest.raises(ValueError, match="needed a case"):
        measure([])
