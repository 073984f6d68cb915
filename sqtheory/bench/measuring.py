"""Rounds in which every case takes its turn after a copy of its input, and what they add up to."""

import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, final

import numpy as np

from sqtheory.alphabet.kernels import engine, engine_name
from sqtheory.arrays import Array
from sqtheory.bench.cases import CASES, Call, Operation
from sqtheory.bench.peers import first, peers
from sqtheory.tables import Table, Tabular, json_ready, number

WIDTH = 4096
"""Columns of the matrix that is measured."""
LEAST = 1 << 22
"""A copy and a case are repeated until they have worked through so many entries."""


@final
@dataclass(frozen=True)
class Timing:
    """Processor time of a case over that of a copy of its input in the same round: median and quartiles."""

    name: str
    goal: float | None
    ratio: float
    low: float
    high: float
    nanoseconds: float
    """For each entry, median."""
    naive: float
    """The ratio of the definition on whole arrays."""
    peers: dict[str, float]
    """The ratios of other packages."""

    @property
    def held(self) -> bool:
        """The median is within the goal, if there is one."""
        return self.goal is None or self.ratio <= self.goal


@final
@dataclass(frozen=True, repr=False)
class Timings(Tabular):
    """What was measured, on what, when, by which versions."""

    measured: tuple[Timing, ...]
    size: int
    rounds: int
    engine: str
    copy_nanoseconds: float
    day: str
    machine: str
    versions: str

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings, ready for JSON."""
        own = {name: value for name, value in vars(self).items() if name != "measured"}
        return {**own, "cases": [json_ready(vars(m)) | {"held": m.held} for m in self.measured]}

    def table(self) -> Table:
        """One line for each case."""
        names = list(dict.fromkeys(peer for m in self.measured for peer in m.peers))
        header = (
            "case",
            "× copy",
            "quartiles",
            "goal",
            "ns/entry",
            "definition × copy",
            *(f"{n} × copy" for n in names),
        )
        rows = [
            (
                m.name,
                f"{m.ratio:.2f}",
                f"{m.low:.2f} … {m.high:.2f}",
                number(m.goal),
                f"{m.nanoseconds:.2f}",
                f"{m.naive:.1f}",
                *(f"{m.peers[n]:.1f}" if n in m.peers else "–" for n in names),
            )
            for m in self.measured
        ]
        title = (
            f"{self.day}, {self.machine}, {self.versions}: engine {self.engine}, one thread, {self.size} float32 "
            f"entries, {self.rounds} rounds, a copy takes {self.copy_nanoseconds:.2f} ns an entry"
        )
        return Table(header, tuple(rows), title)


def measure(cases: Sequence[Operation] = tuple(CASES.values()), *, size: int = 1 << 24, rounds: int = 9) -> Timings:
    """Time the cases on ``size`` standard normal float32 numbers (rounded up to whole rows) under the present engine.

    Definitions and peers are timed too, in fewer rounds, definitions and slow peers on fewer entries. Raises
    ValueError for no case or no round.
    """
    if not cases or rounds < 1 or size < 1:
        raise ValueError(f"needed a case, a round and an entry, got {len(cases)}, {rounds} and {size}")
    x = matrix(size)
    calls = [case.prepare(x) for case in cases]
    copies, ratios, spent = _rounds(x, calls, rounds)
    small = first(x)
    few = max(1, rounds // 3)
    with engine("definition"):
        naive = [_median_ratio(small, case.prepare, few) for case in cases]
    measured = [
        Timing(
            case.name,
            case.goal,
            statistics.median(own),
            float(np.percentile(own, 25)),
            float(np.percentile(own, 75)),
            statistics.median(times) / x.size * 1e9,
            slow,
            {
                peer.name: statistics.median(_rounds(peer.matrix, [peer.call], few)[1][0])
                for peer in peers(case.name, x)
            },
        )
        for case, own, times, slow in zip(cases, ratios, spent, naive, strict=True)
    ]
    copied = statistics.median(copies) / x.size * 1e9
    return Timings(tuple(measured), x.size, rounds, engine_name(), copied, *here())


def here() -> tuple[str, str, str]:
    """The day, the machine and the versions."""
    versions = f"Python {platform.python_version()}, numpy {np.__version__}"
    return date.today().isoformat(), _machine(), versions


def matrix(size: int) -> Array:
    """``size`` standard normal float32 numbers, rounded up to whole rows."""
    rows = -(-size // WIDTH)
    return np.random.default_rng(0).standard_normal((rows, WIDTH), np.float32)


def _median_ratio(x: Array, prepare: Callable[[Array], Call], rounds: int) -> float:
    return statistics.median(_rounds(x, [prepare(x)], rounds)[1][0])


def _rounds(x: Array, calls: Sequence[Call], rounds: int) -> tuple[list[float], list[list[float]], list[list[float]]]:
    """Seconds of the copies, then for each call its ratios and its seconds, one for each round."""
    target, repeats = np.empty_like(x), max(1, LEAST // x.size)
    copies: list[float] = []
    ratios: list[list[float]] = [[] for _ in calls]
    spent: list[list[float]] = [[] for _ in calls]
    for call in calls:
        call()
    for _ in range(rounds):
        for own, times, call in zip(ratios, spent, calls, strict=True):
            copies.append(_seconds(lambda: np.copyto(target, x), repeats))
            times.append(_seconds(call, repeats))
            own.append(times[-1] / copies[-1])
    return copies, ratios, spent


def _machine() -> str:
    """The processor, as far as the system tells."""
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text(encoding="utf-8").splitlines() if listing.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{models[0] if models else platform.processor() or platform.machine()}, {os.cpu_count()} cores"


def _seconds(call: Call, repeats: int) -> float:
    """Processor time of one call in this thread: what others do on the machine counts little."""
    start = time.thread_time()
    for _ in range(repeats):
        call()
    return (time.thread_time() - start) / repeats
