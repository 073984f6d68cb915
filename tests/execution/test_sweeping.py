"""The same bytes whatever computes them; failures that name the tensor."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from sqtheory import wanda
from sqtheory.alphabet.kernels import ENGINES, engine
from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.operators import Operator
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.scores import Score
from sqtheory.alphabet.sparsifiers import Sparsifier, top
from sqtheory.arrays import Array
from sqtheory.cli import main
from sqtheory.exceptions import NonFinite, WorkerFailed
from sqtheory.execution import sweep
from sqtheory.execution.workers import Dask, Mpi, Processes, Threads, workers
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.orders.grid import tensor_rows
from tests.execution.material import FORMATS, GRID, MASKS, lines, operators, printed, serial, write
from tests.nightly import NIGHTLY, nightly


def test_every_number_of_threads_and_processes_prints_the_same_bytes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "w.safetensors", 9)
    alone, _ = printed(capsys, path)
    for arguments in (
        *(("--workers", n) for n in "124"),
        *(("--workers", n, "--executor", "processes") for n in ("124" if NIGHTLY else "2")),
        ("--workers", "2", "--results", str(tmp_path / "r")),
        ("--workers", "4", "--results", str(tmp_path / "r"), "--executor", "processes"),
    ):
        assert printed(capsys, path, *arguments)[0] == alone
    assert len(lines(tmp_path / "r")) == 9


@pytest.mark.parametrize("p", [0.5, 1.0, 3.0, np.inf])
def test_a_line_read_back_is_the_row_that_was_written(p: float, tmp_path: Path) -> None:
    path = write(tmp_path / "w.safetensors", 3)
    expected = serial(path, p)
    for found in (0, 3):
        with open_checkpoint(path) as checkpoint:
            swept = sweep(checkpoint, checkpoint.tensors, *operators(), p, results=tmp_path / "r")
            assert list(swept) == expected
            assert swept.found == found
    assert expected[0][0].to_dict() == serial(path, p)[0][0].to_dict()


class Backwards(Executor):
    """Computes the last task first, when the first result is asked for."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Any, ...]] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        future: Future[Any] = Future()
        self.waiting.append((future, fn, args))
        if len(self.waiting) == 5:
            for later, task, given in reversed(self.waiting):
                later.set_result(task(*given))
        return future


def test_rows_come_in_the_order_of_the_tensors(tmp_path: Path) -> None:
    path = write(tmp_path / "w.safetensors", 5)
    with open_checkpoint(path) as checkpoint:
        assert list(sweep(checkpoint, checkpoint.tensors, *operators(), executor=Backwards())) == serial(path)


def test_a_sweep_starts_over_when_it_is_iterated_again(tmp_path: Path) -> None:
    path = write(tmp_path / "w.safetensors", 2)
    with open_checkpoint(path) as checkpoint:
        swept = sweep(checkpoint, checkpoint.tensors, *operators())
        assert len(swept) == 2 and list(swept) == list(swept) == serial(path)


def test_a_tensor_draws_the_same_numbers_whatever_else_is_swept(tmp_path: Path) -> None:
    path = write(tmp_path / "w.safetensors", 5)
    with open_checkpoint(path) as checkpoint:
        assert list(sweep(checkpoint, checkpoint.tensors[3:], *operators())) == serial(path)[3:]
        assert list(sweep(checkpoint, checkpoint.tensors, *operators(seed=1))) != serial(path)


def test_two_sweeps_with_one_generator_draw_different_numbers(tmp_path: Path) -> None:
    path = write(tmp_path / "w.safetensors", 2)
    masks, formats = operators()
    with open_checkpoint(path) as checkpoint:
        first, second = (list(sweep(checkpoint, checkpoint.tensors, masks, formats)) for _ in range(2))
    assert first == serial(path) != second
    assert [row for group in first for row in group[:1]] == [row for group in second for row in group[:1]], "2:4, mxfp4"


def test_without_generators_a_sweep_is_tensor_rows(tmp_path: Path) -> None:
    path = write(tmp_path / "w.safetensors", 2)
    masks = [s for s in map(parse, ("2:4", "50%")) if isinstance(s, Sparsifier)]
    formats = [q for q in map(parse, ("mxfp4", "nvfp4")) if isinstance(q, Quantizer)]
    with open_checkpoint(path) as checkpoint:
        found = list(sweep(checkpoint, checkpoint.tensors, masks, formats))
        assert found == [tensor_rows(t.name, checkpoint.read(t.name), masks, formats) for t in checkpoint.tensors]


@dataclass(frozen=True)
class Fatal(Score):
    """Ends the process that ranks, or raises what no data can cause."""

    ends: bool

    def of(self, x: Array) -> Array:
        if self.ends:
            os._exit(9)
        raise ZeroDivisionError("no such score")


def failing(path: Path, score: Score, executor: Executor | None) -> None:
    with open_checkpoint(path) as checkpoint:
        int4 = parse("int4")
        assert isinstance(int4, Quantizer)
        list(sweep(checkpoint, checkpoint.tensors, [top(0.5, score=score)], [int4], executor=executor))


@pytest.mark.parametrize("executor", [None, ThreadPoolExecutor, ProcessPoolExecutor])
def test_what_a_worker_raises_names_the_tensor(executor: type[Executor] | None, tmp_path: Path) -> None:
    path = write(tmp_path / "w.safetensors", 1)
    message = r"w.safetensors: tensor 'layer.0.weight': ZeroDivisionError: no such score"
    channels = r"w.safetensors: tensor 'layer.0.weight': wanda has 8 input channels"
    pool = executor and (executor(1, get_context("spawn")) if executor is ProcessPoolExecutor else executor(1))
    try:
        with pytest.raises(WorkerFailed, match=message):
            failing(path, Fatal(ends=False), pool)
        with pytest.raises(ValueError, match=channels):
            failing(path, wanda(np.ones((2, 8))), pool)
    finally:
        if pool:
            pool.shutdown()


def test_a_worker_that_dies_names_the_tensors_it_may_have_had(tmp_path: Path) -> None:
    path = write(tmp_path / "w.safetensors", 2)
    with (
        ProcessPoolExecutor(1, get_context("spawn")) as pool,
        pytest.raises(WorkerFailed, match=r"a worker died; it had one of the tensors 'layer.0.weight', 'layer.1"),
    ):
        failing(path, Fatal(ends=True), pool)


class Gone(Executor):
    """Takes tasks and gives them up."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        future: Future[Any] = Future()
        future.cancel()
        future.set_running_or_notify_cancel()
        return future


def test_an_executor_that_gives_up_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "w.safetensors", 1)
    with pytest.raises(WorkerFailed, match=r"tensor 'layer.0.weight': CancelledError: its executor or scheduler is"):
        failing(path, Fatal(ends=True), Gone())


def test_an_executor_that_is_shut_down_is_named(tmp_path: Path) -> None:
    path, pool = write(tmp_path / "w.safetensors", 1), ThreadPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(WorkerFailed, match=r"tensor 'layer.0.weight': RuntimeError: cannot schedule new futures"):
        failing(path, Fatal(ends=True), pool)


def test_a_name_of_any_characters_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "w.npz"
    np.savez(path, **{"Σ\u2028 weight": np.ones((4, 128), np.float32)})
    for found in (0, 1):
        with open_checkpoint(path) as checkpoint:
            swept = sweep(checkpoint, checkpoint.tensors, *operators(), results=tmp_path / "r")
            assert list(swept) == serial(path) and swept.found == found


def test_a_worker_of_another_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "w.safetensors", 1)
    monkeypatch.setattr("sqtheory.execution.sweeping.program", lambda: "another")
    with ProcessPoolExecutor(1, get_context("spawn")) as pool, pytest.raises(WorkerFailed, match="another version"):
        failing(path, Fatal(ends=True), pool)


@pytest.mark.parametrize("threads", [1, 2])
def test_tasks_that_stay_here_do_not_ask_for_the_program(
    threads: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which would read every file of it."""
    path = write(tmp_path / "w.safetensors", 3)
    expected = serial(path)
    monkeypatch.setattr("sqtheory.execution.sweeping.program", lambda: pytest.fail("its files are read"))
    with open_checkpoint(path) as checkpoint, Threads(threads).crew() as (executor, _):
        assert list(sweep(checkpoint, checkpoint.tensors, *operators(), executor=executor)) == expected


def test_results_of_one_engine_are_those_of_another(tmp_path: Path) -> None:
    path = write(tmp_path / "w.safetensors", 2)
    found = []
    for name in ENGINES:
        with engine(name), open_checkpoint(path) as checkpoint:
            swept = sweep(checkpoint, checkpoint.tensors, *operators(), results=tmp_path / "r")
            found.append((list(swept), swept.computed))
    assert [computed for _, computed in found] == [2, 0, 0] and len({str(rows) for rows, _ in found}) == 1


class Nameless(Operator):
    """No dataclass."""

    traits = frozenset()

    def apply(self, x: Array, origin: Array) -> Array:
        return x

    def __str__(self) -> str:
        return "nameless"


def test_what_has_no_content_has_no_results(tmp_path: Path) -> None:
    path = write(tmp_path / "w.safetensors", 1)
    masks: Sequence[Any] = [Nameless()]
    with open_checkpoint(path) as checkpoint, pytest.raises(TypeError, match="nameless cannot be kept: Nameless is no"):
        sweep(checkpoint, checkpoint.tensors, masks, [], results=tmp_path)


def test_executors_are_spelled() -> None:
    assert workers("threads") == Threads(1) and workers("threads", 3) == Threads(3)
    assert workers("processes", 2) == Processes(2) and workers("mpi") == Mpi()
    assert workers("dask:tcp://host:8786") == Dask("tcp://host:8786")
    for text in ("dask", "dask:", "mpi:4", "ray", ""):
        with pytest.raises(ValueError, match="threads, processes, dask:ADDRESS or mpi, got"):
            workers(text)
    for text in ("mpi", "dask:here"):
        with pytest.raises(ValueError, match="leave --workers out"):
            workers(text, 2)


def test_one_thread_is_the_calling_one() -> None:
    with Threads(1).crew() as (executor, count):
        assert (executor, count) == (None, 1)


@pytest.mark.parametrize(
    ("package", "extra", "asked"), [("distributed", "dask", "dask:here"), ("mpi4py.futures", "mpi", "mpi")]
)
def test_an_absent_package_is_a_missing_extra(
    package: str,
    extra: str,
    asked: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    path = write(tmp_path / "w.safetensors", 1)
    assert main(["order", str(path), *GRID, "--executor", asked]) == 4
    [line] = capsys.readouterr().err.splitlines()
    assert f"pip install 'sqtheory[{extra}]'" in line


def test_ranks_of_an_mpi_job_print_the_same_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("mpi4py", reason="the package mpi4py is absent: pip install 'sqtheory[mpi]'")
    from shutil import which

    if not which("mpiexec"):
        pytest.skip("no mpiexec on this machine")
    path = write(tmp_path / "w.safetensors", 6)
    job = ("mpiexec", "-n", "3", sys.executable, "-m", "mpi4py.futures", "-m", "sqtheory")
    free = {
        "OMPI_MCA_rmaps_base_oversubscribe": "1",
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    }
    run = subprocess.run(
        [*job, "order", str(path), *GRID, "--json", "--executor", "mpi"],
        env=os.environ | free,
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    assert run.stdout == printed(capsys, path)[0]


def tiny(path: Path, count: int) -> Path:
    """A checkpoint of so many matrices of 8×8."""
    rng = np.random.default_rng(5)
    save_file({f"m.{i}.weight": rng.normal(size=(8, 8)).astype(np.float32) for i in range(count)}, path)
    return path


def order_of(path: Path) -> list[Any]:
    s, q = parse("2:4"), parse("int4")
    assert isinstance(s, Sparsifier) and isinstance(q, Quantizer)
    with open_checkpoint(path) as checkpoint:
        return list(sweep(checkpoint, checkpoint.tensors, [s], [q]))


def calls(path: Path) -> tuple[int, Counter[str]]:
    """Python functions that a sweep calls, all of them and by name."""
    names: Counter[str] = Counter()

    def count(frame: Any, event: str, argument: object) -> None:
        if event == "call":
            names[frame.f_code.co_qualname] += 1

    sys.setprofile(count)
    try:
        order_of(path)
    finally:
        sys.setprofile(None)
    return names.total(), names


def test_a_tiny_tensor_costs_few_calls(tmp_path: Path) -> None:
    """No clock: Python calls for each further tensor, and what is done once however many there are."""
    files = {count: tiny(tmp_path / f"{count}.safetensors", count) for count in (100, 200, 250)}
    order_of(files[100])
    (few, once), (more, again), (most, _) = (calls(path) for path in files.values())
    assert (more - few) / 100 < 120 and (most - more) / 50 < 120
    for name in ("Pair.on", "quantize", "SafetensorsCheckpoint.__init__", "Batch.on"):
        assert once[name] == again[name] > 0, name


@nightly
def test_tiny_tensors_have_the_rows_of_each_alone(tmp_path: Path) -> None:
    path, rng = tmp_path / "w.safetensors", np.random.default_rng(6)
    shapes = [(8, 8), (4, 4), (4, 4), (2, 4, 8), (16, 64), (8, 8), (8, 8), (1, 4)]
    tensors = {f"m.{i}.weight": rng.normal(size=shapes[i // 4]).astype(np.float32) for i in range(32)}
    tensors |= {f"m.{i}.weight": tensors[f"m.{i}.weight"].astype(np.float64) for i in range(5, 8)}
    save_file(tensors, path)
    masks, formats = [parse("2:4"), parse("50%")], [parse("int4"), parse("nvfp4")]
    for asked in ((masks, formats), (masks, [parse("int(4, scaling=mse)")])):
        with open_checkpoint(path) as checkpoint:
            expected = [tensor_rows(i.name, checkpoint.read(i.name), *asked) for i in checkpoint.tensors]  # type: ignore[arg-type]
            assert list(sweep(checkpoint, checkpoint.tensors, *asked)) == expected  # type: ignore[arg-type]
            with ThreadPoolExecutor(3) as pool:
                assert list(sweep(checkpoint, checkpoint.tensors, *asked, executor=pool)) == expected  # type: ignore[arg-type]


def test_one_of_many_tiny_tensors_is_refused_by_its_name(tmp_path: Path) -> None:
    path = tiny(tmp_path / "w.safetensors", 30)
    tensors = {f"m.{i}.weight": np.ones((8, 8), np.float32) for i in range(30)}
    tensors["m.17.weight"][3, 5] = np.inf
    save_file(tensors, path)
    with pytest.raises(NonFinite) as refused:
        order_of(path)
    said = f"{path}: tensor 'm.17.weight': inf at (3, 5), block (3, 0) of block=64: refused by nan=error"
    assert str(refused.value) == said


def test_a_sweep_tells_the_engine_what_is_to_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that loops are there for its first tensor; workers elsewhere see for themselves."""
    told: list[int] = []
    monkeypatch.setattr("sqtheory.execution.sweeping.compiled", told.append)
    path = write(tmp_path / "w.safetensors", 3)
    with open_checkpoint(path) as checkpoint, ThreadPoolExecutor(1) as pool:
        for executor in (None, pool):
            next(iter(sweep(checkpoint, checkpoint.tensors, *operators(), executor=executor)))
    assert told == [3 * 16 * 128 * len(MASKS) * len(FORMATS)] * 2
