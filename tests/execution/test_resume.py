"""Interrupted, shared, damaged and stale folders of results."""

import json
import math
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from safetensors.numpy import load_file, save_file

from sqtheory.execution import results as module
from sqtheory.execution import sweep
from sqtheory.execution.leases import Leases
from sqtheory.execution.sweeping import Sweep
from sqtheory.files.checkpoints import open_checkpoint
from tests.execution.material import lines, operators, printed, serial, spelled, started, write
from tests.nightly import nightly


def counted(folder: Path, path: Path, p: float = 2.0, seed: int = 0) -> tuple[int, int]:
    """How many tensors a sweep computes and how many it finds, its rows compared with those of a fresh one."""
    with open_checkpoint(path) as checkpoint:
        swept = sweep(checkpoint, checkpoint.tensors, *operators(seed), p, results=folder)
        rows = list(swept)
    if seed == 0:
        assert rows == serial(path, p)
    return swept.computed, swept.found


@contextmanager
def waiting_for(folder: Path, count: int, path: Path) -> Iterator[None]:
    """So many tensors are taken by this process: no other can finish before the block ends, however fast it is."""
    with open_checkpoint(path) as checkpoint, Leases(folder) as leases:
        swept = Sweep(checkpoint, checkpoint.tensors, spelled(), results=folder.with_name("all"))
        assert len(list(swept)) > count
        keys = [place.parent.name for place in lines(folder.with_name("all"))]
        assert all(leases.take(key) for key in keys[:count])
        yield


def wait_until(condition: Callable[[], bool], *processes: "subprocess.Popen[str]") -> None:
    """Ten minutes at most."""
    for _ in range(60_000):
        if condition():
            return
        for process in processes:
            assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    raise AssertionError("it did not come to that")


@pytest.mark.parametrize(
    ("executor", "how"),
    [
        pytest.param("threads", signal.SIGINT, marks=nightly),
        ("processes", signal.SIGKILL),
        pytest.param("threads", signal.SIGKILL, marks=nightly),
        pytest.param("processes", signal.SIGINT, marks=nightly),
    ],
)
def test_an_interrupted_sweep_goes_on_where_it_was(
    executor: str, how: signal.Signals, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, folder = write(tmp_path / "w.safetensors", 16, (32, 128)), tmp_path / "results"
    arguments = ("--results", str(folder), "--workers", "2", "--executor", executor)
    with waiting_for(folder, 4, path), started(path, *arguments) as process:
        wait_until(lambda: len(lines(folder)) >= 4, process)
        process.send_signal(how)
        out, err = process.communicate(timeout=600)
    assert out == "" and process.returncode == (130 if how == signal.SIGINT else -signal.SIGKILL)
    assert how == signal.SIGKILL or err == "sqtheory: interrupted\n"
    before = lines(folder)
    assert 4 <= len(before) <= 12
    resumed, said = printed(capsys, path, *arguments)
    assert said == f"sqtheory: {16 - len(before)} tensors computed, {len(before)} found in {folder}\n"
    assert resumed == printed(capsys, path)[0]
    assert len(lines(folder)) == 16 and not list(folder.glob("*/claim"))


def test_the_claim_of_a_process_that_died_after_it_had_finished_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SETTLED", 0.0)
    path, folder = write(tmp_path / "w.safetensors", 4), tmp_path / "results"
    assert counted(folder, path) == (4, 0)
    done = sorted(folder.glob("*/"))[0]
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (done / "claim").write_text(f"{socket.gethostname()} {gone.pid} {'0' * 32}", encoding="utf-8")
    assert counted(folder, path) == (0, 4) and not list(folder.glob("*/claim"))
    (done / "claim").write_text(f"{socket.gethostname()} {os.getpid()} {'0' * 32}", encoding="utf-8")
    assert counted(folder, path) == (0, 4) and list(folder.glob("*/claim"))


@nightly
def test_two_processes_at_once_double_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, folder = write(tmp_path / "w.safetensors", 24, (32, 128)), tmp_path / "results"
    arguments = ("--results", str(folder))
    with started(path, *arguments) as one, started(path, *arguments) as another:
        printed_by, said_by = zip(one.communicate(timeout=600), another.communicate(timeout=600), strict=True)
    assert sum(int(said.splitlines()[-1].split()[1]) for said in said_by) == 24
    assert printed_by[0] == printed_by[1] == printed(capsys, path)[0]
    assert len(lines(folder)) == 24 and not list(folder.glob("*/claim"))


@nightly
@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="processes are stopped by a signal of POSIX")
def test_two_processes_that_share_a_folder_share_the_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One is stopped when only what others hold is left, so that the other computes the rest, however fast each is."""
    path, folder = write(tmp_path / "w.safetensors", 24, (32, 128)), tmp_path / "results"
    arguments = ("--results", str(folder))
    with ExitStack() as stack:
        with waiting_for(folder, 12, path):
            one = stack.enter_context(started(path, *arguments))
            wait_until(lambda: len(lines(folder)) == len(list(folder.glob("*/claim"))) == 12, one)
            one.send_signal(signal.SIGSTOP)
        shared = stack.enter_context(started(path, *arguments)).communicate(timeout=600)
        one.send_signal(signal.SIGCONT)
        said = [one.communicate(timeout=600), shared]
    assert [int(err.splitlines()[-1].split()[1]) for _, err in said] == [12, 12]
    assert said[0][0] == said[1][0] == printed(capsys, path)[0]
    assert len(lines(folder)) == 24 and not list(folder.glob("*/claim"))


def test_a_line_that_is_cut_or_changed_is_computed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SETTLED", math.inf)
    path, folder = write(tmp_path / "w.safetensors", 8), tmp_path / "results"
    assert counted(folder, path) == (8, 0)
    good = lines(folder)
    damaged = [
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: text.replace('"swaps": ', '"swaps": 1', 1),
        lambda text: text.replace('"winner": "sq"', '"winner": "qs"', 1),
        lambda text: text + text,
        lambda text: "[]",
        lambda text: text.replace("sqtheory.result/1", "sqtheory.result/0"),
    ]
    for (place, text), damage in zip(good.items(), damaged, strict=False):
        assert damage(text) != text
        place.write_text(damage(text), encoding="utf-8")
    assert counted(folder, path) == (len(damaged), 8 - len(damaged))
    assert lines(folder) == good
    places = list(good)
    places[0].write_bytes(b"\xff\xfe")
    places[1].write_text(good[places[2]], encoding="utf-8")
    assert counted(folder, path) == (2, 6)


def test_results_of_other_entries_are_never_reused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SETTLED", 0.0)
    path, folder = write(tmp_path / "w.safetensors", 4), tmp_path / "results"
    assert counted(folder, path) == (4, 0)
    times = path.stat()
    tensors = load_file(path)
    tensors["layer.2.weight"][3, 5] += 1
    save_file(tensors, path)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert path.stat().st_size == times.st_size and path.stat().st_mtime_ns == times.st_mtime_ns
    assert counted(folder, path) == (1, 3)
    with path.open("r+b") as file:
        file.seek(-4, os.SEEK_END)
        file.write(b"\0\0\x80\x3f")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert counted(folder, path) == (1, 3)
    other = write(tmp_path / "other.safetensors", 4, seed=1)
    assert counted(folder, other) == (4, 0)
    assert counted(folder, path) == counted(folder, other) == (0, 4)


def test_a_file_replaced_while_it_is_open_is_not_known_by_its_new_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SETTLED", 0.0)
    path, folder = write(tmp_path / "w.safetensors", 4), tmp_path / "results"
    with open_checkpoint(path) as checkpoint:
        os.replace(write(tmp_path / "new.safetensors", 4, seed=1), path)
        old = list(sweep(checkpoint, checkpoint.tensors, *operators(), results=folder))
    assert counted(folder, path) == (4, 0)
    assert old != serial(path)


def test_a_copy_and_another_container_share_results(tmp_path: Path) -> None:
    import numpy as np

    path, folder = write(tmp_path / "w.safetensors", 4), tmp_path / "results"
    assert counted(folder, path) == (4, 0)
    (tmp_path / "elsewhere").mkdir()
    assert counted(folder, Path(shutil.copy(path, tmp_path / "elsewhere" / "copy.safetensors"))) == (0, 4)
    np.savez(tmp_path / "w.npz", **load_file(path))
    assert counted(folder, tmp_path / "w.npz") == (0, 4)


def test_a_settled_file_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, folder = write(tmp_path / "w.safetensors", 3), tmp_path / "results"
    counted(folder, path)
    assert all(json.loads(text)["signature"] is None for text in lines(folder).values())
    monkeypatch.setattr(module, "SETTLED", 0.0)
    assert counted(folder, path) == (0, 3)
    assert all(json.loads(text)["signature"] for text in lines(folder).values())
    expected = serial(path)
    with open_checkpoint(path) as checkpoint:

        def unread(name: str) -> None:
            raise AssertionError(f"{name} is read")

        monkeypatch.setattr(checkpoint, "read", unread)
        assert list(sweep(checkpoint, checkpoint.tensors, *operators(), results=folder)) == expected


def test_other_norms_seeds_and_programs_have_results_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, folder = write(tmp_path / "w.safetensors", 3), tmp_path / "results"
    assert counted(folder, path) == (3, 0)
    assert counted(folder, path, p=1.0) == (3, 0)
    assert counted(folder, path, seed=1) == (3, 0)
    assert counted(folder, path) == (0, 3)
    monkeypatch.setattr("sqtheory.execution.sweeping.program", lambda: "another")
    assert counted(folder, path) == (3, 0)
