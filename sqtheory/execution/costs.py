"""What a sweep costs: time and memory as functions of size, and what follows for checkpoints that are not here.

Everything in this file is computed from measured numbers and stated assumptions; nothing is measured here.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np


@final
@dataclass(frozen=True)
class Sample:
    """One tensor on one worker: median seconds to read and compare it, and bytes it needs beyond the idle process."""

    entries: int
    block: int
    """Entries that share a scale."""
    seconds: float
    extra: float


@final
@dataclass(frozen=True)
class Rate:
    """Many tensors on so many workers: entries a second, all workers together."""

    kind: str
    """``threads``, ``processes``, ``shared folder`` or ``dask``."""
    workers: int
    speed: float


@final
@dataclass(frozen=True)
class Straight:
    """y = start + slope·n, fitted to points; ``worst`` is the largest relative error at one of them."""

    start: float
    slope: float
    worst: float

    def at(self, n: float) -> float:
        """The value at n."""
        return self.start + self.slope * n


@final
@dataclass(frozen=True)
class Machine:
    """A machine as it was measured."""

    samples: tuple[Sample, ...]
    rates: tuple[Rate, ...]
    idle: float
    """Bytes of a process that has imported everything and holds no tensor."""

    held: int | None = None
    """Entries of a tensor that are in memory at most, if larger ones are read piece by piece."""

    def of_block(self, block: int) -> tuple[Sample, ...]:
        """The samples of one block size, small tensors first."""
        return tuple(sorted((s for s in self.samples if s.block == block), key=lambda s: s.entries))

    @property
    def block(self) -> int:
        """The block size that was measured for most sizes of tensors."""
        blocks = [s.block for s in self.samples]
        return max(blocks, key=blocks.count)

    @property
    def seconds(self) -> Straight:
        """Seconds a tensor takes on one worker, by its entries."""
        return fitted([(s.entries, s.seconds) for s in self.of_block(self.block)])

    @property
    def extra(self) -> Straight:
        """Bytes that a worker needs for a tensor, by its entries."""
        return fitted([(s.entries, s.extra) for s in self.of_block(self.block)])

    def efficiency(self, rate: Rate) -> float:
        """Speed of so many workers over that of as many single ones."""
        alone = next(r.speed for r in self.rates if r.workers == 1 and r.kind == rate.kind)
        return rate.speed / (rate.workers * alone)

    @property
    def best(self) -> Rate:
        """The fastest kind and number of workers."""
        return max(self.rates, key=lambda r: r.speed)


@final
@dataclass(frozen=True)
class CheckpointSize:
    """A checkpoint that is not here: how many parameters in how many tensors, and the largest of them."""

    name: str
    parameters: int
    tensors: int
    largest: int
    kind: str
    """What it is modelled on."""


MODELS = (
    CheckpointSize("8 B", 8_000_000_000, 224, 14336 * 4096, "32 layers of 7 matrices, the largest 14336×4096"),
    CheckpointSize("70 B", 70_000_000_000, 560, 28672 * 8192, "80 layers of 7 matrices, the largest 28672×8192"),
    CheckpointSize(
        "1 T", 1_000_000_000_000, 70_000, 18432 * 7168, "a mixture of 23 000 experts, the largest 18432×7168"
    ),
)
MACHINES = (1, 8, 64)
STORED = 2
"""Bytes of a stored parameter."""


@final
@dataclass(frozen=True)
class Projection:
    """Bounds for a sweep of one pipeline over a model on so many machines."""

    model: CheckpointSize
    machines: int
    workers: int
    """On each machine."""
    seconds: float
    """At most, if the assumptions hold: reading and computing do not overlap."""
    reading: float
    longest: float
    """Seconds of the largest tensor on one worker."""
    memory: float
    """Bytes on one machine when every worker has the largest tensor."""


def fitted(points: Sequence[tuple[float, float]]) -> Straight:
    """The line of least squared relative errors to points (n, y), all positive, among those that never fall below 0.

    Raises ValueError unless the points have two different n.
    """
    if len({n for n, _ in points}) < 2:
        raise ValueError(f"a line needs points at two places, got {len(points)} points")
    n, y = np.array(points, np.float64).T
    least: list[tuple[float, float, float]] = []
    for columns in ([1 / y, n / y], [1 / y, 0 * n], [0 * n, n / y]):
        start, slope = np.linalg.lstsq(np.stack(columns, axis=1), np.ones_like(y), rcond=None)[0]
        if start >= 0 and slope >= 0:
            residual = (start + slope * n) / y - 1
            least.append((float(residual @ residual), float(start), float(slope)))
    _, start, slope = min(least)
    return Straight(start, slope, float(np.max(np.abs((start + slope * n) / y - 1))))


def project(measured: Machine, model: CheckpointSize, machines: int, storage: float) -> Projection:
    """Time and memory for a model on machines like the measured one, each reading ``storage`` bytes a second.

    With m workers in all, W the sum and L the largest of the times of the tensors on one worker, any order in
    which no worker idles while tensors wait ends by W/m + (1 − 1/m)·L (list scheduling). All times are
    divided by the efficiency of a machine's workers.
    """
    if not (machines >= 1 and storage > 0):
        raise ValueError(f"needed a machine and a positive speed of storage, got {machines} and {storage}")
    best = measured.best
    slow = 1 / measured.efficiency(best)
    each = measured.seconds
    work = slow * (each.start * model.tensors + each.slope * model.parameters)
    longest = slow * each.at(model.largest)
    slots = machines * best.workers
    reading = model.parameters * STORED / (machines * storage)
    copies = 1 if best.kind == "threads" else best.workers
    held = min(model.largest, measured.held or model.largest)
    memory = copies * measured.idle + best.workers * measured.extra.at(held)
    total = work / slots + (1 - 1 / slots) * longest + reading
    return Projection(model, machines, best.workers, total, reading, longest, memory)


def assumptions(measured: Machine, storage: float) -> list[str]:
    """What a projection takes for granted, in sentences."""
    best, seconds, extra = measured.best, measured.seconds, measured.extra
    largest = max(s.entries for s in measured.samples)
    return [
        f"A tensor of n entries takes {1e3 * seconds.start:.3g} ms + {1e9 * seconds.slope:.3g} ns·n on one worker "
        f"and {extra.start / 2**20:.3g} MiB + {extra.slope:.3g} bytes·n of memory: fitted to tensors of up to "
        f"2^{math.log2(largest):.3g} entries, within {seconds.worst:.0%} and {extra.worst:.0%}.",
        f"Every machine is like this one and computes {best.workers} at once ({best.kind}), at "
        f"{measured.efficiency(best):.0%} of the speed of as many alone; machines do not slow each other down.",
        f"Every parameter is compared once, under one mask and one format, and stored in {STORED} bytes, which each "
        f"machine reads at {storage / 1e9:g} GB/s, not while it computes.",
        "Large tensors are cut into pieces, which only shortens the time and is left out: every worker may have one"
        + (f", of which it holds at most {measured.held} entries." if measured.held else "."),
        *(f"{model.name}: {model.tensors} tensors ({model.kind})." for model in MODELS),
    ]
