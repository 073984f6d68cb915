"""``sqtheory masks``: the named masks."""

import argparse

from sqtheory.cli.verb import MARKDOWN, Document, Verb, json_of

ROUNDED = (
    "Kept counts are rounded up: a share f of a group of n entries keeps ⌈f·n⌉ of them, a short group of an n:m mask "
    "⌈n·size/m⌉, unless count= or tail= says otherwise. So no more is pruned than asked; order, report and apply say "
    "what share is reached."
)
"""How a share becomes a count."""


def run(arguments: argparse.Namespace) -> Document:
    """Print the table."""
    from sqtheory.alphabet import catalogue

    table = catalogue.masks()
    return Document(
        "sqtheory.masks/1",
        lambda: {"masks": [dict(zip(table.header, row, strict=True)) for row in table.rows]},
        lambda render: render(table) if arguments.markdown else f"{render(table)}\n\n{ROUNDED}",
    )


VERB = Verb(
    name="masks",
    help="list the sparsity masks",
    description="List masks as they are written on the command line, what each means and what it keeps. "
    "A percentage is the share that is pruned; ties at the cut keep the lower index unless --ties says otherwise. "
    + ROUNDED,
    forms=(MARKDOWN, json_of("sqtheory.masks/1")),
    run=run,
)
