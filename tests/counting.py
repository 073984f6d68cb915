"""Work counted instead of timed: how many calls something makes, the same number on every machine."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Calls:
    """Calls and returns of functions, of Python and of C, in this thread."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        self.count += 1


@contextmanager
def counted() -> Iterator[Calls]:
    """What the body does is counted; a profiler that was there (coverage, say) returns afterwards."""
    calls, before = Calls(), sys.getprofile()
    sys.setprofile(calls)
    try:
        yield calls
    finally:
        sys.setprofile(before)
