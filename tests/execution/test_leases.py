import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from sqtheory.execution import leases as module
from sqtheory.execution import sweep, sweeping
from sqtheory.execution.leases import Leases
from sqtheory.files.checkpoints import open_checkpoint
from tests.execution.material import operators, printed, serial, write


def dead() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def claimed(folder: Path, key: str, host: str, pid: int) -> Path:
    """The claim of some other process."""
    (folder / key).mkdir(parents=True)
    path = folder / key / "claim"
    path.write_text(f"{host} {pid} {'0' * 32}", encoding="utf-8")
    return path


def test_a_key_has_one_holder(tmp_path: Path) -> None:
    with Leases(tmp_path) as one, Leases(tmp_path) as another:
        assert one.take("a") and not another.take("a") and another.take("b")
        one.release("a")
        assert another.take("a") and not one.take("b")
        one.release("b")
        assert not one.take("b"), "only the holder gives a key back"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_the_claim_of_a_process_that_died_here_is_void_at_once(tmp_path: Path) -> None:
    claimed(tmp_path, "a", socket.gethostname(), dead())
    claimed(tmp_path, "b", socket.gethostname(), os.getpid())
    claimed(tmp_path, "c", "elsewhere", dead())
    with Leases(tmp_path) as leases:
        assert leases.take("a") and not leases.take("b") and not leases.take("c")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The clock by which leases run out, which goes on only when it is told."""
    told = SimpleNamespace(now=0.0)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: told.now))
    return told


@pytest.mark.parametrize("text", ["elsewhere 1 " + "0" * 32, "", "nonsense"])
def test_a_claim_that_nobody_touches_is_void_after_the_lease(text: str, tmp_path: Path, clock: SimpleNamespace) -> None:
    path = claimed(tmp_path, "a", "elsewhere", 1)
    path.write_text(text, encoding="utf-8")
    with Leases(tmp_path, lease=10) as leases:
        for touch in range(4):
            assert not leases.take("a")
            clock.now += 10
            assert not leases.take("a")
            os.utime(path, ns=(touch, touch))
            clock.now += 10
        assert not leases.take("a")
        clock.now += 10.5
        assert leases.take("a")


def test_a_holder_keeps_its_claims_alive(tmp_path: Path, clock: SimpleNamespace) -> None:
    """It touches its file as often as it says; until then the lease has not run out by more than one touch."""
    with Leases(tmp_path, beat=0.01) as holder, Leases(tmp_path, lease=10) as other:
        assert holder.take("a") and holder.take("b")
        for _ in range(5):
            assert not other.take("a") and not other.take("b")
            touched = (tmp_path / "a" / "claim").stat().st_mtime_ns
            while (tmp_path / "a" / "claim").stat().st_mtime_ns == touched:
                threading.Event().wait(0.01)
            clock.now += 11
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_process_taken_for_dead_goes_on(tmp_path: Path) -> None:
    with Leases(tmp_path) as leases:
        for own in tmp_path.glob(".*"):
            own.unlink()
        assert leases.take("a")


def test_what_processes_left_that_are_gone_is_swept_up(tmp_path: Path) -> None:
    """Leases of other keys, leases put aside, half-written lines; the file of a process goes last, as does its word."""
    word, key = "0" * 32, tmp_path / "other key"
    key.mkdir()
    own = tmp_path / f".{word}"
    own.write_text(f"{socket.gethostname()} {dead()} {word}", encoding="utf-8")
    os.link(own, key / "claim")
    os.link(own, key / f".{'1' * 32}")
    (key / f".sqtheory-{'2' * 16}.partial").write_text("x")
    (key / "line.json").write_text("kept")
    alive = claimed(tmp_path, "alive", socket.gethostname(), os.getpid())
    with Leases(tmp_path):
        assert {path for path in tmp_path.rglob("*") if path.is_file() and path.parent != tmp_path} == {
            key / "line.json",
            alive,
        }
        assert not own.exists()


def test_a_process_elsewhere_that_died_is_swept_up_after_the_lease(tmp_path: Path, clock: SimpleNamespace) -> None:
    own = tmp_path / f".{'0' * 32}"
    own.write_text(f"elsewhere 1 {'0' * 32}", encoding="utf-8")
    with Leases(tmp_path, lease=60):
        pass
    assert own.exists()
    with Leases(tmp_path, lease=60):
        clock.now += 61
    assert not own.exists()


@pytest.mark.parametrize("pid", [2**31, 2**32 + 1, 2**63, 2**64 - 1, 10**19])
def test_a_number_that_no_process_can_have_is_that_of_a_dead_one(pid: int, tmp_path: Path) -> None:
    claimed(tmp_path, "a", socket.gethostname(), pid)
    with Leases(tmp_path) as leases:
        assert leases.take("a")
        leases.tidy("a")


def lay(path: Path, kind: str) -> None:
    """Something under the name of a claim that is none."""
    path.parent.mkdir(parents=True)
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "dangling link":
            path.symlink_to("nowhere")
        case "link to itself":
            path.symlink_to(path.name)
        case "link to a pipe":
            os.mkfifo(path.with_name("pipe"))
            path.symlink_to("pipe")
        case "link to a claim":
            path.with_name("other").write_text(f"elsewhere 1 {'0' * 32}", encoding="utf-8")
            path.symlink_to("other")
        case "socket":
            with socket.socket(socket.AF_UNIX) as own:
                own.bind(os.path.relpath(path))
        case "folder":
            (path / "more").mkdir(parents=True)


KINDS = ("pipe", "dangling link", "link to itself", "link to a pipe", "link to a claim", "socket", "folder")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_file_claims_nothing(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits for it: reading a pipe would never end, a link to nowhere can be neither read nor made."""
    monkeypatch.chdir(tmp_path)
    lay(tmp_path / "a" / "claim", kind)
    lay(tmp_path / "b" / "claim", kind)
    with Leases(tmp_path) as leases:
        leases.tidy("b")
        assert leases.take("a") and leases.take("b")
        leases.release("a")
    assert kind == "folder" or not os.path.lexists(tmp_path / "a" / "claim")


@pytest.mark.parametrize("kind", KINDS)
def test_what_takes_the_place_of_a_claim_that_is_held_is_not_read(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with Leases(tmp_path) as leases:
        assert leases.take("a")
        (tmp_path / "a" / "claim").unlink()
        (tmp_path / "a").rmdir()
        lay(tmp_path / "a" / "claim", kind)
        leases.release("a")
    assert os.path.lexists(tmp_path / "a" / "claim"), "what another has put there is not ours to remove"


def test_a_claim_of_any_length_or_bytes_is_read(tmp_path: Path, clock: SimpleNamespace) -> None:
    path = claimed(tmp_path, "a", "elsewhere", 1)
    for content in (
        b"9" * 10**7,
        bytes(10**6),
        b"\xff" * 10,
        f"{socket.gethostname()} {'9' * 5000} {'0' * 32}".encode(),
    ):
        path.write_bytes(content)
        with Leases(tmp_path, lease=60) as leases:
            assert not leases.take("a")
            clock.now += 61
            assert leases.take("a")
            leases.release("a")
        path.write_bytes(b"")


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="needs a user whom permissions bind")
def test_a_claim_that_cannot_be_read_is_void_after_the_lease(tmp_path: Path, clock: SimpleNamespace) -> None:
    claimed(tmp_path, "a", "elsewhere", 1).chmod(0)
    with Leases(tmp_path, lease=60) as leases:
        assert not leases.take("a")
        clock.now += 61
        assert leases.take("a")


@pytest.mark.parametrize("kind", ["pipe", "dangling link", "folder"])
def test_a_sweep_passes_such_a_claim_and_such_a_result(kind: str, tmp_path: Path) -> None:
    path = write(tmp_path / "weights.safetensors", 2)
    with open_checkpoint(path) as checkpoint:
        whole = sweep(checkpoint, checkpoint.tensors, *operators(), results=tmp_path / "first")
        assert len(list(whole)) == 2
        for key in (tmp_path / "first").iterdir():
            lay(tmp_path / "again" / key.name / "claim", kind)
            lay(tmp_path / "again" / key.name / "x" / "y", "folder")
            if kind == "pipe":
                os.mkfifo(tmp_path / "again" / key.name / f"{'0' * 64}.json")
        again = list(sweep(checkpoint, checkpoint.tensors, *operators(), results=tmp_path / "again"))
    assert again == serial(path)


def give_back(monkeypatch: pytest.MonkeyPatch, folder: Path, after: int) -> None:
    """Others give their leases back while the sweep waits, when it has looked so many times."""
    left = iter(range(after))

    def sleep(seconds: float) -> None:
        if next(left, None) is None:
            for claim in folder.glob("*/claim"):
                claim.unlink()

    monkeypatch.setattr(sweeping, "time", SimpleNamespace(sleep=sleep))


def test_waiting_for_others_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "weights.safetensors", 3)
    said: list[int] = []
    with open_checkpoint(path) as checkpoint:
        list(sweep(checkpoint, checkpoint.tensors, *operators(), results=tmp_path / "first", waits=said.append))
        assert said == []
        for key in (tmp_path / "first").iterdir():
            claimed(tmp_path / "again", key.name, socket.gethostname(), os.getpid())

        give_back(monkeypatch, tmp_path / "again", after=3)
        rows = list(sweep(checkpoint, checkpoint.tensors, *operators(), results=tmp_path / "again", waits=said.append))
    assert said == [3] and rows == serial(path)


def test_the_command_says_what_it_waits_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "weights.safetensors", 1)
    alone, _ = printed(capsys, path, "--results", str(tmp_path / "first"))
    [key] = [each.name for each in (tmp_path / "first").iterdir()]
    claimed(tmp_path / "again", key, socket.gethostname(), os.getpid())
    give_back(monkeypatch, tmp_path / "again", after=1)
    shared, complaints = printed(capsys, path, "--results", str(tmp_path / "again"))
    assert shared == alone
    assert complaints.count("waiting for 1 tensor that other processes compute in") == 1
