"""``sqtheory tools``: releases of pruners and quantizers, and which hypothesis each one keeps."""

import argparse
from functools import partial
from typing import Any

from sqtheory.cli.folding import folded
from sqtheory.cli.verb import MARKDOWN_TABLES, Document, Verb, json_of
from sqtheory.tables import Table

WIDTH = 100
"""Signs on a line of a printed table at most."""

DESCRIPTION = """\
Releases of pruners and quantizers as operators of this package: what each does to a weight, bit for bit or in how many
entries not, which of equal entries it keeps, what its n:m counts, in which order it prunes and quantizes, and what it
does when it is asked for the other.

With NAME the record of one: its modes, which hypotheses of theorem prune_first_dominates each keeps and breaks, and
the theorem that proves S→Q never worse or the witness that refutes it. NAME:MODE is one mode, with its witness.
With --zeros one line for each mode of every tool, or of those named: what becomes of the zeros of a pruned weight.

order, decide, report, apply and verify take --tool NAME:MODE for the mask and the format that it means. decide takes
2:4 for a mode that has no mask, and int4:b32 for one that has no format, unless told others."""

EXAMPLES = """\
examples:
  sqtheory tools
  sqtheory tools gguf
  sqtheory tools torchao:mxfp4
  sqtheory tools --zeros gguf ggml mlx
  sqtheory decide sq_never_worse --tool compressed-tensors:MXFP4A16
  sqtheory order zoo:lm-dense --mask 2:4 --tool onnx:qdq-int4"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="of one tool or mode, or of those to list")
    parser.add_argument("--zeros", action="store_true", help="a line for each mode: zeros, hypotheses, order")


def run(arguments: argparse.Namespace) -> Document:
    """Look up, decide, print."""
    from sqtheory.tools import ALL, find
    from sqtheory.tools.telling import each_mode, tool_dict, tool_parts, tools_table, zeros_table
    from sqtheory.tools.verdicts import brief

    print_as = Table.markdown if arguments.markdown else partial(folded, width=WIDTH)
    tools = [find(name) for name in arguments.names] or list(ALL)
    if len(arguments.names) == 1 and not arguments.zeros:
        [tool] = tools

        def record() -> dict[str, Any]:
            asked = [tool] if tool.chosen else each_mode([tool])
            return {**tool_dict(tool), "verdicts": [brief(one).to_dict() for one in asked]}

        return Document(
            "sqtheory.tools/1",
            record,
            lambda render: "\n\n".join(part if isinstance(part, str) else print_as(part) for part in tool_parts(tool)),
        )

    content: dict[str, Any] = {"tools": [tool_dict(tool) for tool in tools]}
    table = zeros_table if arguments.zeros else tools_table
    return Document("sqtheory.tools/1", lambda: content, lambda render: print_as(table(tools)))


VERB = Verb(
    name="tools",
    help="list pruners and quantizers of the field, what each does to zeros, and whether S→Q is right with it",
    description=DESCRIPTION,
    examples=EXAMPLES,
    options=add_options,
    forms=(json_of("sqtheory.tools/1"), MARKDOWN_TABLES),
    run=run,
)
