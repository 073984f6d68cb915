"""Calls that take turns, round by round, so that what else a machine does falls on all of them alike."""

import time
from collections.abc import Callable, Sequence
from typing import TypeAlias

from sqtheory.bench.cases import Call

Clock: TypeAlias = Callable[[], float]


def turns(calls: Sequence[Call], rounds: int, clock: Clock = time.thread_time) -> list[tuple[float, ...]]:
    """The times of each call, one for each round, in which all take their turn; the first, unmeasured, warms up."""
    spent = []
    for _ in range(rounds + 1):
        spent.append([timed(call, clock) for call in calls])
    return list(zip(*spent[1:], strict=True))


def timed(call: Call, clock: Clock = time.thread_time) -> float:
    """What the clock went on by during a call."""
    start = clock()
    call()
    return clock() - start
