"""``sqtheory constants``: the sharp constants of every shipped quantizer, exact sums of codes, where errors cross."""

import argparse

from sqtheory.cli.verb import MARKDOWN, Document, Verb, json_of


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    asked = parser.add_mutually_exclusive_group()
    asked.add_argument(
        "--crossings",
        action="store_true",
        help="from how many bits on a mask errs more than rounding does, of normal entries on average",
    )
    asked.add_argument(
        "--sums",
        action="store_true",
        help="up to how many products of codes a sum is exact in the accumulators of tensor cores (accumulator_exact)",
    )


def run(arguments: argparse.Namespace) -> Document:
    """Print the table."""
    from sqtheory.theory.constants import table as sharp_constants
    from sqtheory.theory.exact_sums import table as exact_sums

    if arguments.crossings:
        from sqtheory.theory.expectations.crossing import crossing_table

        name, table = "crossings", crossing_table()
    else:
        name, table = ("sums", exact_sums()) if arguments.sums else ("constants", sharp_constants())
    return Document(
        "sqtheory.constants/1",
        lambda: {name: [dict(zip(table.header, row, strict=True)) for row in table.rows]},
        lambda render: render(table),
    )


VERB = Verb(
    name="constants",
    help="list the sharp constants of every shipped quantizer",
    description="For every shipped quantizer, computed exactly from its definition: by how much a swap of "
    "quantize-then-sparsify can exceed the sum of both errors (theorem swap_constant) and S→Q itself, how often "
    "and how far the block maximum saturates (theorem saturation), and a block that separates the orders for "
    "each of the masks 1:2, 2:4, 4:8 (theorem quantize_first_separation). With --sums: the largest K for which every "
    "sum of K products of codes is exact in an accumulator of a tensor core (theorem accumulator_exact), – where it "
    "holds no such codes. With --crossings: the width of integers on block maxima from which on a mask has the "
    "larger mean squared error, by a law of fine steps and by the exact expectation.",
    options=add_options,
    forms=(MARKDOWN, json_of("sqtheory.constants/1")),
    run=run,
)
