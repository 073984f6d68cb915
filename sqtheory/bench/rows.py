"""The rows of ``sqtheory bench`` with what is meant of each: a ratio within a build, a ratio to another build."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias, final

from sqtheory.bench.comparison import Line
from sqtheory.bench.figures import (
    EIGHTH,
    FILE,
    OUT,
    PACKED,
    SIZE,
    SMALL,
    Command,
    Elapsed,
    Figure,
    Fixed,
    Memory,
    Processor,
    Told,
)

Read: TypeAlias = Callable[[Figure], float | None]
"""Reads a figure off what a build took."""
MATRICES = 8
"""In the file on which verbs work."""
FORMATS = ("mxfp4", "mxfp8", "nvfp4", "hbfp8", "hbfp4", "int8", "int4", "nf4", "int(4, scaling=halfrange)")
MASKS = ("2:4", "50%")
MODELS = ("vit-dense", "lm-dense")
SPEEDUPS = MappingProxyType({2: 1.8, 16: 12.0})
"""How many times as fast so many workers are meant to be."""


@final
@dataclass(frozen=True)
class BenchRow:
    """One line: a figure, over another, and what the two ratios are meant to stay under."""

    name: str
    own: Figure
    against: str
    """What the figure is divided by, in words."""
    other: Figure
    at_most: float | None = None
    """Of own over other."""
    of_old: Mapping[str, float] = field(default_factory=dict)
    """Of this build over the old one, by engine; nothing is stated for an engine that is not named."""

    def line(self, engine: str, new: Read, old: Read | None = None) -> Line:
        """What it came to; the old build may not know what the figures need."""
        own, other = new(self.own), new(self.other)
        if own is None or other is None:
            raise ValueError(f"{self.name} was not measured in this build")
        before, base = (old(self.own), old(self.other)) if old else (None, None)
        unit, scale = self.own.scale
        return Line(
            self.name,
            own / scale,
            unit,
            self.against,
            own / other,
            self.at_most,
            None if before is None else before / scale,
            None if before is None or base is None else before / base,
            self.of_old.get(engine) if old else None,
        )


def _verb(*words: str, after: Command | None = None, engine: bool = True) -> Command:
    return Command(("-m", "sqtheory", *words), engine, after)


def _order(*words: str, masks: tuple[str, ...] = ("2:4",), formats: tuple[str, ...] = ("mxfp4",)) -> Command:
    asked = [word for m in masks for word in ("--mask", m)] + [word for f in formats for word in ("--format", f)]
    return _verb("order", *(words or (FILE,)), *asked)


NUMPY = Command(("-c", "import numpy"), engine=False)
VERSION = _verb("--version", engine=False)
START, ORDER, HALF, BY_ROW = _order(SMALL), _order(), _order(masks=("50%",)), _order(masks=("top(0.5, per=row)",))
PIPELINE = ("--mask", "2:4", "--format", "mxfp4")
APPLY = _verb("apply", FILE, OUT, *PIPELINE, "--force")
PACK = _verb("apply", FILE, PACKED, *PIPELINE, "--pack", "--force")
VERIFY = _verb("verify", OUT, "--against", FILE, after=APPLY)
SMALLER = _order(EIGHTH, masks=("50%",))
KERNELS = _verb("bench", "50%", "2:4 >> mxfp8, L2 error", "--size", SIZE, "--rounds", "3", "--json")
PRODUCTS = _verb("bench", "products", "--rounds", "3", "--json")
PASSES = _verb("bench", "--check", *MODELS, "--rounds", "3", "--json")
ONCE = "order, 2:4 and mxfp4"


def rows(size: int, workers: int) -> tuple[BenchRow, ...]:
    """Every row for files of ``size`` float32 entries, and for so many workers (none beyond one: no such rows)."""
    grown = 4.0 * size / MATRICES * 7 / 8
    once, third = Processor(ORDER), {"numpy": 1 / 3, "numba": 1 / 3}
    return (
        BenchRow("--version", Processor(VERSION), "python importing numpy", Processor(NUMPY)),
        BenchRow("order, file of 100 KB", Processor(START), "a second", Fixed(1.0), 0.35),
        BenchRow(ONCE, once, "itself", once, of_old={"numpy": 1 / 2, "numba": 1 / 6}),
        BenchRow("order, 50%", Processor(HALF), ONCE, once, 1.5, {"numba": 1 / 15}),
        BenchRow("order, top(0.5, per=row)", Processor(BY_ROW), ONCE, once, 1.5),
        *(BenchRow(f"order, {f}", Processor(_order(formats=(f,))), ONCE, once, 1.5) for f in FORMATS[1:]),
        BenchRow("order, 2 masks × 9 formats", Processor(_order(masks=MASKS, formats=FORMATS)), ONCE, once, 5.0),
        BenchRow("apply", Processor(APPLY), ONCE, once, 2.0, third),
        BenchRow("apply --pack", Processor(PACK), ONCE, once, 2.0, third),
        BenchRow("verify --against", Processor(VERIFY), ONCE, once, 2.0, third),
        BenchRow("50% mask alone", Told(KERNELS, "50%"), "a copy", Fixed(1.0), 2.0),
        BenchRow("2:4 >> mxfp8 with its error", Told(KERNELS, "2:4 >> mxfp8, L2 error"), "a copy", Fixed(1.0), 3.0),
        BenchRow("sums as fp8_fast adds up", Told(PRODUCTS, "fp8_fast"), "a model on integers", Fixed(1.0), 1 / 4),
        *(BenchRow(f"logits of {m}", Told(PASSES, m), "its products", Fixed(1.0), 1.15) for m in MODELS),
        BenchRow("memory of order, 50%, beyond 1/8", Memory(HALF, SMALLER), "a tensor, beyond 1/8", Fixed(grown), 2.5),
        *(_shared(kind, workers) for kind in ("threads", "processes") if workers > 1),
    )


def _shared(kind: str, workers: int) -> BenchRow:
    """Elapsed time of so many workers over that of one."""
    words = (FILE, "--workers", str(workers), "--executor", kind)
    meant = SPEEDUPS.get(workers)
    name = f"order, {workers} {kind}, elapsed"
    return BenchRow(name, Elapsed(_order(*words)), "one worker", Elapsed(ORDER), meant and 1 / meant)
