"""``sqtheory report``: one self-contained HTML page on a checkpoint."""

import argparse
from pathlib import Path

from sqtheory.cli import options
from sqtheory.cli.options import CHECKPOINT_HELP, add_method, add_pipeline, add_statistics, add_targets, add_tolerance
from sqtheory.cli.progress import watched
from sqtheory.cli.verb import Document, Verb
from sqtheory.tables import counted

DESCRIPTION = """\
Write one HTML page on a checkpoint: what the order of sparsification and quantization costs, layer by layer.

Totals and guarantees; the worst tensors; a map of the channels (M selection, Σ scale, Z zero) open in each; the errors
of both orders with the bound and what is left of it; the order gap that the theory expects beside the measured one; the
theorem by which the winner wins or the assumption that fails; and the commands that compress as is best. Tables sort by
a click; figures are part of the page; nothing is loaded from elsewhere, and it prints. The page depends on the
checkpoint and the options only, not on the number of workers."""

EXAMPLES = """\
examples:
  sqtheory report zoo:lm-dense --mask 2:4 --format mxfp4 -o report.html
  sqtheory report model.safetensors --mask 2:4 --mask 50% --format int4 --norm 1 --workers 4 -o report.html"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("checkpoint", metavar="CKPT", help=CHECKPOINT_HELP)
    options.add_grid(parser)
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="FILE", help="the page, a .html file")
    add_pipeline(parser)
    add_statistics(parser)
    add_method(parser)
    options.add_tool(parser)
    add_targets(parser)
    add_tolerance(parser)
    parser.add_argument("--workers", type=options.count, default=1, metavar="N", help="tensors computed at once (1)")
    parser.add_argument(
        "--no-prediction",
        action="store_true",
        help="leave the predicted gap out, which takes most of the time",
    )
    parser.add_argument("--force", action="store_true", help="replace FILE")


def run(arguments: argparse.Namespace) -> Document:
    """Read, compare, predict, write."""
    from sqtheory.api.report import report

    options.say_apart(arguments)
    made = report(
        arguments.checkpoint,
        arguments.mask,
        arguments.format,
        arguments.out,
        recipe=arguments.recipe,
        norm=arguments.norm,
        ties=arguments.ties,
        seed=arguments.seed,
        targets=arguments.targets,
        ignore=arguments.ignore,
        axis=arguments.axis,
        strict=arguments.strict,
        keep_going=arguments.keep_going,
        statistics=arguments.statistics,
        method=arguments.method,
        tool=arguments.tool,
        prediction=not arguments.no_prediction,
        workers=arguments.workers,
        force=arguments.force,
        watch=watched(arguments),
    )
    said = f"{counted(made.findings.tensors, 'tensor')} reported in {arguments.out}"
    return Document(notes=(*made.failures, said), status=1 if made.failures else 0)


VERB = Verb(
    name="report",
    help="write one HTML page on a checkpoint: orders, bounds, channels, predictions, recipe",
    description=DESCRIPTION,
    examples=EXAMPLES,
    options=add_options,
    run=run,
)
