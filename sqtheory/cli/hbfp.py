"""``sqtheory hbfp``: block floating point and Accuracy Boosters, from the design space to training."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from sqtheory.cli import options
from sqtheory.cli.verb import Document, Verb

if TYPE_CHECKING:
    from sqtheory.models.studies.hbfp import CrossValidation
    from sqtheory.models.studies.questions import Answer

TRAINING = "training"
DRAWN = (".svg", ".pdf", ".png")
SECTIONS = ("distributions", "tensors", "density", "operations", TRAINING)

DESCRIPTION = """\
Study hybrid block floating point and the mixed mantissas of Accuracy Boosters; sections of a report in Markdown:
  distributions  SQNR, Wasserstein distance and its bound, clipping, order gap and storage, by mantissa, block, rounding
  tensors        the same of the weights of the zoo's dense models
  density        multiplications in an area of silicon, and the constants that give the published ratios
  operations     the share of multiplications at 4 bits, of public architectures
  training       a perceptron trained on Fashion-MNIST, every product in block floating point, masks in both orders
Without a name: all but training, which takes minutes. It trains on four fifths of the images and is judged on the last,
each fifth in turn; the package holds the 10 000 test images only, --data takes the whole set."""

EXAMPLES = """\
examples:
  sqtheory hbfp density operations
  sqtheory hbfp training --results runs > training.md
  sqtheory hbfp training --data train-images-idx3-ubyte.gz train-labels-idx1-ubyte.gz --figure training.svg"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("section", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)}")
    parser.add_argument("--data", nargs="+", default=[], metavar="FILE", help="IDX images and IDX labels to train on")
    parser.add_argument(
        "--samples", type=options.count, default=None, metavar="N", help="so many images, evenly spread (all)"
    )
    parser.add_argument("--epochs", type=options.count, default=None, metavar="N", help="of training (10)")
    parser.add_argument(
        "--training", action="append", metavar="NAME", help="this training only (repeatable); default: every one"
    )
    parser.add_argument(
        "--figure", type=Path, default=None, metavar="FILE", help="draw the training too: .svg, .pdf or .png"
    )
    parser.add_argument(
        "--results", type=Path, default=None, metavar="DIR", help="keep finished trainings here, and go on from there"
    )


def run(arguments: argparse.Namespace) -> Document:
    """Compute the sections, print them."""
    from sqtheory.models.studies.hbfp import SECTIONS as COMPUTED

    asked = tuple(dict.fromkeys(arguments.section)) or SECTIONS[:-1]
    for name in asked:
        if name not in SECTIONS:
            raise ValueError(f"a section is one of {', '.join(SECTIONS)}, got {name!r}")
    own = [arguments.data, arguments.samples, arguments.epochs, arguments.training, arguments.figure, arguments.results]
    if TRAINING not in asked and any(own):
        raise ValueError(f"--data, --samples, --epochs, --training, --figure and --results are of {TRAINING}")
    comparison = _comparison(arguments) if TRAINING in asked else None
    answers: list[Answer] = []
    for name in asked:
        answers += [COMPUTED[name]()] if comparison is None or name != TRAINING else _trained(comparison, arguments)
    said = "\n\n".join(("# Block floating point and Accuracy Boosters", *(each.markdown() for each in answers)))
    return Document(text=lambda render: said)


def _comparison(arguments: argparse.Namespace) -> "CrossValidation":
    """What is to be trained; refused before anything is."""
    from dataclasses import replace

    from sqtheory.files import atomic, zoo
    from sqtheory.files.outputs import check_outputs
    from sqtheory.models.evaluation.data import labelled
    from sqtheory.models.studies.hbfp import TRAININGS, CrossValidation, Descent

    known = {training.name: training for training in TRAININGS}
    for name in arguments.training or ():
        if name not in known:
            raise ValueError(f"a training is one of {'; '.join(known)}, got {name!r}")
    if arguments.results is not None:
        atomic.check_folder(arguments.results)
    files = arguments.data or tuple(map(zoo.data, zoo.data_names()[:2]))
    if len(files) != 2:
        raise ValueError(f"training takes IDX images and IDX labels, got {len(files)} file(s)")
    images, labels = map(Path, files)
    if arguments.figure is not None:
        if arguments.figure.suffix not in DRAWN:
            raise ValueError(f"a figure is written as {', '.join(DRAWN)}, got {arguments.figure}")
        check_outputs([arguments.figure], str(images))
    descent = Descent() if arguments.epochs is None else replace(Descent(), epochs=arguments.epochs)
    samples = labelled(images, labels).some(arguments.samples)
    trainings = tuple(known[name] for name in dict.fromkeys(arguments.training or known))
    return CrossValidation(samples, descent, trainings, results=arguments.results)


def _trained(comparison: "CrossValidation", arguments: argparse.Namespace) -> "list[Answer]":
    """The tables of the trainings; the figure of them, where one is asked for."""
    from sqtheory.cli.progress import counter
    from sqtheory.files import atomic
    from sqtheory.models.studies.hbfp import accuracies, orders

    with counter(len(comparison.trainings) * comparison.folds, "trainings", "training") as done:
        runs = comparison.runs(done)
    if arguments.figure is not None:
        from sqtheory.show.figures.style import DOUBLE, encode
        from sqtheory.show.figures.training import draw

        drawn = encode(draw(runs, DOUBLE), arguments.figure.suffix.removeprefix("."), DOUBLE)
        atomic.write(arguments.figure, drawn, force=True)
    order = orders(runs)
    return [accuracies(runs, comparison.about), *([order] if order else [])]


VERB = Verb(
    name="hbfp",
    help="block floating point and Accuracy Boosters: design space, silicon, training",
    description=DESCRIPTION,
    examples=EXAMPLES,
    options=add_options,
    run=run,
)
