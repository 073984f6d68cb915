"""Whether speed is far off: kernels against their definitions and a copy, forward passes against their products."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeAlias, final

import numpy as np

from sqtheory.alphabet.kernels import by_definition, engine, engine_name
from sqtheory.arrays import Array
from sqtheory.bench.cases import CASES, Call, Operation
from sqtheory.bench.measuring import LEAST, matrix
from sqtheory.bench.passes import PASSES, Pass
from sqtheory.bench.turns import Clock, turns
from sqtheory.tables import Table, Tabular, json_ready, number

Verdict: TypeAlias = Literal["met", "missed", "far off"]
FAR = 8.0
"""A kernel is far off beyond so many times its goal."""
FAR_PASS = 2.0
"""A forward pass, which processor and library of products move less."""


@final
@dataclass(frozen=True)
class SpeedRatio:
    """Processor time of one thing over that of another for the same work, by the least of the rounds that took turns.

    What else runs on a machine only ever adds to a time, so the least is what the two cost themselves.
    """

    name: str
    against: str
    own: tuple[float, ...]
    """Seconds, one for each round."""
    other: tuple[float, ...]
    """Seconds, scaled to the same work."""
    goal: float
    """The ratio that is meant."""
    limit: float
    """The ratio beyond which something is broken, whatever the machine."""

    @property
    def ratio(self) -> float:
        """min own / min other."""
        return min(self.own) / min(self.other)

    @property
    def verdict(self) -> Verdict:
        """Only ``far off`` is a failure: processors and libraries differ by what lies between goal and limit."""
        return "met" if self.ratio <= self.goal else "missed" if self.ratio <= self.limit else "far off"


@final
@dataclass(frozen=True, repr=False)
class SpeedCheck(Tabular):
    """What was compared, under which engine."""

    comparisons: tuple[SpeedRatio, ...]
    engine: str
    rounds: int

    @property
    def held(self) -> bool:
        """Nothing is far off."""
        return all(c.verdict != "far off" for c in self.comparisons)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings, ready for JSON."""
        listed = [json_ready(vars(c)) | {"ratio": c.ratio, "verdict": c.verdict} for c in self.comparisons]
        return {"engine": self.engine, "rounds": self.rounds, "held": self.held, "comparisons": listed}

    def table(self) -> Table:
        """One line for each comparison."""
        rows = [
            (c.name, c.against, f"{c.ratio:.2f}", number(c.goal), number(c.limit), c.verdict) for c in self.comparisons
        ]
        title = f"engine {self.engine}, processor time, the least of {self.rounds} rounds in which all take turns"
        return Table(("case", "over", "ratio", "goal", "far off beyond", "verdict"), tuple(rows), title)


def check(
    cases: Sequence[Operation] = tuple(CASES.values()),
    passes: Sequence[Pass] = tuple(PASSES.values()),
    *,
    size: int = LEAST,
    rounds: int = 5,
    clock: Clock = time.thread_time,
) -> SpeedCheck:
    """Compare each case with its definition and a copy, and each pass with its products, under the present engine.

    Cases work on ``size`` standard normal float32 numbers (rounded up to whole rows): beyond the caches by default,
    where definitions pay for their passes over memory. The copy is beyond them always, and scaled. Raises ValueError
    for nothing to compare, no round, or the engine of the definitions.
    """
    if not (cases or passes) or rounds < 1 or size < 1:
        raise ValueError(f"needed a case, a round and an entry, got {len(cases) + len(passes)}, {rounds} and {size}")
    if by_definition():
        raise ValueError("what is compared with its definition runs on another engine: numpy or numba")
    x = matrix(size)
    found = [c for case in cases for c in _of_case(case, x, rounds, clock)]
    found += [_of_pass(forward, rounds, clock) for forward in passes]
    return SpeedCheck(tuple(found), engine_name(), rounds)


def _of_case(case: Operation, x: Array, rounds: int, clock: Clock) -> list[SpeedRatio]:
    source, target = np.ones(LEAST, np.float32), np.ones(LEAST, np.float32)
    with engine("definition"):
        slow = case.prepare(x)
    calls: list[Call] = [case.prepare(x), partial(_defined, slow), partial(np.copyto, target, source)]
    own, defined, copied = turns(calls, rounds, clock)
    found = [SpeedRatio(case.name, "its definition", own, defined, 1 / case.gain, 1.0)]
    if case.goal is not None:
        scaled = tuple(t * x.size / LEAST for t in copied)
        found.append(SpeedRatio(case.name, "a copy", own, scaled, case.goal, FAR * case.goal))
    return found


def _defined(call: Call) -> None:
    with engine("definition"):
        call()


def _of_pass(forward: Pass, rounds: int, clock: Clock) -> SpeedRatio:
    with forward.prepared() as (own, products):
        passed, multiplied = turns([own, products], rounds, clock)
    return SpeedRatio(forward.name, "its products", passed, multiplied, forward.goal, FAR_PASS * forward.goal)
