"""``sqtheory price``: how far each order stays behind the optimum over mask, scale and codes, on a checkpoint."""

import argparse
from typing import TYPE_CHECKING

from sqtheory.cli import options
from sqtheory.cli.options import CHECKPOINT_HELP, add_targets
from sqtheory.cli.printing import print_text
from sqtheory.cli.verb import MARKDOWN_TABLE, Document, Verb, json_of
from sqtheory.version import __version__

if TYPE_CHECKING:
    from sqtheory.theory.price import Prices

DESCRIPTION = """\
Find for scale blocks of a checkpoint the best that mask and format allow: the least ‖x − y‖_p over every
mask within the budget, every scale (a real number, or a power of two where the format has those) and all codes
(theorem price_of_order). Print the distribution over blocks of the ratio of each order's error to it, and that of
the best mask at the scales of x. Works for n:m masks and formats with one real scale (int, scaled) or one power of two
(hbfp, mxint, mxfp) per block; of every tensor a sample of blocks is drawn."""

EXAMPLES = """\
examples:
  sqtheory price zoo:lm-dense --mask 2:4 --format int4 --format mxfp4
  sqtheory price model.safetensors --mask 2:4 --format int3 --norm 1 --sample 1000 --json"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("checkpoint", metavar="CKPT", help=CHECKPOINT_HELP)
    parser.add_argument("--mask", required=True, metavar="MASK", help="an n:m mask: 2:4, nm(1, 4), …")
    parser.add_argument("--format", action="append", required=True, metavar="FORMAT", help="repeat for several")
    parser.add_argument("--norm", type=options.exponent, default=2.0, metavar="P", help="1 or 2 (2)")
    parser.add_argument(
        "--sample", type=options.count, default=256, metavar="BLOCKS", help="blocks of each tensor (256)"
    )
    options.add_seed(parser, "seed of each format's sample, and of rng (0)")
    add_targets(parser)


def run(arguments: argparse.Namespace) -> Document:
    """Read, search, print."""
    from sqtheory.theory.price import price_table

    found = _measure(arguments)
    recipe = {"checkpoint": arguments.checkpoint, "blocks_per_tensor": arguments.sample, "seed": arguments.seed}
    return Document(
        "sqtheory.price/1",
        lambda: {"version": __version__, **recipe, "prices": [each.to_dict() for each in found]},
        lambda render: render(price_table(found)),
    )


def _measure(arguments: argparse.Namespace) -> "list[Prices]":
    import numpy as np

    from sqtheory.cli.progress import progress
    from sqtheory.exceptions import about
    from sqtheory.execution.selection import select
    from sqtheory.files.checkpoints import reading
    from sqtheory.theory.price import Prices, prices

    s, formats, _ = options.operators(arguments)
    samples = [np.random.default_rng(arguments.seed) for _ in formats]
    parts: list[list[Prices]] = [[] for _ in formats]
    with reading(arguments.checkpoint) as opened:
        checkpoint = options.seen(arguments, opened)
        chosen = select(checkpoint.path, checkpoint.tensors, options.targets(arguments), (s, *formats))
        for info in progress(chosen.taken, "price", quiet=arguments.json):
            x = checkpoint.read(info.name)
            with about(f"tensor {info.name!r}"):
                for part, q, sample in zip(parts, formats, samples, strict=True):
                    part.append(prices(x, s, q, arguments.norm, blocks=arguments.sample, rng=sample))
    for line in chosen.sentences()[1:]:  # what does not fit
        print_text(f"sqtheory: {line}", to_stderr=True)
    return [Prices.together(part) for part in parts]


VERB = Verb(
    name="price",
    help="compare each order with the optimum over mask, scale and codes",
    description=DESCRIPTION,
    examples=EXAMPLES,
    options=add_options,
    forms=(json_of("sqtheory.price/1"), MARKDOWN_TABLE),
    run=run,
)
