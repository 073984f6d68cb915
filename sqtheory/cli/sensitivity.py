"""``sqtheory sensitivity``: the order gap in the metric, predicted from weights and second moments, and measured."""

import argparse

from sqtheory.cli import options
from sqtheory.cli.evaluation_options import add_evaluation, add_files, add_model, cores
from sqtheory.cli.verb import Document, Verb

DESCRIPTION = """\
Predict what the order costs in the metric (bits per byte of a byte model, 1 − cosine of an encoder, else cross
entropy) without running a compressed model in either order, and compare with what is measured, over formats ×
patterns, weights only:

  Σ over layers of  sensitivity × gap of the layer's squared output error E‖y - ŷ‖², Q→S less S→Q

  law, gram     that gap by the order-gap law (– where it is silent, such as 50%), or exactly, by theorem gram_error:
                both from the weights and the second moments of the layer's inputs in the dense model
  sensitivity   of the metric to E‖y - ŷ‖² of one layer, by finite differences: with Gaussian noise on its weights
                around the dense or the pruned model (second order), or along the pruning error (first order)

Moments and sensitivities are taken on other samples than those that the metric is measured on. Prints Markdown: the
grid, rank correlations (Spearman's) and errors, and the sensitivities. ± is one standard error, paired."""

EXAMPLES = """\
examples:
  sqtheory sensitivity lm-dense --mask 2:4 --format int4 --format int3 --samples 16 --calibration 4
  sqtheory sensitivity vit-dense --samples 500 --calibration 100 --results finished"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    add_model(parser)
    parser.add_argument("--mask", action="append", metavar="MASK", help="this pattern only (repeatable)")
    parser.add_argument("--format", action="append", metavar="FORMAT", help="this format only (repeatable)")
    parser.add_argument(
        "--calibration", type=options.count, default=8, metavar="N", help="samples of moments and sensitivities (8)"
    )
    add_files(parser)
    add_evaluation(parser, "half of them")


def run(arguments: argparse.Namespace) -> Document:
    """Predict, measure, print."""
    from sqtheory.cli.progress import counter
    from sqtheory.files import atomic
    from sqtheory.models import open_model, samples_for
    from sqtheory.models.studies.networks.prediction import FORMATS, PATTERNS, Study

    options.check_drawn_nowhere(arguments)
    masks, formats = arguments.mask or PATTERNS, arguments.format or FORMATS
    if arguments.results is not None:
        atomic.check_folder(arguments.results)
    model = open_model(arguments.model, heads=arguments.heads)
    every = samples_for(model, tuple(arguments.data))
    count = len(every) // 2 if arguments.samples is None else arguments.samples
    study = Study.of(model, every, count, arguments.calibration, arguments.workers or cores(), arguments.results)
    with counter(len(masks) * len(formats), "sensitivity", "row") as done:
        report = study.report(masks, formats, done=done)
    head = (
        f"# The order gap in the metric of {arguments.model}, predicted and measured\n\n"
        f"Measured on {len(study.samples)} {every.unit}s; moments and sensitivities of {len(study.calibration)} others."
    )
    return Document(text=lambda render: f"{head}\n\n{report}")


VERB = Verb(
    name="sensitivity",
    help="the order gap in the metric: predicted from weights and second moments, and measured",
    description=DESCRIPTION,
    examples=EXAMPLES,
    options=add_options,
    run=run,
)
