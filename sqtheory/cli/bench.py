"""``sqtheory bench``: what every operation costs on this machine, as a multiple of copying its input."""

import argparse
from typing import TYPE_CHECKING

from sqtheory.cli.options import add_engine, count
from sqtheory.cli.verb import MARKDOWN_TABLE, Document, Verb, json_of

if TYPE_CHECKING:
    from sqtheory.bench import SpeedCheck, Timings

DESCRIPTION = """\
Time images, masks, a chain with its error and the report of two orders on one thread, into memory that exists.

Each case is a multiple of a copy of its input, timed in the same round: the median over the rounds and the quartiles.
Beside it stand its goal, the same by definition on whole arrays, and the packages ml_dtypes and gfloat, where they
are installed. Times are processor time of the thread; a busy machine still makes them longer, by its caches.

With --check a case is compared with its definition and a copy, and a forward pass of vit-dense and of lm-dense with
its matrix products alone, all of them by turns, the least time of each: 1 only if something is far off, as a kernel
that is slower than its definition, whatever the machine."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("case", nargs="*", metavar="CASE", help="only these cases, as the table names them")
    parser.add_argument("--check", action="store_true", help="say only whether something is far off (half a minute)")
    parser.add_argument("--size", type=count, metavar="N", help="entries (16777216; with --check 4194304)")
    parser.add_argument("--rounds", type=count, metavar="N", help="rounds (9; with --check 5)")
    add_engine(parser)


def run(arguments: argparse.Namespace) -> Document:
    """Measure and print; 1 if a goal is missed, with ``--check`` if one is missed by far."""
    from sqtheory.bench import CASES, PASSES, check, measure

    known = (*CASES, *(PASSES if arguments.check else ()))
    names = arguments.case or known
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"there is no case {unknown[0]!r}: known are {', '.join(known)}")
    cases = [CASES[name] for name in names if name in CASES]
    asked = {key: value for key in ("size", "rounds") if (value := getattr(arguments, key)) is not None}
    if arguments.check:
        found = check(cases, [PASSES[name] for name in names if name in PASSES], **asked)
        return _document("sqtheory.bench-check/1", found, found.held)
    report = measure(cases, **asked)
    return _document("sqtheory.bench/1", report, all(m.held for m in report.measured))


def _document(schema: str, found: "SpeedCheck | Timings", held: bool) -> Document:
    return Document(schema, found.to_dict, lambda render: render(found.table()), 0 if held else 1)


VERB = Verb(
    name="bench",
    help="time the operations on this machine",
    description=DESCRIPTION,
    options=add_options,
    forms=(json_of("sqtheory.bench/1", "sqtheory.bench-check/1"), MARKDOWN_TABLE),
    run=run,
)
