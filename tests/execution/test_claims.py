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
