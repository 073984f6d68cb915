"""``sqtheory inspect``: what a checkpoint holds."""

import argparse

from sqtheory.cli.options import CHECKPOINT_HELP, add_targets
from sqtheory.cli.progress import watched
from sqtheory.cli.verb import Document, Verb, json_of

_INSPECT, _HEADER = "sqtheory.inspect/1", "sqtheory.header/1"


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("checkpoint", metavar="CKPT", help=CHECKPOINT_HELP)
    parser.add_argument(
        "--header",
        action="store_true",
        help="names, types and shapes alone, in the order of the file: no entry is read",
    )
    add_targets(parser)


def run(arguments: argparse.Namespace) -> Document:
    """Print the table."""
    if arguments.header:
        from sqtheory.api.header import header

        return Document.of(header(arguments.checkpoint, targets=arguments.targets, ignore=arguments.ignore))
    from sqtheory.api.inspect import inspect

    return Document.of(
        inspect(
            arguments.checkpoint,
            targets=arguments.targets,
            ignore=arguments.ignore,
            axis=arguments.axis,
            watch=watched(arguments),
        )
    )


VERB = Verb(
    name="inspect",
    help="list the tensors of a checkpoint: shapes, zeros, patterns kept, NaN and infinities",
    description="List every tensor of a checkpoint with its shape, its share of zeros, the n:m patterns its "
    "reduced axis keeps, its range, NaN and infinities, and whether `sqtheory order` would work on it.",
    options=add_options,
    forms=(json_of(_INSPECT, _HEADER),),
    run=run,
)
