"""How fast several workers are together, by each way to have them."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.quantizers import mxfp
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.exceptions import WorkerFailed
from sqtheory.execution import rates as module
from sqtheory.execution.costs import Rate
from sqtheory.execution.rates import rates
from sqtheory.execution.workers import Threads
from tests.execution.material import write
from tests.nightly import nightly

PIPELINE = (nm(2, 4), mxfp(E2M1))


def told(kind: str) -> Callable[..., float]:
    """Two threads take half of the time of one; nothing else gains."""
    return lambda path, s, q, count: 2 / count if kind == "threads" else 4.0


def test_speed_is_entries_over_the_time_of_all_workers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "WAYS", {kind: told(kind) for kind in module.WAYS})
    for found, kinds in ((object(), ["threads", "processes", "shared folder", "dask"]), (None, None)):
        monkeypatch.setattr(module, "find_spec", lambda name, found=found: found)
        steps = list(rates(tmp_path, *PIPELINE, 100, [1, 2]))
        reached = [step for step in steps if isinstance(step, Rate)]
        kinds = kinds or ["threads", "processes", "shared folder"]
        assert [(r.kind, r.workers) for r in reached] == [(kind, n) for n in (1, 2) for kind in kinds]
        assert steps[::2] == [f"{n} {kind}" for n in (1, 2) for kind in kinds]
        assert [r.speed for r in reached if r.kind == "threads"] == [50.0, 100.0]
        assert {r.speed for r in reached if r.kind != "threads"} == {25.0}


def test_runs_that_share_a_folder_begin_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "w.safetensors", 2, (8, 64))
    spans = module._share(path, *PIPELINE, tmp_path, 1, "numpy")
    assert len(spans) == module.TURNS and all(start < end for start, end in spans)
    for turn in range(module.TURNS):
        assert len(list((tmp_path / f"results-{turn}").glob("*/*.json"))) == 2, "nothing is there from the turn before"
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    with pytest.raises(WorkerFailed, match="of 2 runs that share a folder not all began"):
        module._share(path, *PIPELINE, tmp_path, 2, "numpy")


def test_the_time_of_a_shared_folder_is_that_of_its_shortest_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_share", _spans)
    assert module._folder(tmp_path, *PIPELINE, 1) == 7.0


def _spans(*asked: object) -> list[module.Span]:
    return [(1.0, 9.0), (11.0, 18.0)]


def test_the_least_time_of_workers_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readings = iter((0.0, 5.0, 10.0, 12.0, 20.0, 23.0))
    monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: next(readings)))
    assert module.together(write(tmp_path / "w.safetensors", 1, (8, 64)), *PIPELINE, Threads(1)) == 2.0


@nightly
def test_a_dask_cluster_of_this_machine_is_measured(tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="the package distributed is absent: pip install 'sqtheory[dask]'")
    assert module.WAYS["dask"](write(tmp_path / "w.safetensors", 4, (8, 64)), *PIPELINE, 2) > 0
