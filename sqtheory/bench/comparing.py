"""Whole verbs of this build and of another, then peers: rounds in which every process takes its turn."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import final

from sqtheory.bench.builds import Build, Runner, spend
from sqtheory.bench.comparison import BuildComparison, Line
from sqtheory.bench.material import Material
from sqtheory.bench.measuring import here
from sqtheory.bench.peering import PEERED, compare_peers
from sqtheory.bench.peers import absent
from sqtheory.bench.rows import BenchRow, rows
from sqtheory.bench.running import Running, needed


@final
@dataclass(frozen=True)
class Bench:
    """How much is compared: rows and cases of peers with a text of ``only`` in their names, or all of them."""

    size: int = 1 << 24
    """Entries of the file, rounded up to whole rows of its matrices."""
    rounds: int = 3
    engine: str = "numpy"
    workers: int = 2
    old: Build | None = None
    only: tuple[str, ...] = ()

    def steps(self, runner: Runner = spend) -> Iterator[str | BuildComparison]:
        """The names of steps, then the result.

        Raises ValueError for no round or if no name has the text; WorkerFailed if a process fails, unless it is of
        the old build and does not know what it is asked.
        """
        if self.rounds < 1 or self.size < 1:
            raise ValueError(f"needed a round and an entry, got {self.rounds} and {self.size}")
        chosen = [row for row in rows(Material(Path(), self.size).entries, self.workers) if self._has(row.name)]
        cases = [case for case in PEERED if self._has(f"peers of {case}")]
        if not chosen and not cases:
            names = [row.name for row in rows(self.size, self.workers)]
            raise ValueError(f"no row has {self.only[0]!r} in its name: rows are {'; '.join(names)}; peers of …")
        lines: list[Line] = []
        # what a process starts with counts among what it holds: the memory of peers comes after
        for step in chain(self._verbs(chosen, runner), compare_peers(cases, self.size, self.rounds)):
            if isinstance(step, Line):
                lines.append(step)
            else:
                yield step
        entries = Material(Path(), self.size).entries
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
        known = absent() if cases else ()
        yield BuildComparison(
            tuple(lines), known, entries, self.rounds, self.engine, self.old is not None, *here(), load
        )

    def _has(self, name: str) -> bool:
        return not self.only or any(text in name for text in self.only)

    def _verbs(self, chosen: Sequence[BenchRow], runner: Runner) -> Iterator[str | Line]:
        if not chosen:
            return
        commands = needed([figure for row in chosen for figure in (row.own, row.other)])
        builds = [Build.here(), *([self.old] if self.old else [])]
        with tempfile.TemporaryDirectory() as folder:
            material = Material(Path(folder), self.size)
            yield "writing the files"
            material.write()
            running = [Running(build, self.engine, material, runner) for build in builds]
            for turn in range(self.rounds):
                for command in commands:
                    for each in running:
                        what = " ".join(command.words[2:])[:60]
                        yield f"round {turn + 1} of {self.rounds}, {each.build.name}: {what}"
                        each.run(command)
        for row in chosen:
            yield row.line(self.engine, *[each.least for each in running])
