"""How fast several workers are together: threads, processes, runs that share a folder of results, a dask cluster."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

from sqtheory.alphabet.kernels import Engine, engine, engine_name
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.exceptions import WorkerFailed
from sqtheory.execution.costs import Rate
from sqtheory.execution.sweeping import sweep
from sqtheory.execution.workers import Processes, Threads, Workers, local_dask
from sqtheory.files.checkpoints import open_checkpoint

Elapsed: TypeAlias = Callable[[Path, Sparsifier, Quantizer, int], float]
"""Seconds of a sweep over the tensors of a file by so many workers that are there already."""
Span: TypeAlias = tuple[float, float]
TURNS = 3
"""Sweeps of which the least time counts: what else runs on a machine only adds to one."""
PATIENCE = 120.0
"""Seconds for which a run waits for those that share its folder."""


def rates(path: Path, s: Sparsifier, q: Quantizer, entries: int, counts: Sequence[int]) -> Iterator[str | Rate]:
    """The names of steps and what each kind of so many workers reaches on a file of ``entries`` in all."""
    for count in counts:
        for kind, elapsed in WAYS.items():
            if kind != "dask" or find_spec("distributed") is not None:
                yield f"{count} {kind}"
                yield Rate(kind, count, entries / elapsed(path, s, q, count))


def together(path: Path, s: Sparsifier, q: Quantizer, workers: Workers) -> float:
    """Seconds of a sweep whose workers are there already and have worked before, the least of a few."""
    with open_checkpoint(path) as checkpoint, workers.crew() as (executor, count):
        list(sweep(checkpoint, checkpoint.tensors[: 2 * count], [s], [q], executor=executor))
        taken = []
        for _ in range(TURNS):
            start = time.perf_counter()
            list(sweep(checkpoint, checkpoint.tensors, [s], [q], executor=executor))
            taken.append(time.perf_counter() - start)
    return min(taken)


def _threads(path: Path, s: Sparsifier, q: Quantizer, count: int) -> float:
    return together(path, s, q, Threads(count))


def _processes(path: Path, s: Sparsifier, q: Quantizer, count: int) -> float:
    return together(path, s, q, Processes(count))


def _dask(path: Path, s: Sparsifier, q: Quantizer, count: int) -> float:
    with local_dask(count) as cluster:
        return together(path, s, q, cluster)


def _folder(path: Path, s: Sparsifier, q: Quantizer, count: int) -> float:
    """From when all are ready to when the last has the results of all."""
    with tempfile.TemporaryDirectory() as shared, Processes(count).crew() as (pool, _):
        assert pool is not None
        asked = [pool.submit(_share, path, s, q, Path(shared), count, engine_name()) for _ in range(count)]
        runs: list[list[Span]] = [task.result() for task in asked]
    turns = [[run[turn] for run in runs] for turn in range(len(runs[0]))]
    return min(max(end for _, end in spans) - min(start for start, _ in spans) for spans in turns)


def _share(path: Path, s: Sparsifier, q: Quantizer, shared: Path, count: int, name: Engine) -> list[Span]:
    """When the sweeps of a run that shares a folder began, all runs being ready, and ended, on the machine's clock."""
    spans = []
    with engine(name), open_checkpoint(path) as checkpoint:
        list(sweep(checkpoint, checkpoint.tensors[:1], [s], [q]))
        for turn in range(TURNS):
            (shared / f"{os.getpid()}.{turn}").touch()
            last = time.monotonic() + PATIENCE
            while len(list(shared.glob(f"*.{turn}"))) < count:
                if time.monotonic() > last:
                    raise WorkerFailed(f"of {count} runs that share a folder not all began within {PATIENCE:g} s")
                time.sleep(0.001)
            start = time.monotonic()
            list(sweep(checkpoint, checkpoint.tensors, [s], [q], results=shared / f"results-{turn}"))
            spans.append((start, time.monotonic()))
    return spans


WAYS: dict[str, Elapsed] = {"threads": _threads, "processes": _processes, "shared folder": _folder, "dask": _dask}
"""Every kind of workers by its name; dask only where the package distributed is installed."""
