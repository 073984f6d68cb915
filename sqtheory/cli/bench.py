"""``sqtheory bench``: what verbs and operations cost here, beside another build, a copy and other packages."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqtheory.cli.options import add_engine, count
from sqtheory.cli.verb import MARKDOWN_TABLE, Document, Verb, json_of
from sqtheory.tables import Tabular

DESCRIPTION = """\
Time whole verbs as processes on files that it writes, masks and chains as multiples of a copy, and other packages on
the same matrices, each as a ratio with what it is meant to stay under.

Times are processor time, the least of the rounds, in which all take turns. With --old PATH every process also runs in
the build that PATH holds, a checkout of another commit, and the table has new over old. What the old build does not
know is a dash. Files hold 8 matrices of float32; what is meant is stated for 134217728 entries (--size). Packages of
the extra peers (torchao and compressed-tensors under torch.compile, ml_dtypes, gfloat) are named if not installed.

With CASE, or "kernels" for all cases, only images, masks, a chain with its error and the report of two orders are
timed, on one thread of this process, into memory that exists: the median over the rounds of the multiple of a copy of
the input, timed in the same round, with quartiles, the goal, the same by definition on whole arrays, and peers.

With "products" the emulated accumulators of tensor cores are timed, in million products a second of one thread, with
the goal, beside a straightforward model on integers (--size: products of an output, 4096).

With --check a case is compared with its definition and a copy, and a forward pass of vit-dense and of lm-dense with
its matrix products alone, all of them by turns, the least time of each: 1 only if something is far off, as a kernel
that is slower than its definition, whatever the machine."""

EXAMPLES = """\
examples:
  sqtheory bench --only apply --old ../sqtheory-0.1
  sqtheory bench --engine numba --size 134217728 --rounds 5
  sqtheory bench kernels --markdown
  sqtheory bench products --engine numba
  sqtheory bench --check"""

KERNELS, PRODUCTS = "kernels", "products"
WHOLE = ("only", "old", "workers")
"""Options of the table of whole verbs alone."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("case", nargs="*", metavar="CASE", help=f"only these kernels, {KERNELS} or {PRODUCTS}")
    parser.add_argument("--check", action="store_true", help="say only whether something is far off (half a minute)")
    parser.add_argument(
        "--only", action="append", metavar="TEXT", help="only the rows whose name has this text (repeatable)"
    )
    parser.add_argument("--old", type=Path, metavar="PATH", help="another build: the folder that holds its sqtheory/")
    parser.add_argument("--workers", type=count, metavar="N", help="workers that are compared with one (2)")
    parser.add_argument("--size", type=count, metavar="N", help="entries (16777216; with --check 4194304)")
    parser.add_argument("--rounds", type=count, metavar="N", help="rounds (3; kernels 9; with --check 5)")
    add_engine(parser)


def run(arguments: argparse.Namespace) -> Document:
    """Measure and print; 1 if something is beyond what is meant, with ``--check`` if it is so by far."""
    asked = {key: value for key in ("size", "rounds") if (value := getattr(arguments, key)) is not None}
    if arguments.check or arguments.case:
        if given := [name for name in WHOLE if getattr(arguments, name) is not None]:
            raise ValueError(f"--{given[0]} is for the table of whole verbs: leave out CASE and --check")
        return _inside(arguments, asked)
    return _whole(arguments, asked)


def _inside(arguments: argparse.Namespace, asked: dict[str, Any]) -> Document:
    """The kernels, in this process."""
    from sqtheory.bench import CASES, PASSES, check, measure, measure_products

    if arguments.case == [PRODUCTS] and not arguments.check:
        named = {"length": asked.pop("size")} if "size" in asked else {}
        rates = measure_products(**named, **asked)
        return _document("sqtheory.bench-products/1", rates, rates.to_dict, rates.held)
    known = (*CASES, *(PASSES if arguments.check else ()))
    names = known if arguments.case in ([], [KERNELS]) else arguments.case
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"there is no case {unknown[0]!r}: known are {KERNELS}, {PRODUCTS}, {', '.join(known)}")
    cases = [CASES[name] for name in names if name in CASES]
    if arguments.check:
        found = check(cases, [PASSES[name] for name in names if name in PASSES], **asked)
        return _document("sqtheory.bench-check/1", found, found.to_dict, found.held)
    report = measure(cases, **asked)
    return _document("sqtheory.bench/1", report, report.to_dict, all(m.held for m in report.measured))


def _whole(arguments: argparse.Namespace, asked: dict[str, Any]) -> Document:
    """Verbs, as processes, then peers."""
    from sqtheory.bench import Bench, Build, BuildComparison

    old = None if arguments.old is None else Build.at(arguments.old)
    workers = {} if arguments.workers is None else {"workers": arguments.workers}
    bench = Bench(engine=arguments.engine, old=old, only=tuple(arguments.only or ()), **asked, **workers)
    for step in bench.steps():
        if isinstance(step, BuildComparison):
            found = step
        elif sys.stderr.isatty():
            print(f"\r\033[K{step}", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    return _document("sqtheory.bench-builds/1", found, found.to_dict, found.held)


def _document(schema: str, found: Tabular, content: Callable[[], dict[str, Any]], held: bool) -> Document:
    return Document(schema, content, lambda render: render(found.table()), 0 if held else 1)


VERB = Verb(
    name="bench",
    help="time verbs and operations on this machine, beside another build and other packages",
    description=DESCRIPTION,
    examples=EXAMPLES,
    options=add_options,
    forms=(
        json_of("sqtheory.bench/1", "sqtheory.bench-check/1", "sqtheory.bench-builds/1", "sqtheory.bench-products/1"),
        MARKDOWN_TABLE,
    ),
    run=run,
)
