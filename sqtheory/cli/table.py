"""``sqtheory table``: the tables of the paper on the models of the zoo, or on a checkpoint."""

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from sqtheory.cli.evaluation_options import add_evaluation, add_files, cores
from sqtheory.cli.options import check_drawn_nowhere
from sqtheory.cli.printing import print_json
from sqtheory.cli.verb import Document, Verb
from sqtheory.version import __version__

if TYPE_CHECKING:
    from sqtheory.models.evaluation.grid import CompressionGrid

DESCRIPTION = """\
Regenerate the tables of the paper on a model: formats × patterns × orders (S→Q, Q→S, gain) × (weights, weights and
activations) × (one-shot on the dense model, sparse fine-tuned where the zoo has such a model).

S, Q: the mask alone, the format alone. Differences are paired sample by sample, ± is one standard error. Threshold:
EM(dense) + (EM(q) - EM(dense)) + (EM(s) - EM(dense)) of the metric EM; "beyond": how much worse than that;
exceeds: yes or no where that is certain at 95 %, else unclear. Accuracy is in percent (up is better); bits per byte
and perplexity are better down. The last table has both orders when equal magnitudes keep the lower and when they keep
the higher index, for pipelines where that moves 5% of the entries ("moved": in Q→S). What is equal is computed once;
with --results a run goes on where one stopped."""

EXAMPLES = """\
examples:
  sqtheory table --model vit --quick
  sqtheory table --model lm --results finished > lm.md
  sqtheory table --model vit --format hbfp4 --mask 2:4 --samples 1000 --format-out latex
  sqtheory table --model SmolLM2-135M-Instruct.gguf --quick --data text.txt"""

SHAPES = ("markdown", "latex", "json")


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument(
        "--model", required=True, metavar="MODEL", help="vit or lm of the zoo with their fine-tuned models, or a file"
    )
    parser.add_argument("--quick", action="store_true", help="fewer formats, patterns and samples: some minutes")
    parser.add_argument("--mask", action="append", metavar="MASK", help="these patterns only (repeatable)")
    parser.add_argument("--format", action="append", metavar="FORMAT", help="these formats only (repeatable)")
    add_files(parser)
    add_evaluation(parser, "lm 256, others all; with --quick vit 500, lm 16, others a sixteenth")
    parser.add_argument("--format-out", choices=SHAPES, default="markdown", help="markdown (default), latex, json")


def run(arguments: argparse.Namespace) -> Document:
    """Compute the grid and print it."""
    from sqtheory.cli.progress import counter
    from sqtheory.files import atomic
    from sqtheory.models.evaluation.grid_tables import grid_tables

    check_drawn_nowhere(arguments)
    grid = grid_of(arguments)
    if arguments.results is not None:
        atomic.check_folder(arguments.results)
    with counter(len(grid.cells) + len(grid.tied), "table", "row", quiet=arguments.format_out == "json") as done:
        found = grid.run(workers=arguments.workers or cores(), results=arguments.results, done=done)
    if arguments.format_out == "json":
        print_json({"schema": "sqtheory.table/2", "version": __version__, **found.to_dict(grid)})
        return Document()
    tables = grid_tables(found)
    said = "\n\n".join(t.latex() if arguments.format_out == "latex" else t.markdown() for t in tables)
    return Document(text=lambda render: said)


def grid_of(arguments: argparse.Namespace) -> "CompressionGrid":
    """The grid that is asked for."""
    from sqtheory.models.evaluation.grid import CompressionGrid

    grid = CompressionGrid.of(arguments.model, quick=arguments.quick)
    return replace(
        grid,
        formats=tuple(arguments.format or grid.formats),
        patterns=tuple(arguments.mask or grid.patterns),
        samples=grid.samples if arguments.samples is None else arguments.samples,
        data=tuple(arguments.data),
    )


VERB = Verb(
    name="table",
    help="the tables of the paper: formats × patterns × orders on a model",
    description=DESCRIPTION,
    examples=EXAMPLES,
    options=add_options,
    run=run,
)
