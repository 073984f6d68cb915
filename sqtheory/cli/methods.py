"""``sqtheory methods``: published methods, the theorems that they rest on, and whether to sparsify first."""

import argparse
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sqtheory.cli.evaluation_options import add_evaluation, add_files, cores
from sqtheory.cli.verb import MARKDOWN_TABLES, Document, Verb, json_of

if TYPE_CHECKING:
    from sqtheory.methods import Work

DESCRIPTION = """\
Published methods of pruning and quantization, in the terms of this package: where each is from, what it must know of
the inputs of a layer, and whether to sparsify first: proved by a theorem, refuted by a case that breaks an assumption
or by a weight (a witness), or both: right where the assumptions hold, S→Q can lose elsewhere. All of it runs.

With NAME the record of one: every piece of evidence and whether it stands, computed now, and its variants, what
published code does otherwise, which are asked for as NAME:VARIANT. order, report, apply and evaluate take one as
--method NAME, with the boxes and budgets of --mask and the format of --format; verify takes it from the report.

With --disagreements published claims that a computation refutes or qualifies: who makes them, what is so instead,
whether that stands, computed now, and the command that shows it alone.

With --on MODEL every method, or those of NAME, are tried: calibrated on the first half of the samples, judged on the
second. For S→Q, Q→S and the joint pass of those that have one: the share ‖X(W − Ŵ)ᵀ‖_F / ‖XWᵀ‖_F of the outputs that
is lost, mean over layers, and the metric; against each other and against plain magnitude, S→Q, paired sample by
sample. ± is one standard error. Zeros are counted, since a method may leave the pattern of --mask; what is stored
beside the weights (low-rank terms, wrappers, residuals) is not charged."""

EXAMPLES = """\
examples:
  sqtheory methods
  sqtheory methods wanda
  sqtheory methods --sort verdict
  sqtheory methods --disagreements
  sqtheory methods --on lm-dense --mask 2:4 --format int4 --format mxfp4 --samples 128
  sqtheory calibrate lm-dense -o stats.safetensors --moments --means
  sqtheory order zoo:lm-dense --mask 2:4 --format int4 --method wanda --statistics stats.safetensors"""


SORTS: Mapping[str, "Callable[[Work], str]"] = {
    "listed": lambda work: "",
    "name": lambda work: work.name,
    "verdict": lambda work: work.verdict.name,
    "channels": lambda work: "".join(str(channel) for channel in work.channels),
}
"""By what the table is in order, stably."""
SAMPLES = 64
"""Tried on so many, half of which calibrate."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="of one method, or of those to list or to try")
    parser.add_argument("--on", default=None, metavar="MODEL", help="try them on a model, as evaluate takes it")
    parser.add_argument("--mask", default="2:4", metavar="MASK", help="with --on: boxes and budgets (2:4)")
    parser.add_argument("--format", action="append", metavar="FORMAT", help="with --on (int4; repeatable)")
    parser.add_argument(
        "--sort", choices=list(SORTS), default="listed", help="the table by name, by verdict or by channels (as listed)"
    )
    parser.add_argument(
        "--disagreements", action="store_true", help="list published claims that a computation refutes or qualifies"
    )
    add_files(parser)
    add_evaluation(parser, "64")


def run(arguments: argparse.Namespace) -> Document:
    """Look up, print; 1 where some evidence does not stand."""
    if arguments.on is not None:
        return _tried(arguments)
    if arguments.disagreements:
        return _disagreements(arguments)
    from sqtheory.methods import ALL, find
    from sqtheory.methods.telling import method_dict, method_parts, methods_table

    if len(arguments.names) != 1:
        listed = sorted([find(name) for name in arguments.names] or ALL, key=SORTS[arguments.sort])
        content: dict[str, Any] = {"methods": [method_dict(method) for method in listed]}
        return Document("sqtheory.methods/1", lambda: content, lambda render: render(methods_table(listed)))
    method = find(arguments.names[0])
    fallen = tuple(f"{method.name}: {one.says}: this does not stand" for one in method.evidence if not one.stands)
    return Document(
        "sqtheory.methods/1",
        lambda: method_dict(method),
        lambda render: "\n\n".join(part if isinstance(part, str) else render(part) for part in method_parts(method)),
        status=1 if fallen else 0,
        notes=fallen,
    )


def _disagreements(arguments: argparse.Namespace) -> Document:
    """Check every one, now; 1 where one does not stand."""
    from sqtheory.methods.disagreement import ALL, disagreement_dict, disagreements_table

    if arguments.names:
        raise ValueError(f"--disagreements lists all of them: {arguments.names[0]} is one too many")
    told = [disagreement_dict(one) for one in ALL]
    fallen = tuple(f"{one['claim']}: what is said instead does not stand" for one in told if not one["stands"])
    return Document(
        "sqtheory.disagreements/1",
        lambda: {"disagreements": told},
        lambda render: render(disagreements_table(told)),
        status=1 if fallen else 0,
        notes=fallen,
    )


def _tried(arguments: argparse.Namespace) -> Document:
    """Try on a model."""
    from sqtheory.alphabet.notation import parse_as
    from sqtheory.alphabet.quantizers import Quantizer
    from sqtheory.alphabet.sparsifiers import Sparsifier
    from sqtheory.cli.progress import counter
    from sqtheory.files import atomic
    from sqtheory.methods import ALL, find
    from sqtheory.methods.work import PrunedOperand
    from sqtheory.models import open_model, samples_for
    from sqtheory.models.studies.trials import trial_metric, trial_tables, trials

    mask = str(parse_as(Sparsifier, "mask", arguments.mask))
    formats = [str(parse_as(Quantizer, "format", one)) for one in arguments.format or ["int4"]]
    asked = [find(name) for name in arguments.names] or ALL
    methods = [method for method in asked if method.prunes is PrunedOperand.weights]
    inputs = {method.name: method.on_inputs for method in asked if method.prunes is PrunedOperand.activations}
    model = open_model(arguments.on)
    samples = samples_for(model, tuple(arguments.data)).some(arguments.samples or SAMPLES)
    if arguments.results is not None:
        atomic.check_folder(arguments.results)
    with counter((len(asked) + 1 + bool(inputs)) * len(formats), "methods", "trials") as done:
        workers = arguments.workers or cores()
        dense, found = trials(
            *(model, samples, methods, inputs, mask, formats), workers=workers, results=arguments.results, done=done
        )
    tables = list(trial_tables(model.label, mask, dense, found, trial_metric(model)))
    return Document(text=lambda render: "\n\n".join(map(render, tables)))


VERB = Verb(
    name="methods",
    help="list published methods and whether each is right to sparsify first, or show one",
    description=DESCRIPTION,
    examples=EXAMPLES,
    options=add_options,
    forms=(json_of("sqtheory.methods/1", "sqtheory.disagreements/1"), MARKDOWN_TABLES),
    run=run,
)
