import io
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


def test_a_notebook_sees_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    kernels = pytest.importorskip("ipykernel.inprocess.ipkernel")
    monkeypatch.setattr(sys, "stderr", kernels.InProcessKernel().stderr)
    items = [1, 2]
    assert progress(items, "count") is not items and progress(items, "count", quiet=True) is items
