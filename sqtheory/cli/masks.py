"""``sqtheory masks``: the named masks."""

import argparse

from sqtheory.cli.options import Verbs
from sqtheory.cli.printing import print_json

ROUNDED = (
    "Kept counts are rounded up: a share f of a group of n entries keeps ⌈f·n⌉ of them, a short group of an n:m mask "
    "⌈n·size/m⌉. So no more is pruned than asked; order, report and apply say what share is reached."
)
"""How a share becomes a count."""


def add(verbs: Verbs) -> None:
    """Describe the verb."""
    parser = verbs.add_parser(
        "masks",
        help="list the sparsity masks",
        description="List masks as they are written on the command line, what each means and what it keeps. "
        "A percentage is the share that is pruned; ties at the cut keep the lower index unless --ties says otherwise. "
        + ROUNDED,
    )
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--markdown", action="store_true", help="print Markdown")
    shape.add_argument("--json", action="store_true", help="print one JSON object, schema sqtheory.masks/1")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the table."""
    from sqtheory.alphabet import catalogue

    table = catalogue.masks()
    if arguments.json:
        listed = [dict(zip(table.header, row, strict=True)) for row in table.rows]
        print_json({"schema": "sqtheory.masks/1", "masks": listed})
    else:
        print(table.markdown() if arguments.markdown else f"{table.text()}\n\n{ROUNDED}")
    return 0
