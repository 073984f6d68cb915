import io
import subprocess
import sys

import pytest

from sqtheory.cli.progress import counter, progress


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
