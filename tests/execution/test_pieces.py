"""A sweep that cuts large tensors into pieces: the same rows and bytes, whoever counts them and in whatever order."""

import dataclasses
import random
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.kernels import engine
from sqtheory.alphabet.quantizers import int_, mxfp, nvfp4
from sqtheory.alphabet.sparsifiers import nm, top
from sqtheory.cli import main
from sqtheory.exceptions import CheckpointError, NonFinite, WorkerFailed
from sqtheory.execution import Sweep, jobs, sweep
from sqtheory.execution.assignment import bound
from sqtheory.execution.kept import Kept
from sqtheory.execution.parts import Part
from sqtheory.execution.workers import Processes, suited
from sqtheory.files.checkpoints import SafetensorsWriter, declare, open_checkpoint
from sqtheory.orders import fused, partial, pieces
from sqtheory.orders.grid import Row, tensor_rows
from tests.nightly import NIGHTLY

MASKS, FORMATS = [nm(2, 4), top(0.5)], [mxfp(E2M1), nvfp4(), int_(4, block=6)]
"""Some that are counted in pieces, and some for which the tensor is seen whole."""
SHAPE = (24, 192)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut small tensors too."""
    monkeypatch.setattr(fused, "LEAST", 1)
    for name in ("LEAST", "MOST"):
        monkeypatch.setattr(pieces, name, 700)


def written(path: Path, dtype: str = "F32", count: int = 2) -> Path:
    rng = np.random.default_rng(84)
    with SafetensorsWriter(path, [declare(f"{i}.weight", dtype, SHAPE) for i in range(count)]) as writer:
        for i in range(count):
            writer.write(f"{i}.weight", (rng.integers(-64, 65, SHAPE) / 8).astype(np.float32))
    return path


def expected(path: Path) -> list[list[Row]]:
    with open_checkpoint(path) as checkpoint:
        return [tensor_rows(i.name, checkpoint.read(i.name), MASKS, FORMATS) for i in checkpoint.tensors]


class Shuffled(Executor):
    """One thread that takes any of the tasks that wait; what it ran is in ``ran``."""

    def __init__(self, spoil: Callable[[Any], Any] = lambda answer: answer) -> None:
        self.ran: list[Any] = []
        self._random, self._waiting, self._spoil = random.Random(85), list[tuple[Any, ...]](), spoil
        self._came = threading.Semaphore(0)
        threading.Thread(target=self._run, daemon=True).start()

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        future: Future[Any] = Future()
        self._waiting.append((future, fn, args))
        self._came.release()
        return future

    def _run(self) -> None:
        while self._came.acquire():
            future, task, given = self._waiting.pop(self._random.randrange(len(self._waiting)))
            if not future.set_running_or_notify_cancel():
                continue
            self.ran.append(task.__self__)
            try:
                future.set_result(self._spoil(task(*given)))
            except Exception as error:
                future.set_exception(error)


def swept(path: Path, executor: Executor | None, ahead: int = 4, results: Path | None = None) -> list[list[Row]]:
    with open_checkpoint(path) as checkpoint:
        return list(
            Sweep(
                checkpoint, checkpoint.tensors, bound(MASKS, FORMATS), executor=executor, ahead=ahead, results=results
            )
        )


@pytest.mark.parametrize("dtype", ["F32", "F16", "BF16"])
@pytest.mark.parametrize("doubt", [1 << 48, 0])
def test_pieces_in_any_order_make_the_rows_of_the_whole(
    dtype: str, doubt: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partial, "DOUBT", doubt)
    path = written(tmp_path / "w.safetensors", dtype)
    assert swept(path, None) == expected(path)
    shuffled = Shuffled()
    assert swept(path, shuffled) == expected(path)
    parts = [one for one in shuffled.ran if isinstance(one, Part)]
    asked = {type(one.question).__name__ for one in parts}
    assert asked == {"PieceTop", "Counted"} | ({"Deciding"} if doubt == 0 else set())
    assert len({(one.what, one.cut) for one in parts}) == 14


@pytest.mark.parametrize("loops", ["numpy", "numba"])
@pytest.mark.parametrize("step", [700, 2000])
def test_every_crew_prints_the_same_bytes(
    loops: str, step: int, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "w.safetensors")
    monkeypatch.setattr(sys.modules[engine.__module__], "ENOUGH", 1)
    printed = set()
    for most, workers in ((1 << 22, "1"), (step, "1"), (step, "2"), (step, "3")):
        monkeypatch.setattr(pieces, "LEAST", most)
        monkeypatch.setattr(pieces, "MOST", most)
        asked = ("--mask", "2:4", "--mask", "50%", "--format", "mxfp4", "--format", "nvfp4", "--engine", loops)
        assert main(["order", str(path), *asked, "--executor", "threads", "--workers", workers, "--json"]) == 0
        printed.add(capsys.readouterr().out)
    assert len(printed) == 1


def test_processes_count_pieces_of_one_tensor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers have pieces of their own size, cut by whoever asks."""
    for name in ("LEAST", "MOST"):
        monkeypatch.setattr(pieces, name, 1 << 16)
    x = np.random.default_rng(86).normal(size=(1024, 192)).astype(np.float32)
    save_file({"w": x}, tmp_path / "w.safetensors")
    with open_checkpoint(tmp_path / "w.safetensors") as checkpoint, Processes(2).crew() as (pool, _):
        asked = (checkpoint, checkpoint.tensors, MASKS[:1], FORMATS[:2])
        assert list(sweep(*asked, executor=pool)) == [tensor_rows("w", x, *asked[2:])]


def test_a_broken_sum_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "w.safetensors")
    monkeypatch.setattr(jobs, "added", lambda found: pieces.added(found[1:]))
    assert swept(path, Shuffled()) != expected(path)


def test_results_of_pieces_are_found_again(tmp_path: Path) -> None:
    path, folder = written(tmp_path / "w.safetensors"), tmp_path / "r"
    assert swept(path, Shuffled(), results=folder) == expected(path)
    kept = {file: file.read_bytes() for file in folder.rglob("*.json")}
    assert len(kept) == 2
    again = Shuffled()
    assert swept(path, again, results=folder) == expected(path)
    assert not [one for one in again.ran if isinstance(one, Part) and type(one.question).__name__ != "Digest"]
    whole = tmp_path / "whole"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "LEAST", 1 << 22)
        patch.setattr(pieces, "MOST", 1 << 22)
        assert swept(path, None, results=whole) == expected(path)
    assert [file.relative_to(whole) for file in sorted(whole.rglob("*.json"))] == [
        file.relative_to(folder) for file in sorted(kept)
    ]


def test_a_number_that_is_none_is_named_by_its_place_in_the_tensor(tmp_path: Path) -> None:
    x = np.ones(SHAPE, np.float32)
    x[17, 5] = np.nan
    save_file({"0.weight": np.ones(SHAPE, np.float32), "1.weight": x}, tmp_path / "w.safetensors")
    for executor in (None, Shuffled()):
        with pytest.raises(NonFinite, match=r"w.safetensors: tensor '1.weight': nan at \(17, 5\)"):
            swept(tmp_path / "w.safetensors", executor)
    with open_checkpoint(tmp_path / "w.safetensors") as checkpoint:
        left = Sweep(
            *(checkpoint, checkpoint.tensors, bound(MASKS, FORMATS)), executor=Shuffled(), tolerates=lambda *_: True
        )
        assert [len(rows) for rows in left] == [6, 0] and left.computed == 1


def test_a_file_that_ends_early_is_refused_as_a_whole_tensor_is(tmp_path: Path) -> None:
    path = written(tmp_path / "w.safetensors", count=1)
    with open_checkpoint(path) as checkpoint, ThreadPoolExecutor(2) as pool:
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size - 40)
        with pytest.raises(CheckpointError, match=r"tensor '0.weight': the data end after \d+ of 18432 bytes"):
            list(sweep(checkpoint, checkpoint.tensors, MASKS, FORMATS, executor=pool))


def test_pieces_of_two_files_are_not_added(tmp_path: Path) -> None:
    """Another file under the same name, or a write to it: the tensor is counted at once, from one of them."""
    path, seen = written(tmp_path / "w.safetensors"), list[Any]()

    def other(answer: Any) -> Any:
        seen.append(answer)
        if getattr(answer, "signature", None) is None or len(seen) % 5:
            return answer
        return dataclasses.replace(answer, signature=dataclasses.replace(answer.signature, changed=1), found=None)

    assert swept(path, Shuffled(other)) == expected(path)


def test_a_worker_that_fails_on_a_piece_names_the_tensor(tmp_path: Path) -> None:
    def fails(answer: Any) -> Any:
        raise ZeroDivisionError("no such piece")

    path = written(tmp_path / "w.safetensors", count=1)
    with pytest.raises(WorkerFailed, match=r"w.safetensors: tensor '0.weight': ZeroDivisionError: no such piece"):
        swept(path, Shuffled(fails))


def test_threads_and_pieces(tmp_path: Path) -> None:
    path = written(tmp_path / "w.safetensors")
    with ThreadPoolExecutor(3) as pool:
        for ahead in (1, 6) if NIGHTLY else (6,):
            assert swept(path, pool, ahead) == expected(path)


def test_the_kind_of_workers_that_scales() -> None:
    kinds: Sequence[tuple[Any, int | None]] = [("numba", 4), ("numpy", None), ("numpy", 1), ("numpy", 2)]
    assert [suited(*kind) for kind in kinds] == ["threads", "threads", "threads", "processes"]


def test_a_checkpoint_is_kept_open_until_it_changes(tmp_path: Path) -> None:
    path, kept = written(tmp_path / "w.safetensors"), Kept()
    with kept.opened(path, ()) as first:
        assert len(first.tensors) == 2
    with kept.opened(path, ()) as again, kept.opened(path, ()) as other:
        assert again is first and other is not first, "one thread has it"
    written(tmp_path / "v.safetensors", count=1).replace(path)
    with kept.opened(path, ()) as new:
        assert len(new.tensors) == 1
    kept.close()
    with pytest.raises(ValueError, match="closed"):
        first.read("0.weight")
    with pytest.raises(ZeroDivisionError), kept.opened(path, ()) as spoiled:
        raise ZeroDivisionError
    with pytest.raises(ValueError, match="closed"):
        spoiled.read("0.weight")
