"""``sqtheory bench``: what every operation costs on this machine, as a multiple of copying its input."""

import argparse

from sqtheory.cli.options import Verbs, add_engine, count
from sqtheory.cli.printing import print_json

DESCRIPTION = """\
Time images, masks, a chain with its error and the report of two orders on one thread, into memory that exists.

Each case is a multiple of a copy of its input, timed in the same round: the median over the rounds and the quartiles.
Beside it stand its goal, the same by definition on whole arrays, and the packages ml_dtypes and gfloat, where they
are installed. Times are processor time of the thread; a busy machine still makes them longer, by its caches."""


def add(verbs: Verbs) -> None:
    """Describe the verb."""
    parser = verbs.add_parser(
        "bench",
        help="time the operations on this machine",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("case", nargs="*", metavar="CASE", help="only these cases, as the table names them")
    parser.add_argument("--size", type=count, default=1 << 24, metavar="N", help="entries (16777216)")
    parser.add_argument("--rounds", type=count, default=9, metavar="N", help="rounds (9)")
    add_engine(parser)
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="print one JSON object, schema sqtheory.bench/1")
    shape.add_argument("--markdown", action="store_true", help="print a Markdown table")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Measure and print; 1 if a goal is missed."""
    from sqtheory.bench import CASES, measure

    if unknown := [name for name in arguments.case if name not in CASES]:
        raise ValueError(f"there is no case {unknown[0]!r}: known are {', '.join(CASES)}")
    cases = [CASES[name] for name in arguments.case or CASES]
    report = measure(cases, size=arguments.size, rounds=arguments.rounds)
    if arguments.json:
        print_json({"schema": "sqtheory.bench/1", **report.to_dict()})
    else:
        print(report.markdown() if arguments.markdown else report)
    return 0 if all(m.held for m in report.measured) else 1
