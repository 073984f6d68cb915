"""Who computes: this thread, several threads or processes, a dask cluster, the ranks of an MPI job."""

import logging
import os
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, final

from sqtheory.alphabet.kernels import Engine
from sqtheory.exceptions import MissingExtra, WorkerFailed

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

Crew: TypeAlias = tuple[Executor | None, int]
"""An executor (None: the calling thread) and how many tasks it computes at once."""
PATIENCE = 15.0
"""Seconds to wait for a scheduler to answer and for its first worker."""


class Workers(ABC):
    """A way to run tasks."""

    @abstractmethod
    def crew(self) -> AbstractContextManager[Crew]:
        """An executor to use inside a ``with``; on the way out, what has not begun is cancelled."""


@final
@dataclass(frozen=True)
class Threads(Workers):
    """So many threads of this process; for one, the calling thread. An interrupt does not wait for them."""

    count: int = 1

    def crew(self) -> AbstractContextManager[Crew]:
        return nullcontext((None, 1)) if self.count == 1 else _threads(self.count)


@final
@dataclass(frozen=True)
class Processes(Workers):
    """So many processes on this machine, started afresh, which end with this one and leave interrupts to it."""

    count: int = 1

    def crew(self) -> AbstractContextManager[Crew]:
        return _processes(self.count)


@final
@dataclass(frozen=True)
class Dask(Workers):
    """The workers of a dask cluster, by the address of its scheduler.

    They must see the checkpoint, and the folder of results if there is one, under the same paths.
    """

    address: str

    def crew(self) -> AbstractContextManager[Crew]:
        return _dask(self.address)


@final
@dataclass(frozen=True)
class Mpi(Workers):
    """The ranks of this MPI job but the first (``mpiexec -n 5 python -m mpi4py.futures -m sqtheory …``)."""

    def crew(self) -> AbstractContextManager[Crew]:
        return _mpi()


def workers(text: str, count: int | None = None) -> Workers:
    """Read ``threads``, ``processes``, ``dask:ADDRESS`` or ``mpi``; ``count`` (1) is for the first two only."""
    kind, _, address = text.partition(":")
    known = {"threads": Threads(count or 1), "processes": Processes(count or 1), "mpi": Mpi()}
    found = Dask(address) if kind == "dask" and address else known.get(text)
    if found is None:
        raise ValueError(f"an executor is threads, processes, dask:ADDRESS or mpi, got {text!r}")
    if count is not None and isinstance(found, Dask | Mpi):
        raise ValueError(f"{text} has its own number of workers: leave --workers out")
    return found


def suited(engine: Engine, count: int | None) -> str:
    """The kind that scales: threads under compiled loops, which hold no lock; else processes, if there are several."""
    return "threads" if engine == "numba" or (count or 1) == 1 else "processes"


@contextmanager
def _threads(count: int) -> Iterator[Crew]:
    executor, patient = ThreadPoolExecutor(count), True
    try:
        yield executor, count
    except KeyboardInterrupt:
        patient = False
        raise
    finally:
        executor.shutdown(wait=patient, cancel_futures=True)


@contextmanager
def _processes(count: int) -> Iterator[Crew]:
    """An interrupt ends the workers amid what they compute, as the death of this process does."""
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    afresh = multiprocessing.get_context("spawn")
    end, here = afresh.Pipe(duplex=False)
    with end, here, _pool(ProcessPoolExecutor(count, afresh, _follow_parent, (end,)), count) as crew:
        try:
            yield crew
        except KeyboardInterrupt:
            here.close()
            raise


@contextmanager
def _pool(executor: Executor, count: int) -> Iterator[Crew]:
    try:
        yield executor, count
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _follow_parent(end: "Connection") -> None:
    """Leave interrupts to the parent, and end when it closes its side, which it does when it is killed as well."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_after, args=(end,), name="parent", daemon=True).start()


def _end_after(end: "Connection") -> None:
    end.poll(None)
    os._exit(1)


@contextmanager
def _dask(address: str) -> Iterator[Crew]:
    try:
        from distributed import Client
    except ImportError as error:
        raise MissingExtra("distributed", "dask", "a dask cluster") from error
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        said = f"no dask scheduler answers at {address!r} within {PATIENCE:g} s"
        raise ConnectionError(f"{said}: start one with dask-scheduler, or check the address") from error
    empty = f"the dask scheduler at {address!r} has no workers"
    with _silent("distributed", "tornado"), client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError as error:
            raise ConnectionError(f"{empty}: start dask-worker") from error
        executor, left, alone = client.get_executor(), threading.Event(), threading.Event()
        threading.Thread(target=_watch, args=(client, executor, left, alone), name="dask", daemon=True).start()
        try:
            yield executor, sum(client.nthreads().values())
        except WorkerFailed as error:
            if alone.is_set():
                raise WorkerFailed(f"{empty} any more, for {PATIENCE:g} s: start dask-worker, and run again") from error
            if client.status != "running":
                raise WorkerFailed(f"the dask scheduler at {address!r} is gone: start one, and run again") from error
            raise
        finally:
            left.set()
            executor.shutdown(wait=False)


@contextmanager
def local_dask(count: int) -> Iterator[Dask]:
    """A cluster of so many processes on this machine, which lasts as long as the ``with``. Raises MissingExtra."""
    try:
        from distributed import LocalCluster
    except ImportError as error:
        raise MissingExtra("distributed", "dask", "a dask cluster") from error
    here = {"processes": True, "host": "127.0.0.1", "dashboard_address": ":0", "silence_logs": logging.CRITICAL}
    with LocalCluster(n_workers=count, threads_per_worker=1, **here) as cluster:
        yield Dask(cluster.scheduler_address)


def _watch(client: Any, executor: Executor, left: threading.Event, alone: threading.Event) -> None:
    """Give up what is asked of a cluster that has had no worker for some time; it would be waited for without end."""
    last = time.monotonic()
    while not left.wait(1.0):
        try:
            if client.nthreads():
                last = time.monotonic()
        except Exception:  # the scheduler is gone, which cancels all that is asked of it
            last = time.monotonic()
        if time.monotonic() - last > PATIENCE:
            alone.set()
            executor.shutdown(wait=False)
            return


@contextmanager
def _silent(*names: str) -> Iterator[None]:
    """Nothing is logged by these packages, which tell in many lines what is raised as one."""
    known = [logging.getLogger(n) for n in list(logging.root.manager.loggerDict) if n.split(".")[0] in names]
    talking = [logger for logger in known if not logger.disabled]
    for logger in talking:
        logger.disabled = True
    try:
        yield
    finally:
        for logger in talking:
            logger.disabled = False


@contextmanager
def _mpi() -> Iterator[Crew]:
    try:
        from mpi4py.futures import MPIPoolExecutor
    except ImportError as error:
        raise MissingExtra("mpi4py", "mpi", "an MPI job") from error
    executor = MPIPoolExecutor()
    executor.bootup()
    with _pool(executor, executor.num_workers) as crew:
        yield crew
