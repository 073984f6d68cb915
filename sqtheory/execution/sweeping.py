"""A sweep over the tensors of a checkpoint on any executor, alone or with others on a shared folder."""

import hashlib
import json
import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ThreadPoolExecutor,
    wait,
)
from contextlib import nullcontext
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from sqtheory.alphabet.kernels import engine_name
from sqtheory.alphabet.kernels.engine import compiled
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.exceptions import CheckpointError, InputRefused, WorkerFailed, about
from sqtheory.execution.assignment import Assignment, bound
from sqtheory.execution.fingerprints import description, generators, program
from sqtheory.execution.jobs import Job, Work, at_once, job_of
from sqtheory.execution.kept import Views
from sqtheory.execution.tasks import Batch, Done, Task
from sqtheory.execution.underway import Ordered, Underway
from sqtheory.files.checkpoints import Checkpoint, TensorInfo
from sqtheory.orders.batches import SMALL, STACK
from sqtheory.orders.grid import Row
from sqtheory.orders.pair import Pair

if TYPE_CHECKING:
    from sqtheory.execution.results import Results

SHARES = 64
"""Pieces of all tensors together, if these are neither too small nor too large."""
AHEAD = 32
"""Tensors handed to an executor before the first of them is finished."""
POLL = 0.2
"""Seconds between two looks at what other processes have finished."""


def sweep(
    checkpoint: Checkpoint,
    tensors: Iterable[TensorInfo],
    masks: Sequence[Sparsifier],
    formats: Sequence[Quantizer],
    p: float = 2.0,
    *,
    executor: Executor | None = None,
    results: Path | None = None,
    ahead: int = AHEAD,
    waits: Callable[[int], None] = lambda count: None,
) -> "Sweep":
    """The rows of each tensor in turn; the same to the last bit whatever computes them.

    ``executor``: any Executor, which stays the caller's; its workers read the tensors from the file. None computes
    one tensor at a time, here. ``results``: a folder of finished results; what is there is not computed again,
    and processes that share it share the work; ``waits`` is told once of how many tensors that others compute, when
    nothing else is left to do. Each Generator in the operators is asked once, for a seed; each tensor draws under each
    pair of a mask and a format from generators of its own, made from the seeds and its name.

    Raises InputRefused naming the tensor, WorkerFailed where a worker dies, TypeError for operators whose results
    cannot be kept.
    """
    operators = tuple(masks), tuple(formats)
    if results is not None:
        description(operators, {key: number for number, key in enumerate(generators(operators))})
    return Sweep(
        checkpoint, tensors, bound(*operators), p, executor=executor, results=results, ahead=ahead, waits=waits
    )


@final
class Sweep:
    """An iterable of the rows of each tensor, one for each assignment and in its words, otherwise as ``sweep``.

    ``computed`` and ``found`` count the tensors done so far.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        tensors: Iterable[TensorInfo],
        assignments: Sequence[Assignment],
        p: float = 2.0,
        *,
        executor: Executor | None = None,
        results: Path | None = None,
        ahead: int = AHEAD,
        waits: Callable[[int], None] = lambda count: None,
        tolerates: Callable[[TensorInfo, InputRefused], bool] = lambda info, refusal: False,
    ) -> None:
        """Nothing is read yet; a tensor whose refusal is tolerated has no rows."""
        self.computed = self.found = 0
        self._checkpoint, self._tensors, self._p = checkpoint, tuple(tensors), p
        self._assignments = tuple(assignments)
        self._uniform = all(one.uniform for one in self._assignments)
        self._executor, self._waits, self._tolerates = executor, waits, tolerates
        self._results = None if results is None else _below(results)
        self._ahead = 1 if executor is None else ahead
        self._wanted = sum(info.size for info in self._tensors) // SHARES

    def __len__(self) -> int:
        return len(self._tensors)

    def __iter__(self) -> Iterator[list[Row]]:
        if self._here:
            compiled(len(self._assignments) * sum(info.size for info in self._tensors))  # what is to come in all
        early: dict[int, list[Row]] = {}
        following = 0
        for index, done in self._any_order():
            self.computed += done.computed and bool(done.rows)
            self.found += not done.computed
            early[index] = list(done.rows) if self._uniform else self._in_words(done.rows)
            while following in early:
                yield early.pop(following)
                following += 1

    def _in_words(self, rows: Sequence[Row]) -> list[Row]:
        return [row.spelled(*one.words) for row, one in zip(rows, self._assignments, strict=True)]

    def _any_order(self) -> Iterator[tuple[int, Done]]:
        pending, foreign = deque(self._runs()), deque[range]()
        ready, running = deque[Ordered](), dict[Future[Any], Ordered]()
        told = False
        with nullcontext() if self._results is None else self._results.shared() as leases:
            try:
                while pending or ready or running or foreign:
                    while (ready or pending) and len(running) < self._ahead:
                        if ready:
                            asked = ready.popleft()
                            if asked.by.done is None:
                                running[self._submit(asked.work)] = asked
                            continue
                        run = pending.popleft()
                        if len(run) > 1:
                            batch = self._batch([self._tensors[index].name for index in run])
                            ready.extend(Underway(run, "", at_once(batch)).start())
                            continue
                        task = self._task(self._tensors[run.start].name)
                        rows = self._results and self._results.of_file(task.key, self._checkpoint.signature)
                        if rows:
                            if leases:
                                leases.tidy(task.key)
                            yield run.start, Done(rows, computed=False)
                        elif leases and not leases.take(task.key):
                            foreign.append(run)
                        else:
                            ready.extend(Underway(run, task.key, self._job(task)).start())
                    finished = wait(running, POLL if foreign else None, FIRST_COMPLETED).done if running else ()
                    if foreign and not running:
                        if not told:
                            self._waits(len(foreign))
                        told = True
                        time.sleep(POLL)
                    for future in finished:
                        asked = running[future]
                        one, run = asked.by, asked.by.run
                        if one.done is not None:  # given up before this came
                            del running[future]
                            continue
                        try:
                            ready.extend(self._after(asked, future, running))
                        except InputRefused as refusal:
                            if len(run) == 1 and not self._tolerates(self._tensors[run.start], refusal):
                                raise
                            one.give_up()
                            for other in (other for other, its in running.items() if its.by is one):
                                other.cancel()
                            pending.extendleft(range(at, at + 1) for at in reversed(run) if len(run) > 1)
                            if len(run) == 1:
                                yield run.start, Done((), computed=True)
                        del running[future]
                        if one.done is not None:
                            if leases and one.key:
                                leases.release(one.key)
                            yield from zip(run if one.done else (), one.done, strict=True)
                    pending.extend(foreign)
                    foreign.clear()
            finally:
                for future in running:
                    future.cancel()

    def _runs(self) -> Iterator[range]:
        """Tensors that are computed together: small ones of one shape and type, unless results are kept or drawn."""
        alone = self._results is not None or not self._uniform
        at = 0
        for (shape, _), same in groupby(self._tensors, key=lambda info: (info.shape, info.dtype)):
            end, size = at + len(list(same)), math.prod(shape)
            step = 1 if alone or not 0 < size <= SMALL else STACK // size
            yield from (range(begin, min(begin + step, end)) for begin in range(at, end, step))
            at = end

    def _batch(self, names: list[str]) -> Batch:
        path = self._checkpoint.path.absolute()
        return Batch(path, tuple(names), self._views(names), self._grid(names[0]), self._p, self._asking, engine_name())

    def _task(self, name: str) -> Task:
        grid = self._grid(name)
        key = "" if self._results is None else self._key(name, grid)
        path = self._checkpoint.path.absolute()
        return Task(path, name, self._views([name]), grid, self._p, key, self._asking, engine_name(), self._results)

    @property
    def _here(self) -> bool:
        """The tasks stay in this process."""
        return self._executor is None or isinstance(self._executor, ThreadPoolExecutor)

    @property
    def _asking(self) -> str:
        """The program that workers elsewhere must run."""
        return "" if self._here else program()

    def _views(self, names: Sequence[str]) -> Views:
        known = self._checkpoint.views
        files = dict.fromkeys(map(self._checkpoint.origin, names)) if known else ()
        return tuple((name, known[name]) for name in files if name in known)

    def _grid(self, name: str) -> tuple[Pair, ...]:
        try:
            return tuple(one.of(name) for one in self._assignments)
        except CheckpointError:  # of another file, which it names
            raise
        except ValueError:
            with about(str(self._checkpoint.path)):
                raise

    def _key(self, name: str, grid: tuple[Pair, ...]) -> str:
        """What the results of a tensor are kept under: all that they depend on but its entries."""
        numbers = {key: number for number, key in enumerate(generators(grid))}
        seeds = [one.seeds for one in self._assignments]
        asked: list[object] = [program(), description(grid, numbers), seeds, float(self._p), name]
        asked += ["quantized"] if self._checkpoint.info(name).quantized else []
        asked += [str(view) for _, view in self._views([name])]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:32]

    def _job(self, task: Task) -> Job:
        try:
            return job_of(task, self._checkpoint, self._wanted)
        except ValueError:  # which the task says in its own words
            return at_once(task)

    def _submit(self, task: Work) -> "Future[Any]":
        if self._executor is None:
            return _now(lambda: task.on(self._checkpoint))
        try:
            if isinstance(self._executor, ThreadPoolExecutor):
                return self._executor.submit(task.on, self._checkpoint)
            return self._executor.submit(task.run)
        except RuntimeError as error:  # an executor that broke, or was shut down, before this task
            return _now(partial(_fail, error))

    def _after(self, asked: Ordered, future: "Future[Any]", running: dict["Future[Any]", Ordered]) -> Iterator[Ordered]:
        """The work that follows from what a future holds."""
        try:
            return asked.by.take(asked.place, future.result())
        except ValueError:
            raise
        except BrokenExecutor as error:
            names = ", ".join(dict.fromkeys(other.work.what for other in running.values()))
            raise WorkerFailed(f"{self._checkpoint.path}: a worker died; it had one of the tensors {names}") from error
        except Exception as error:
            gone = "its executor or scheduler is gone" if isinstance(error, CancelledError) else str(error)
            where = f"{self._checkpoint.path}: tensor {asked.work.what}"
            raise WorkerFailed(f"{where}: {type(error).__name__}: {gone}") from error


def _below(folder: Path) -> "Results":
    """The results that are kept in a folder."""
    from sqtheory.execution.results import Results

    return Results(folder.absolute())


def _now(compute: Callable[[], Any]) -> "Future[Any]":
    """A future that is finished already."""
    future: Future[Any] = Future()
    try:
        future.set_result(compute())
    except Exception as error:
        future.set_exception(error)
    return future


def _fail(error: Exception) -> Any:
    raise error
