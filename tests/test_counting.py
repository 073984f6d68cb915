"""What tests count, and that none of them reads a clock: a busy machine fails nothing."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.counting import counted

CLOCKS = {"perf_counter", "process_time", "thread_time", "time", "clock_gettime"}
"""Of the module ``time``, and with ``_ns``; ``monotonic`` may end a wait that would otherwise never end."""


def readings(source: str) -> Iterator[str]:
    """Where a source reads a clock, or sets a deadline for an example of a property."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(value=ast.Name(id="time"), attr=attr) if attr.removesuffix("_ns") in CLOCKS:
                yield f"line {node.lineno}: time.{attr}"
            case ast.ImportFrom(module="time", names=names):
                for name in names:
                    if name.name.removesuffix("_ns") in CLOCKS:
                        yield f"line {node.lineno}: {name.name}"
            case ast.keyword(arg="deadline", value=value) if not (isinstance(value, ast.Constant) and not value.value):
                yield f"line {value.lineno}: a deadline"


def test_no_test_reads_a_clock() -> None:
    files = sorted(Path(__file__).parent.rglob("*.py"))
    assert len(files) > 100
    found = {f.name: faults for f in files if (faults := list(readings(f.read_text(encoding="utf-8"))))}
    assert not found and settings().deadline is None


@pytest.mark.parametrize(
    "source",
    [
        "import time\nassert time.perf_counter() < 5",
        "import time\nstart = time.process_time_ns()",
        "from time import thread_time",
        "@settings(deadline=200)\ndef test() -> None: ...",
    ],
)
def test_a_clock_is_seen(source: str) -> None:
    assert len(list(readings(source))) == 1
    assert not list(readings("import time\ntime.sleep(1)\nend = time.monotonic() + 600\nsettings(deadline=None)"))


@pytest.mark.parametrize("steps", [0, 10, 1000])
def test_calls_are_counted_on_both_sides(steps: int) -> None:
    """Each of Python or of C once when it begins and once when it ends."""

    def walk() -> None:
        for number in range(steps):
            abs(number)

    before = sys.getprofile()
    with counted() as calls:
        walk()
    assert 2 * steps <= calls.count <= 2 * steps + 10 and sys.getprofile() is before
