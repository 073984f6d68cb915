"""``sqtheory scaling``: what a sweep costs here, and what it would cost on large checkpoints and many machines."""

import argparse
import os
import platform
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from sqtheory.cli import options
from sqtheory.cli.verb import MARKDOWN_TABLES, Document, Verb, json_of
from sqtheory.version import __version__

if TYPE_CHECKING:
    from sqtheory.execution.costs import Machine, Projection
    from sqtheory.tables import Table

BLOCKS = (16, 32, 64, 128)
STORAGE = 1.0

DESCRIPTION = """\
Measure time and memory of one mask with one format on synthetic normal tensors, by size, by block size and
by number of workers, each sample in a process of its own; fit a line to each; and project the sweep of
checkpoints of 8 B, 70 B and 1 T parameters on 1, 8 and 64 machines like this one, with the assumptions."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("--mask", default="2:4", metavar="MASK", help="default 2:4")
    parser.add_argument("--format", default="mxfp4", metavar="FORMAT", help="default mxfp4")
    options.add_engine(parser)
    options.add_seed(parser, "seed of what spellings call rng (0)")
    parser.add_argument(
        "--exponents",
        type=_exponents,
        default=(14, 16, 18, 20, 22),
        metavar="N,N,...",
        help="measure tensors of 2^N entries (14,16,18,20,22)",
    )
    parser.add_argument("--workers", type=options.count, default=None, metavar="N", help="at most (all processors)")
    parser.add_argument(
        "--storage", type=_speed, default=STORAGE, metavar="GB/s", help="what a machine reads in a second (1)"
    )


def run(arguments: argparse.Namespace) -> Document:
    """Measure, fit, project, print."""
    import numpy as np

    from sqtheory.alphabet.kernels import engine_name
    from sqtheory.execution.costs import MACHINES, MODELS, Machine, assumptions, project
    from sqtheory.execution.measure import cores, measure

    s, [q], _ = options.operators(arguments)
    most = arguments.workers or cores()
    counts = sorted({most, *(2**k for k in range(most.bit_length()))})
    sizes = [2**n for n in arguments.exponents]
    for step in measure(s, q, sizes, BLOCKS, counts):
        if isinstance(step, Machine):
            measured = step
        elif sys.stderr.isatty():
            print(f"\r\033[Kmeasuring {step}", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    storage = 1e9 * arguments.storage
    projected = [project(measured, model, machines, storage) for model in MODELS for machines in MACHINES]
    said = assumptions(measured, storage)
    busy = f"load {os.getloadavg()[0]:.1f}, " if hasattr(os, "getloadavg") else ""
    system = f"{busy}{platform.machine()}, {platform.system()}"
    here = f"{system}, Python {platform.python_version()}, numpy {np.__version__}"
    tables = [_sizes(measured, f"{s} with {q}"), _rates(measured), _projected(projected)]
    about = f"sqtheory {__version__} on {cores()} processors, {here}, engine {engine_name()}."
    assumed = "Assumptions:\n" + "\n".join(f"- {line}" for line in said)
    return Document(
        "sqtheory.scaling/1",
        lambda: {
            "version": __version__,
            "engine": engine_name(),
            "machine": {"processors": cores(), "system": here},
            "mask": str(s),
            "format": str(q),
            "measured": asdict(measured),
            "fitted": {"seconds": asdict(measured.seconds), "extra": asdict(measured.extra)},
            "projected": [asdict(p) for p in projected],
            "assumptions": said,
        },
        lambda render: "\n\n".join([about, *map(render, tables), assumed]),
    )


def _sizes(measured: "Machine", title: str) -> "Table":
    from sqtheory.tables import Table

    rows = tuple(
        (
            str(s.entries),
            str(s.block),
            f"{1e3 * s.seconds:.4g}",
            f"{1e9 * s.seconds / s.entries:.4g}",
            f"{s.extra / 2**20:.4g}",
            f"{s.extra / s.entries:.4g}",
        )
        for s in measured.samples
    )
    return Table(("entries", "block", "ms", "ns/entry", "MiB more", "bytes/entry"), rows, title)


def _rates(measured: "Machine") -> "Table":
    from sqtheory.tables import Table

    rows = tuple(
        (r.kind, str(r.workers), f"{r.speed / 1e6:.4g}", f"{100 * measured.efficiency(r):.3g}%") for r in measured.rates
    )
    return Table(("workers", "number", "Mentries/s", "efficiency"), rows, "many tensors at once")


def _projected(projected: "list[Projection]") -> "Table":
    from sqtheory.tables import Table

    rows = tuple(
        (
            p.model.name,
            str(p.machines),
            str(p.machines * p.workers),
            _duration(p.seconds),
            _duration(p.reading),
            _duration(p.longest),
            f"{p.memory / 2**30:.3g}",
        )
        for p in projected
    )
    header = ("parameters", "machines", "workers", "at most", "of it reading", "largest tensor", "GiB a machine")
    return Table(header, rows, "projection")


def _duration(seconds: float) -> str:
    """A time in the unit that suits it."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def _exponents(text: str) -> tuple[int, ...]:
    found = sorted({int(part) for part in text.split(",") if part.strip().isdecimal()})
    if len(found) < 2 or not 10 <= found[0] <= found[-1] <= 34 or len(found) < len(text.split(",")):
        raise argparse.ArgumentTypeError(f"needed two or more different numbers from 10 to 34, got {text!r}")
    return tuple(found)


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise argparse.ArgumentTypeError(f"needed a positive number of GB/s, got {text!r}")
    return speed


VERB = Verb(
    name="scaling",
    help="measure what a sweep costs on this machine and project it to large checkpoints",
    description=DESCRIPTION,
    options=add_options,
    forms=(json_of("sqtheory.scaling/1"), MARKDOWN_TABLES),
    run=run,
)
