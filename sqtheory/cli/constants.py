"""``sqtheory constants``: the sharp constants of every shipped quantizer."""

import argparse

from sqtheory.cli.options import Verbs
from sqtheory.cli.printing import print_json


def add(verbs: Verbs) -> None:
    """Describe the verb."""
    parser = verbs.add_parser(
        "constants",
        help="list the sharp constants of every shipped quantizer",
        description="For every shipped quantizer, computed exactly from its definition: by how much a swap of "
        "quantize-then-sparsify can exceed the sum of both errors (theorem swap_constant) and S→Q itself, how often "
        "and how far the block maximum saturates (theorem saturation), and a block that separates the orders for "
        "each of the masks 1:2, 2:4, 4:8 (theorem quantize_first_separation).",
    )
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--markdown", action="store_true", help="print Markdown")
    shape.add_argument("--json", action="store_true", help="print one JSON object, schema sqtheory.constants/1")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the table."""
    from sqtheory.theory.constants import table as sharp_constants

    table = sharp_constants()
    if arguments.json:
        listed = [dict(zip(table.header, row, strict=True)) for row in table.rows]
        print_json({"schema": "sqtheory.constants/1", "constants": listed})
    else:
        print(table.markdown() if arguments.markdown else table.text())
    return 0
