"""``sqtheory bench``: what every operation costs on this machine, as a multiple of copying its input."""

import argparse
from typing import TYPE_CHECKING

from sqtheory.cli.options import Verbs, add_engine, count
from sqtheory.cli.printing import print_json

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


def add(verbs: Verbs) -> None:
    """Describe the verb."""
    parser = verbs.add_parser(
        "bench",
        help="time the operations on this machine",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("case", nargs="*", metavar="CASE", help="only these cases, as the table names them")
    parser.add_argument("--check", action="store_true", help="say only whether something is far off (half a minute)")
    parser.add_argument("--size", type=count, metavar="N", help="entries (16777216; with --check 4194304)")
    parser.add_argument("--rounds", type=count, metavar="N", help="rounds (9; with --check 5)")
    add_engine(parser)
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument(
        "--json", action="store_true", help="print one JSON object, schema sqtheory.bench/1 or sqtheory.bench-check/1"
    )
    shape.add_argument("--markdown", action="store_true", help="print a Markdown table")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
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
        _print(arguments, "sqtheory.bench-check/1", found)
        return 0 if found.held else 1
    report = measure(cases, **asked)
    _print(arguments, "sqtheory.bench/1", report)
    return 0 if all(m.held for m in report.measured) else 1


def _print(arguments: argparse.Namespace, schema: str, found: "SpeedCheck | Timings") -> None:
    if arguments.json:
        print_json({"schema": schema, **found.to_dict()})
    else:
        print(found.markdown() if arguments.markdown else found)
