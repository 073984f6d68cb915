"""``sqtheory constants``: the sharp constants of every shipped quantizer."""

import argparse

from sqtheory.cli.verb import MARKDOWN, Document, Verb, json_of


def run(arguments: argparse.Namespace) -> Document:
    """Print the table."""
    from sqtheory.theory.constants import table as sharp_constants

    table = sharp_constants()
    return Document(
        "sqtheory.constants/1",
        lambda: {"constants": [dict(zip(table.header, row, strict=True)) for row in table.rows]},
        lambda render: render(table),
    )


VERB = Verb(
    name="constants",
    help="list the sharp constants of every shipped quantizer",
    description="For every shipped quantizer, computed exactly from its definition: by how much a swap of "
    "quantize-then-sparsify can exceed the sum of both errors (theorem swap_constant) and S→Q itself, how often "
    "and how far the block maximum saturates (theorem saturation), and a block that separates the orders for "
    "each of the masks 1:2, 2:4, 4:8 (theorem quantize_first_separation).",
    forms=(MARKDOWN, json_of("sqtheory.constants/1")),
    run=run,
)
