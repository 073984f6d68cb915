import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from sqtheory.execution import claims as module
from sqtheory.execution.claims import Claims


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
    with Claims(tmp_path) as one, Claims(tmp_path) as another:
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
    with Claims(tmp_path) as claims:
        assert claims.take("a") and not claims.take("b") and not claims.take("c")


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
    with Claims(tmp_path, lease=10) as claims:
        for touch in range(4):
            assert not claims.take("a")
            clock.now += 10
            assert not claims.take("a")
            os.utime(path, ns=(touch, touch))
            clock.now += 10
        assert not claims.take("a")
        clock.now += 10.5
        assert claims.take("a")


def test_a_holder_keeps_its_claims_alive(tmp_path: Path, clock: SimpleNamespace) -> None:
    """It touches its file as often as it says; until then the lease has not run out by more than one touch."""
    with Claims(tmp_path, beat=0.01) as holder, Claims(tmp_path, lease=10) as other:
        assert holder.take("a") and holder.take("b")
        for _ in range(5):
            assert not other.take("a") and not other.take("b")
            touched = (tmp_path / "a" / "claim").stat().st_mtime_ns
            while (tmp_path / "a" / "claim").stat().st_mtime_ns == touched:
                threading.Event().wait(0.01)
            clock.now += 11
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_process_taken_for_dead_goes_on(tmp_path: Path) -> None:
    with Claims(tmp_path) as claims:
        for own in tmp_path.glob(".*"):
            own.unlink()
        assert claims.take("a")


def test_what_processes_left_that_are_gone_is_swept_up(tmp_path: Path) -> None:
    """Claims of other keys, claims put aside, half-written lines; the file of a process goes last, as does its word."""
    word, key = "0" * 32, tmp_path / "other key"
    key.mkdir()
    own = tmp_path / f".{word}"
    own.write_text(f"{socket.gethostname()} {dead()} {word}", encoding="utf-8")
    os.link(own, key / "claim")
    os.link(own, key / f".{'1' * 32}")
    (key / f".sqtheory-{'2' * 16}.partial").write_text("x")
    (key / "line.json").write_text("kept")
    alive = claimed(tmp_path, "alive", socket.gethostname(), os.getpid())
    with Claims(tmp_path):
        assert {path for path in tmp_path.rglob("*") if path.is_file() and path.parent != tmp_path} == {
            key / "line.json",
            alive,
        }
        assert not own.exists()


def test_a_process_elsewhere_that_died_is_swept_up_after_the_lease(tmp_path: Path, clock: SimpleNamespace) -> None:
    own = tmp_path / f".{'0' * 32}"
    own.write_text(f"elsewhere 1 {'0' * 32}", encoding="utf-8")
    with Claims(tmp_path, lease=60):
        pass
    assert own.exists()
    with Claims(tmp_path, lease=60):
        clock.now += 61
    assert not own.exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="uses pipes with names")
@pytest.mark.parametrize("kind", ["fifo", "dangling", "huge"])
def test_what_is_no_claim_is_void_after_the_lease_and_never_waited_for(
    kind: str, tmp_path: Path, clock: SimpleNamespace
) -> None:
    path = tmp_path / "a" / "claim"
    path.parent.mkdir()
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "dangling":
        path.symlink_to(tmp_path / "nowhere")
    else:
        path.write_text(f"{socket.gethostname()} {2**70} {'0' * 32}", encoding="utf-8")
    with Claims(tmp_path, lease=60) as claims:
        assert kind == "huge" or not claims.take("a")
        clock.now += 61
        assert claims.take("a")
