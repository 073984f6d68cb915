import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.quantizers import mxfp
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.cli import main, scaling
from sqtheory.execution import measure as measuring
from sqtheory.execution import rates
from sqtheory.execution.costs import Machine
from tests.execution.material import write
from tests.nightly import nightly

PIPELINE = (nm(2, 4), mxfp(E2M1))
QUICK = ("--exponents", "12,14", "--workers", "1", "--format", "int4:b32")


@pytest.fixture(scope="module")
def kept() -> dict[str, list[str | Machine]]:
    return {}


@pytest.fixture(autouse=True)
def measured_once(kept: dict[str, list[str | Machine]], monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test had measured is there for the next that asks for the same."""
    really = measuring.measure

    def measure(*asked: Any) -> list[str | Machine]:
        if repr(asked) not in kept:
            kept[repr(asked)] = list(really(*asked))
        return kept[repr(asked)]

    monkeypatch.setattr(measuring, "measure", measure)
    monkeypatch.delitem(rates.WAYS, "dask")  # a cluster takes seconds to start


def test_measured_numbers_are_those_of_real_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scaling", *QUICK, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "sqtheory.scaling/1" and found["format"] == "int(4, block=32)"
    samples = found["measured"]["samples"]
    assert [(s["entries"], s["block"]) for s in samples] == [
        *((4096, 32), (16384, 32), (4096, 16), (4096, 64), (4096, 128)),
    ]
    assert all(s["seconds"] > 0 and s["extra"] > 0 for s in samples)
    assert [(r["kind"], r["workers"]) for r in found["measured"]["rates"]] == [
        *(("threads", 1), ("processes", 1), ("shared folder", 1)),
    ]
    assert len(found["projected"]) == 9 and found["assumptions"] and found["measured"]["idle"] > 2**20


def test_tables_and_assumptions_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scaling", *QUICK, "--markdown", "--storage", "2.5"]) == 0
    text = capsys.readouterr().out
    assert "| 1 T | 64 | 64 |" in text and "| ns/entry |" in text and "at 2.5 GB/s" in text


@nightly
def test_memory_grows_with_the_tensor(tmp_path: Path) -> None:
    small, large = (measuring._afresh(write(tmp_path / f"{n}.safetensors", 1, (n, 1024)), *PIPELINE) for n in (8, 4096))
    assert large[2] - small[2] > 3 * 4088 * 1024, "most of the tensor in float32"


def test_the_time_is_the_median_of_what_the_clock_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readings = iter((0.0, 3.0, 10.0, 11.0, 20.0, 22.0))
    monkeypatch.setattr(measuring, "time", SimpleNamespace(perf_counter=lambda: next(readings)))
    assert measuring.one(write(tmp_path / "w.safetensors", 1, (8, 1024)), *PIPELINE, "numpy")[1] == 2.0


@pytest.mark.parametrize("wrong", ["12", "12,12", "9,12", "12,35", "12,x", ""])
def test_sizes_are_two_or_more(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["scaling", "--exponents", wrong])
    assert "two or more different numbers" in capsys.readouterr().err


def test_durations_have_units() -> None:
    assert [scaling._duration(t) for t in (0.5, 119, 120, 7200, 2e5)] == ["0.5 s", "119 s", "2 min", "2 h", "2.31 d"]
