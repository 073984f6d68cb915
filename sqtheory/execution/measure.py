"""Measuring what a sweep costs on this machine: synthetic tensors in files, a fresh process for every sample."""

import multiprocessing
import os
import re
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from sqtheory.alphabet.kernels import Engine, engine, engine_name
from sqtheory.alphabet.partition import Blocks
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.execution.costs import Machine, Rate, Sample
from sqtheory.execution.rates import rates
from sqtheory.execution.sweeping import sweep
from sqtheory.execution.synthetic import write_normal
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.files.checkpoints.stored import LARGE
from sqtheory.orders import fused
from sqtheory.orders.pair import Pair

ROUNDS = 3
"""Timings of which the median counts."""
WIDTH = 1024
"""Entries in a row of a synthetic tensor."""
MANY = 8
"""Tensors that several workers share."""


def measure(
    s: Sparsifier, q: Quantizer, sizes: Sequence[int], blocks: Sequence[int], workers: Sequence[int]
) -> Iterator[str | Machine]:
    """Time and memory by size, by block size of ``q`` and by number of workers; names of steps, then the result.

    ``sizes``: entries of the tensors, multiples of 1024; the second largest is used for blocks and workers.
    """
    typical = sorted(sizes)[-2]
    own = q.partition.run or typical
    plan = [(own, q, n) for n in sorted(sizes)]
    plan += [(b, replace(q, partition=Blocks(b)), typical) for b in blocks if b != own]
    samples: list[Sample] = []
    reached: list[Rate] = []
    idle = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for block, operator, n in plan:
            yield f"2^{n.bit_length() - 1} entries in blocks of {block}"
            path = write_normal(Path(folder) / f"{n}.safetensors", 1, n // WIDTH, WIDTH, "F16")
            idle, seconds, extra = _afresh(path, s, operator)
            samples.append(Sample(n, block, seconds, extra))
        path = write_normal(Path(folder) / "many.safetensors", MANY, typical // WIDTH, WIDTH, "F16")
        for step in rates(path, s, q, MANY * typical, workers):
            if isinstance(step, Rate):
                reached.append(step)
            else:
                yield step
    streams = fused.counts_of(np.ones((fused.LEAST // WIDTH, WIDTH), np.float32), Pair(s, q), 2.0) is not None
    yield Machine(tuple(samples), tuple(reached), idle, LARGE if streams else None)


def one(path: Path, s: Sparsifier, q: Quantizer, name: Engine) -> tuple[float, float, float]:
    """Bytes of this process before, median seconds and peak bytes more while it works on the one tensor of a file."""
    _forget_peak()
    idle, seconds = _memory("VmRSS"), []
    with engine(name), open_checkpoint(path) as checkpoint:
        for _ in range(ROUNDS):
            start = time.perf_counter()
            list(sweep(checkpoint, checkpoint.tensors, [s], [q]))
            seconds.append(time.perf_counter() - start)
    return idle, statistics.median(seconds), max(_memory("VmHWM") - idle, 1.0)


def _afresh(path: Path, s: Sparsifier, q: Quantizer) -> tuple[float, float, float]:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(one, path, s, q, engine_name()).result()


def _memory(field: str) -> float:
    """VmRSS or VmHWM of this process in bytes: the memory it holds, and the most it ever held."""
    status = Path("/proc/self/status")
    if status.exists():
        [found] = re.findall(rf"^{field}:\s+(\d+) kB$", status.read_text(encoding="ascii"), re.MULTILINE)
        return 1024.0 * int(found)
    import resource
    import sys

    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * (1 if sys.platform == "darwin" else 1024)


def _forget_peak() -> None:
    """Let the peak of this process start from what it holds now, where the system can."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        pass


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
