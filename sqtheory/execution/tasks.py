"""One tensor of a sweep: a picklable value that any machine with the file and this program can compute."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, final

import numpy as np

from sqtheory.alphabet.kernels import Engine, engine
from sqtheory.arrays import as_real
from sqtheory.exceptions import about
from sqtheory.execution.fingerprints import digest_of, program
from sqtheory.execution.kept import Views, kept
from sqtheory.files.checkpoints import Checkpoint, StoredTensor
from sqtheory.orders.batches import batch_rows
from sqtheory.orders.grid import Row, of_quantized, pipeline_rows
from sqtheory.orders.pair import Pair

if TYPE_CHECKING:
    from sqtheory.execution.results import Results

FEW = 4
"""So many names are all shown."""


@final
@dataclass(frozen=True)
class Done:
    """The rows of a tensor, and whether they were computed now rather than found."""

    rows: tuple[Row, ...]
    computed: bool


@final
@dataclass(frozen=True)
class Task:
    """Pairs of a mask and a format on one tensor of a file; the entries are read where the task runs."""

    path: Path
    name: str
    views: Views
    grid: tuple[Pair, ...]
    p: float
    key: str
    program: str
    """Digest of the program that asks."""
    engine: Engine
    """Which loops compute; workers do not inherit that of the caller."""
    results: "Results | None"

    @property
    def what(self) -> str:
        """The tensor by its name."""
        return repr(self.name)

    def run(self) -> tuple[Done, ...]:
        """Open the file and compute. Raises RuntimeError where another version of this program runs."""
        with opened(self.path, self.views, self.program) as checkpoint:
            return self.on(checkpoint)

    def on(self, checkpoint: Checkpoint) -> tuple[Done, ...]:
        """Compute from the open file, or find the rows of the same entries; keep them if there is a folder for it.

        Raises InputRefused, and ValueError for operators that do not fit the tensor, naming file and tensor.
        """
        before = checkpoint.signature
        x = StoredTensor.of(checkpoint, self.name) or checkpoint.read(self.name)
        digest = digest_of(x) if self.results else ""
        found = self.results.of_entries(self.key, digest) if self.results else None
        with about(str(self.path)), engine(self.engine):
            rows = found or tuple(pipeline_rows(self.name, x, self.grid, self.p))
            if not found and checkpoint.info(self.name).quantized:
                rows = tuple(of_quantized(rows, x, self.grid))
        if self.results and checkpoint.signature == before:
            self.results.save(self.key, digest, before, rows)
        return (Done(rows, computed=found is None),)


@final
@dataclass(frozen=True)
class Batch:
    """Small tensors of one shape and type, that come after each other in a file, under operators that draw nothing."""

    path: Path
    names: tuple[str, ...]
    views: Views
    grid: tuple[Pair, ...]
    p: float
    program: str
    engine: Engine

    @property
    def what(self) -> str:
        """The tensors by their names, the first and the last of many."""
        shown = self.names if len(self.names) <= FEW else (self.names[0], self.names[-1])
        return (", " if len(self.names) <= FEW else " … ").join(map(repr, shown))

    def run(self) -> tuple[Done, ...]:
        """``Task.run`` of every tensor."""
        with opened(self.path, self.views, self.program) as checkpoint:
            return self.on(checkpoint)

    def on(self, checkpoint: Checkpoint) -> tuple[Done, ...]:
        """``Task.on`` of every tensor: together if the operators act box by box, and one by one if any is refused."""
        try:
            x = as_real(np.stack([checkpoint.read(name) for name in self.names]))
            with engine(self.engine):
                together = batch_rows(self.names, x, self.grid, self.p)
        except ValueError:
            together = None
        if together is not None:
            told = [
                of_quantized(rows, entries, self.grid) if checkpoint.info(name).quantized else rows
                for name, entries, rows in zip(self.names, x, together, strict=True)
            ]
            return tuple(Done(tuple(rows), computed=True) for rows in told)
        return tuple(done for name in self.names for done in self._alone(name).on(checkpoint))

    def _alone(self, name: str) -> Task:
        return Task(self.path, name, self.views, self.grid, self.p, "", self.program, self.engine, None)


@contextmanager
def opened(path: Path, views: Views, asking: str) -> Iterator[Checkpoint]:
    """The checkpoint that a task is about. Raises RuntimeError where another version of this program asks."""
    if asking != program():
        raise RuntimeError("this worker runs another version of sqtheory or numpy than the sweep that asks it")
    with kept.opened(path, views) as checkpoint:
        yield checkpoint
