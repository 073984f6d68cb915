"""A real dask cluster of processes, one of which is killed while it computes."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sqtheory.cli import main
from sqtheory.execution import Dask, sweep
from sqtheory.execution import workers as module
from sqtheory.files.checkpoints import open_checkpoint
from tests.execution.material import GRID, lines, operators, printed, serial, write
from tests.nightly import nightly

if TYPE_CHECKING:
    from distributed import Client, LocalCluster

TENSORS = 12

pytest.importorskip("distributed", reason="the package distributed is absent: pip install 'sqtheory[dask]'")


@pytest.fixture(scope="module")
def cluster() -> "Iterator[LocalCluster]":
    from distributed import LocalCluster

    found = LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", host="127.0.0.1")
    with closing(found):
        yield found


@pytest.fixture
def client(cluster: "LocalCluster") -> "Iterator[Client]":
    from distributed import Client

    with Client(cluster, set_as_default=False) as found:
        found.wait_for_workers(2, timeout=600)
        yield found


def busy_process(client: "Client") -> int:
    """The process of a worker that has work, as soon as there is one."""
    pids: dict[str, int] = client.run(os.getpid)
    end = time.monotonic() + 600
    while time.monotonic() < end:
        for address, tasks in client.processing().items():
            if tasks:
                return pids[address]
        time.sleep(0.01)
    raise AssertionError("no worker has work")


@pytest.mark.parametrize("keeps_results", [True, pytest.param(False, marks=nightly)])
def test_a_worker_killed_in_the_middle_loses_nothing_and_doubles_nothing(
    keeps_results: bool, client: "Client", tmp_path: Path
) -> None:
    path = write(tmp_path / "weights.safetensors", TENSORS, (128, 256))
    pids = set(client.run(os.getpid).values())
    with open_checkpoint(path) as checkpoint:
        found = sweep(
            checkpoint,
            checkpoint.tensors,
            *operators(),
            executor=client.get_executor(),
            results=tmp_path / "results" if keeps_results else None,
        )
        rows = iter(found)
        first = [next(rows)]
        victim = busy_process(client)
        os.kill(victim, signal.SIGKILL)
        rest = list(rows)
    assert victim in pids and rest
    assert first + rest == serial(path)
    assert [group[0].name for group in first + rest] == [f"layer.{number}.weight" for number in range(TENSORS)]
    if keeps_results:
        assert len(lines(tmp_path / "results")) == TENSORS
        assert not list((tmp_path / "results").glob("*/claim"))
    client.wait_for_workers(2, timeout=600)
    assert victim not in set(client.run(os.getpid).values())


def test_the_command_prints_the_same_bytes(
    cluster: "LocalCluster", tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "weights.safetensors", 8)
    alone, _ = printed(capsys, path)
    shared, _ = printed(capsys, path, "--executor", f"dask:{cluster.scheduler_address}")
    assert shared == alone


def test_refusals_of_a_worker_name_the_tensor(
    cluster: "LocalCluster", tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "odd.safetensors", 1, (3, 30))
    assert main(["order", str(path), *GRID, "--executor", f"dask:{cluster.scheduler_address}"]) == 3
    message = capsys.readouterr().err
    assert message.count("\n") == 1 and "odd.safetensors: tensor 'layer.0.weight': axis 1 of length 30" in message


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://127.0.0.1:9", "127.0.0.1"])
def test_an_address_that_does_not_answer_is_one_line(
    address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.5)
    path = write(tmp_path / "weights.safetensors", 1)
    assert main(["order", str(path), *GRID, "--executor", f"dask:{address}"]) == 4
    message = capsys.readouterr().err
    assert message.count("\n") == 1 and f"no dask scheduler answers at '{address}' within 0.5 s" in message


def test_a_cluster_without_workers_is_refused(cluster: "LocalCluster", monkeypatch: pytest.MonkeyPatch) -> None:
    from distributed import LocalCluster

    monkeypatch.setattr(module, "PATIENCE", 5.0)
    # On the event loop of the first cluster: starting one more thread for it has been seen to miss distributed's 10 s.
    empty: Any = LocalCluster(n_workers=0, dashboard_address=":0", host="127.0.0.1", loop=cluster.loop)
    with closing(empty), pytest.raises(ConnectionError, match="has no workers"), Dask(empty.scheduler_address).crew():
        pass


def started(*words: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", *words]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.mark.parametrize(
    ("victim", "said"),
    [
        ("scheduler", "is gone: start one, and run again"),
        pytest.param("worker", "has no workers any more, for 2 s: start dask-worker", marks=nightly),
    ],
)
def test_a_cluster_that_goes_away_is_one_line_and_ends(
    victim: str, said: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scheduler that is killed, or the last worker: neither a traceback nor a wait without end; results stay."""
    path, results, place = write(tmp_path / "weights.safetensors", 60, (256, 512)), tmp_path / "results", tmp_path / "s"
    scheduler = started(
        *("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"),
        *("--no-dashboard", "--scheduler-file", str(place)),
    )
    worker = started(
        *("distributed.cli.dask_worker", "--scheduler-file", str(place), "--no-nanny", "--nthreads", "1"),
        *("--no-dashboard", "--local-directory", str(tmp_path)),
    )

    def kill() -> None:
        end = time.monotonic() + 60
        while not list(results.glob("*/*.json")) and time.monotonic() < end:
            time.sleep(0.02)
        monkeypatch.setattr(module, "PATIENCE", 2.0)
        (scheduler if victim == "scheduler" else worker).kill()

    killer = threading.Thread(target=kill)
    try:
        while not place.exists():
            time.sleep(0.05)
        time.sleep(0.2)
        monkeypatch.setattr(module, "PATIENCE", 60.0)
        killer.start()
        address = json.loads(place.read_text(encoding="utf-8"))["address"]
        words = ["order", str(path), *GRID, "--executor", f"dask:{address}", "--results", str(results)]
        assert main(words) == 4
        message = capfd.readouterr().err
        assert message.count("\n") == 1 and said in message and lines(results)
        assert not list(results.glob("*/claim"))
    finally:
        killer.join()
        for process in (scheduler, worker):
            process.kill()
            process.wait()
