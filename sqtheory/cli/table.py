"""``sqtheory table``: the tables of the paper on the models of the zoo."""

import argparse
import json
from dataclasses import replace
from typing import TYPE_CHECKING

from sqtheory import __version__
from sqtheory.cli.evaluation_options import add_evaluation, cores
from sqtheory.cli.options import Verbs

if TYPE_CHECKING:
    from sqtheory.models.grid import Grid

DESCRIPTION = """\
Regenerate the tables of the paper on a model of the zoo: formats × patterns × orders (S→Q, Q→S, gain) × (weights,
weights and activations) × (one-shot on the dense model, sparse fine-tuned where the zoo has such a model).

S, Q: the mask alone, the format alone. Differences are paired sample by sample, ± is one standard error. Threshold:
EM(dense) + (EM(q) - EM(dense)) + (EM(s) - EM(dense)) of the metric EM; "beyond": how much worse than that;
exceeds: yes or no where that is certain at 95 %, else unclear. Accuracy is in percent (up is better); bits per byte
and perplexity are better down. What is equal is computed once; with --results a run goes on where one stopped."""

EPILOG = """\
examples:
  sqtheory table --model vit --quick
  sqtheory table --model lm --results finished > lm.md
  sqtheory table --model vit --format hbfp4 --mask 2:4 --samples 1000 --format-out latex"""

SHAPES = ("markdown", "latex", "json")


def add(verbs: Verbs) -> None:
    """Describe the verb."""
    parser = verbs.add_parser(
        "table",
        help="the tables of the paper: formats × patterns × orders on a model of the zoo",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--model", required=True, choices=("vit", "lm"), help="images, or text")
    parser.add_argument("--quick", action="store_true", help="fewer formats, patterns and samples: some minutes")
    parser.add_argument("--mask", action="append", metavar="MASK", help="these patterns only (repeatable)")
    parser.add_argument("--format", action="append", metavar="FORMAT", help="these formats only (repeatable)")
    add_evaluation(parser, "all images, 256 windows; with --quick 500 and 16")
    parser.add_argument("--format-out", choices=SHAPES, default="markdown", help="markdown (default), latex, json")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Compute the grid and print it."""
    from sqtheory import atomic
    from sqtheory.cli.progress import counter
    from sqtheory.models.grid import document
    from sqtheory.models.grid_tables import grid_tables

    grid = _grid(arguments)
    if arguments.results is not None:
        atomic.check_folder(arguments.results)
    found = []
    with counter(len(grid.cells), "table", "row", quiet=arguments.format_out == "json") as done:
        for each in grid.comparisons(workers=arguments.workers or cores(), results=arguments.results):
            found.append(each)
            done(1)
    if arguments.format_out == "json":
        made = {"schema": "sqtheory.table/1", "version": __version__, **document(grid, found)}
        print(json.dumps(made, ensure_ascii=False, allow_nan=False))
        return 0
    tables = grid_tables(grid.cells, found)
    print("\n\n".join(t.latex() if arguments.format_out == "latex" else t.markdown() for t in tables))
    return 0


def _grid(arguments: argparse.Namespace) -> "Grid":
    from sqtheory.models.grid import Grid

    grid = Grid.of(arguments.model, quick=arguments.quick)
    return replace(
        grid,
        formats=tuple(arguments.format or grid.formats),
        patterns=tuple(arguments.mask or grid.patterns),
        samples=grid.samples if arguments.samples is None else arguments.samples,
    )
