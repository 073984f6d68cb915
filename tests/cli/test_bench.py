import json

import pytest

from sqtheory.bench import CASES, Operation, measure
from sqtheory.cli import main


def test_every_case_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--size", "8000", "--rounds", "1", "--json"]) in (0, 1)
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "sqtheory.bench/1" and found["size"] == 8192 and found["rounds"] == 1
    assert [case["name"] for case in found["cases"]] == list(CASES)
    for case in found["cases"]:
        assert case["low"] <= case["ratio"] <= case["high"] and case["nanoseconds"] > 0 and case["naive"] > 0
        assert case["held"] == (case["goal"] is None or case["ratio"] <= case["goal"])
    mx = next(case for case in found["cases"] if case["name"] == "mxfp8")
    assert {name.split()[0] for name in mx["peers"]} == {"ml_dtypes", "gfloat"}


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


def test_peers_give_the_same_images() -> None:
    import numpy as np

    from sqtheory.alphabet.quantizers import mxfp
    from sqtheory.bench.peers import ELEMENTS, peers

    x = np.random.default_rng(0).standard_normal((4, 64), np.float32)
    for name, element in ELEMENTS.items():
        images = [prepare(x)() for _, prepare in peers(name)]
        assert len(images) == 2 and all(np.array_equal(image, mxfp(element)(x)) for image in images)
    assert list(peers("2:4")) == []


def test_nothing_to_measure_is_refused() -> None:
    with pytest.raises(ValueError, match="needed a case"):
        measure([])
