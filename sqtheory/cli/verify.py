"""``sqtheory verify``: whether a written checkpoint is what its report says."""

import argparse
from pathlib import Path

from sqtheory.cli import options
from sqtheory.cli.options import CHECKPOINT_HELP
from sqtheory.cli.progress import watched
from sqtheory.cli.verb import Document, Verb, json_of

DESCRIPTION = """\
Check a checkpoint that `sqtheory apply` wrote, from its bytes and from OUT.sqtheory.json beside it.

For every tensor: the type and shape, the pattern of the mask in every group (of a --method that chooses masks by
statistics: where they are given), the number of zeros, the values on
the grid where a theorem (idempotence) says that they quantize to themselves, the hash of the bytes. Of packed tensors
the values are those that the codes stand for, which are on their grid whatever the codes. For every file: the hash of
all that is no entry of a tensor (headers, metadata, schemas of codes, the index, config.json, the nodes of an ONNX
model), and of every file that was copied. For the report: its last value, the hash of all others to the last space,
and whatever follows from other fields (bound, slack, ties). With --against everything is made again from the source
and the recipe and compared: every byte, every value that codes stand for, every schema, every header, every error
(to a share of 1e-9), every count, every reason; if the mask looks at inputs, that takes the --statistics whose
SHA-256 the report has.

What is missed: of a deflated member of an npz archive, bits that do not change what it inflates to (those that fill
its last byte, codes that do not occur, the mark of its last block, which unzip minds and numpy does not). Without
--against, moreover, values and errors are not made again: an output whose report somebody wrote anew, with hashes
that fit, is believed. With --against too, the recipe and which tensors were ignored are a choice that only the report
knows, a source may be called otherwise, and the version that wrote npz, npy and ONNX is in the report alone. Files
that are added to a folder later are not looked at.
Exit status 1 names the first tensor that fails; 3 stands for a file that cannot be read, or a report that is not,
byte for byte, what apply wrote."""

EXAMPLES = """\
examples:
  sqtheory verify out.safetensors
  sqtheory verify out.safetensors --against model.safetensors --json"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("out", metavar="OUT", type=Path, help="the file or folder that apply wrote")
    parser.add_argument("--against", default=None, metavar="CKPT", help=f"its source: {CHECKPOINT_HELP}")
    options.add_recipe(parser, "it must have been made by these rules")
    options.add_statistics(parser)
    options.add_tool(parser, "it must have been made by the mask and the format, or the one that the mode has,")
    parser.add_argument("--workers", type=options.count, default=1, metavar="N", help="tensors checked at once (1)")
    options.add_engine(parser)


def run(arguments: argparse.Namespace) -> Document:
    """Check, print; 1 if a check failed."""
    from sqtheory.api.verify import verify

    return Document.of(
        verify(
            arguments.out,
            against=arguments.against,
            recipe=arguments.recipe,
            statistics=arguments.statistics,
            tool=arguments.tool,
            workers=arguments.workers,
            watch=watched(arguments),
        )
    )


VERB = Verb(
    name="verify",
    help="check a checkpoint that apply wrote: pattern, grid, errors, hashes",
    description=DESCRIPTION,
    examples=EXAMPLES,
    options=add_options,
    forms=(json_of("sqtheory.verify/1"),),
    run=run,
)
