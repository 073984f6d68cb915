import fcntl
import io
import os
import pty
import struct
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from sqtheory.cli.progress import counter, progress
from tests.nightly import nightly


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_a_bar_and_a_file_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream, seen in ((Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr(sys, "stderr", stream)
        assert list(progress([1, 2, 3], "count")) == [1, 2, 3]
        with counter(3, "bytes", "B") as advance:
            advance(3)
        assert ("count" in stream.getvalue()) == ("bytes" in stream.getvalue()) == seen
    monkeypatch.setattr(sys, "stderr", quiet := Terminal())
    assert list(progress([1], "count", quiet=True)) == [1] and quiet.getvalue() == ""


@pytest.mark.parametrize(
    "size", [(0, 0), pytest.param((24, 80), marks=nightly), pytest.param((40, 0), marks=nightly)], ids=str
)
def test_a_terminal_that_does_not_say_its_size_sees_a_bar(size: tuple[int, int], tmp_path: Path) -> None:
    """A file of many tiny tensors on a real terminal, of these lines and columns."""
    path = tmp_path / "tiny.safetensors"
    save_file({f"m.{i}.weight": np.ones((4, 4), np.float32) for i in range(300)}, path)
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    command = [sys.executable, "-m", "sqtheory", "order", str(path), "--mask", "2:4", "--format", "int4"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        with suppress(OSError):  # the end of a terminal that nobody writes to any more
            while piece := os.read(ours, 1 << 16):
                shown += piece
        assert process.stdout is not None and b"300 tensors compared" in process.stdout.read()
    os.close(ours)
    assert process.returncode == 0 and b"0/300" in shown and b"order" in shown


KERNEL = """
import sys
from ipykernel.inprocess.ipkernel import InProcessKernel
from sqtheory.cli.progress import progress
items = [1, 2]
assert progress(items, "count") is items
sys.stderr = InProcessKernel().stderr
print(progress(items, "count") is not items, progress(items, "count", quiet=True) is items)
"""


def test_a_notebook_sees_a_bar() -> None:
    """In a process of its own: a kernel leaves threads behind."""
    pytest.importorskip("ipykernel")
    run = subprocess.run([sys.executable, "-c", KERNEL], capture_output=True, text=True, check=False)
    assert run.stdout == "True True\n", run.stderr
