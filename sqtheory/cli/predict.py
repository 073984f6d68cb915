"""``sqtheory predict``: the order gap that the theory expects of every layer, beside the one that is measured."""

import argparse

from sqtheory.cli import options
from sqtheory.cli.options import CHECKPOINT_HELP, add_targets, add_tolerance
from sqtheory.cli.progress import watched
from sqtheory.cli.verb import MARKDOWN_TABLES, Document, Verb, json_of

DESCRIPTION = """\
Predict how much more quantize-then-sparsify (Q→S) loses than sparsify-then-quantize (S→Q), and measure it.

The order gap is ‖x − s(q(x))‖_p^p − ‖x − q(s(x))‖_p^p, summed over the tensors. Predicted: its expectation if in
every scale block every arrangement of the entries were as likely (theorem order_gap_law). Ties averaged: of the tensors
as they are, the mean over all ways to break ties of |q(x)|. Measured: with the tie rule of the mask. Both in percent of
the prediction, ± one standard error of independent blocks; corr. is Pearson's correlation with the prediction over
the tensors."""

EXAMPLES = """\
examples:
  sqtheory predict zoo:lm-dense --mask 2:4 --format int4 --format int3
  sqtheory predict model.safetensors --mask 2:4 --format mxfp4 --norm 2 --tensors"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("checkpoint", metavar="CKPT", help=CHECKPOINT_HELP)
    parser.add_argument(
        "--mask",
        action="append",
        required=True,
        metavar="MASK",
        help="n:m or another top mask by magnitude; may be repeated",
    )
    parser.add_argument("--format", action="append", required=True, metavar="FORMAT", help="repeat for several")
    parser.add_argument(
        "--norm", action="append", type=options.exponent, metavar="P", help="p in (0, inf), repeatable; default 1"
    )
    options.add_seed(parser)
    add_targets(parser)
    add_tolerance(parser)
    parser.add_argument("--tensors", action="store_true", help="print a line for each tensor as well")


def run(arguments: argparse.Namespace) -> Document:
    """Read, predict, measure, print."""
    from sqtheory.api.predict import predict

    return Document.of(
        predict(
            arguments.checkpoint,
            arguments.mask,
            arguments.format,
            norm=arguments.norm or 1.0,
            seed=arguments.seed,
            targets=arguments.targets,
            ignore=arguments.ignore,
            axis=arguments.axis,
            strict=arguments.strict,
            keep_going=arguments.keep_going,
            tensors=arguments.tensors,
            watch=watched(arguments),
        )
    )


VERB = Verb(
    name="predict",
    help="predict the order gap of every layer of a checkpoint, and measure it",
    description=DESCRIPTION,
    examples=EXAMPLES,
    options=add_options,
    forms=(json_of("sqtheory.predict/1"), MARKDOWN_TABLES),
    run=run,
)
