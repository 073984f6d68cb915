"""``sqtheory methods``: published methods, the theorems that they rest on, and whether to sparsify first."""

import argparse
from typing import Any

from sqtheory.cli.verb import MARKDOWN_TABLES, Document, Verb, json_of

DESCRIPTION = """\
Published methods of pruning and quantization, in the terms of this package: where each is from, what it must know of
the inputs of a layer, the theorems that it rests on, and whether to sparsify first: S→Q never loses, can lose, or it
depends, each on evidence that runs.

With NAME the record of one: every piece of evidence and whether it stands, computed now, and its variants, what
published code does otherwise, which are asked for as NAME:VARIANT. order, report, apply and evaluate take one as
--method NAME, with the boxes and budgets of --mask and the format of --format; verify takes it from the report."""

EXAMPLES = """\
examples:
  sqtheory methods
  sqtheory methods wanda
  sqtheory calibrate lm-dense -o stats.safetensors --moments --means
  sqtheory order zoo:lm-dense --mask 2:4 --format int4 --method wanda --statistics stats.safetensors"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("name", nargs="?", default=None, metavar="NAME", help="of one method")


def run(arguments: argparse.Namespace) -> Document:
    """Look up, print; 1 where some evidence does not stand."""
    from sqtheory.methods import ALL, find
    from sqtheory.methods.telling import method_dict, method_parts, methods_table

    if arguments.name is None:
        content: dict[str, Any] = {"methods": [method_dict(method) for method in ALL]}
        return Document("sqtheory.methods/1", lambda: content, lambda render: render(methods_table(ALL)))
    method = find(arguments.name)
    fallen = tuple(f"{method.name}: {one.says}: this does not stand" for one in method.evidence if not one.stands)
    return Document(
        "sqtheory.methods/1",
        lambda: method_dict(method),
        lambda render: "\n\n".join(part if isinstance(part, str) else render(part) for part in method_parts(method)),
        status=1 if fallen else 0,
        notes=fallen,
    )


VERB = Verb(
    name="methods",
    help="list published methods and whether each is right to sparsify first, or show one",
    description=DESCRIPTION,
    examples=EXAMPLES,
    options=add_options,
    forms=(json_of("sqtheory.methods/1"), MARKDOWN_TABLES),
    run=run,
)
