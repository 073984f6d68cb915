"""A build of sqtheory and what one of its commands costs as a process of its own: time, memory, what it printed."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, final

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""What libraries of matrix products read: one thread in each process."""
FINE = (0, 1)
"""Exit statuses of a command that did its work; 1 if a check of it failed."""
USAGE = 2
"""The exit status of a verb, an option or an operator that a build does not know."""


@final
@dataclass(frozen=True)
class ProcessCost:
    """A process that ended: what it took, with all that it waited for, and what it said."""

    status: int
    processor: float
    """Seconds of all cores together, for the program and for the system on its behalf."""
    elapsed: float
    """Seconds."""
    peak: int
    """Bytes that it, or the largest process that it waited for, held at most."""
    out: str = ""
    err: str = ""

    @property
    def last(self) -> str:
        """The last line of complaint."""
        return (self.err.strip().splitlines() or [f"exit status {self.status}"])[-1]


Runner: TypeAlias = Callable[[Sequence[str], Path, Path], ProcessCost]
"""Runs Python with arguments, a folder to import from and a folder to work in."""


@final
@dataclass(frozen=True)
class Build:
    """A build by the folder that holds the package, as a checkout or ``site-packages`` does."""

    name: str
    folder: Path
    old: bool = True
    """Whether it may lack what is asked of it."""

    @classmethod
    def here(cls) -> "Build":
        """The build that is running."""
        return cls("new", Path(__file__).parents[2], old=False)

    @classmethod
    def at(cls, folder: Path) -> "Build":
        """Another one. Raises ValueError for a folder that holds no package of the name."""
        if not (folder / "sqtheory" / "__main__.py").is_file():
            raise ValueError(f"{folder} holds no build of sqtheory: it has no file sqtheory/__main__.py")
        return cls("old", folder.resolve())


def spend(arguments: Sequence[str], imported: Path, folder: Path) -> ProcessCost:
    """Run Python in ``folder`` on ``arguments`` and wait for it; packages are looked for in ``imported`` first.

    Raises ValueError where the system does not tell what a process took (not a POSIX one).
    """
    if not hasattr(os, "wait4"):
        raise ValueError("this system does not tell what a process took: whole verbs cannot be timed here")
    path = os.pathsep.join([str(imported), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, **dict.fromkeys(THREADS, "1"), "PYTHONPATH": path}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *arguments], stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=folder, env=environment
        )
        _, status, used = os.wait4(process.pid, 0)
        elapsed = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        said = [stream.read().decode("utf-8", "replace") for stream in (out, err) if stream.seek(0) == 0]
    unit = 1 if sys.platform == "darwin" else 1024
    return ProcessCost(process.returncode, used.ru_utime + used.ru_stime, elapsed, unit * used.ru_maxrss, *said)
