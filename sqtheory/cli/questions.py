"""``sqtheory questions``: the open questions about the order of sparsity and quantization, answered on a model."""

import argparse

from sqtheory.cli.evaluation_options import add_data, add_evaluation, add_model, cores
from sqtheory.cli.verb import Document, Verb

DESCRIPTION = """\
Answer the open questions about the order of sparsity and quantization with numbers, on one model:
  collisions    how often do codes collide?
  widths        at which bit width does the order stop mattering?
  depth         does the relative error attenuate with depth?
  rankings      do Wanda- and gain-ranked masks change the order effect?
  ties          what does the tie rule change where weights sit on a grid?
  unstructured  do unstructured masks ever prefer Q→S on real weights?
  frozen        what do frozen dense scales change?
  intensity     does the weaker of both come first?
  budget        what does a density and a format for each layer save, under one budget?
Prints a report in Markdown whose sentences are made from the numbers of its tables. ± is one standard error, paired."""

EXAMPLES = """\
examples:
  sqtheory questions lm-dense --samples 32 > questions.md
  sqtheory questions vit-dense --ask widths --ask depth --samples 1000"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    add_model(parser)
    parser.add_argument("--ask", action="append", metavar="NAME", help="this question only (repeatable); default: all")
    add_data(parser)
    add_evaluation(parser)


def run(arguments: argparse.Namespace) -> Document:
    """Ask, compute, print."""
    from sqtheory.cli.progress import progress
    from sqtheory.exceptions import InputRefused
    from sqtheory.files import atomic
    from sqtheory.models import open_model, samples_for
    from sqtheory.models.evaluation.evaluations import Evaluations
    from sqtheory.models.studies.questions import QUESTIONS, Subject

    asked = arguments.ask or list(QUESTIONS)
    for name in asked:
        if name not in QUESTIONS:
            raise ValueError(f"a question is one of {', '.join(QUESTIONS)}, got {name!r}")
    if arguments.results is not None:
        atomic.check_folder(arguments.results)
    model = open_model(arguments.model, heads=arguments.heads)
    samples = samples_for(model, tuple(arguments.data)).some(arguments.samples)
    subject = Subject(Evaluations(model, samples, arguments.workers or cores(), arguments.results))
    short, sections = [], []
    for name in progress(asked, "questions"):
        try:
            answer = QUESTIONS[name](subject)
            short.append(f"- {answer.short}")
            sections.append(answer.markdown())
        except InputRefused:
            raise
        except ValueError as reason:
            if arguments.ask:
                raise
            sections.append(f"## {name}\n\nNot answered on this model: {reason}.")
    head = f"# Open questions, answered on {arguments.model} ({len(samples)} {samples.unit}s)"
    said = "\n\n".join((head, *(["\n".join(short)] if len(short) > 1 else []), *sections))
    return Document(text=lambda render: said)


VERB = Verb(
    name="questions",
    help="the open questions about the order, answered with numbers on a model",
    description=DESCRIPTION,
    examples=EXAMPLES,
    options=add_options,
    run=run,
)
