"""``sqtheory price``: how far each order stays behind the optimum over mask, scale and codes, on a checkpoint."""

import argparse
from typing import TYPE_CHECKING

from sqtheory import __version__
from sqtheory.cli import options
from sqtheory.cli.options import CHECKPOINT_HELP, Verbs, add_targets
from sqtheory.cli.printing import print_json, print_text

if TYPE_CHECKING:
    from sqtheory.theory.price import Prices

DESCRIPTION = """\
Find for scale blocks of a checkpoint the best that mask and format allow: the least ‖x − y‖_p over every
mask within the budget, every scale (a real number, or a power of two where the format has those) and all codes
(theorem price_of_order). Print the distribution over blocks of the ratio of each order's error to it, and that of
the best mask at the scales of x. Works for n:m masks and formats with one real scale (int, scaled) or one power of two
(hbfp, mxint, mxfp) per block; of every tensor a sample of blocks is drawn."""

EPILOG = """\
examples:
  sqtheory price zoo:lm-dense --mask 2:4 --format int4 --format mxfp4
  sqtheory price model.safetensors --mask 2:4 --format int3 --norm 1 --sample 1000 --json"""


def add(verbs: Verbs) -> None:
    """Describe the verb."""
    parser = verbs.add_parser(
        "price",
        help="compare each order with the optimum over mask, scale and codes",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("checkpoint", metavar="CKPT", help=CHECKPOINT_HELP)
    parser.add_argument("--mask", required=True, metavar="MASK", help="an n:m mask: 2:4, nm(1, 4), …")
    parser.add_argument("--format", action="append", required=True, metavar="FORMAT", help="repeat for several")
    parser.add_argument("--norm", type=options.exponent, default=2.0, metavar="P", help="1 or 2 (2)")
    parser.add_argument(
        "--sample", type=options.count, default=256, metavar="BLOCKS", help="blocks of each tensor (256)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of each format's sample, and of rng (0)")
    add_targets(parser)
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="print one JSON object, schema sqtheory.price/1")
    shape.add_argument("--markdown", action="store_true", help="print a Markdown table")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Read, search, print."""
    from sqtheory.theory.price import price_table

    found = _measure(arguments)
    if arguments.json:
        recipe = {"checkpoint": arguments.checkpoint, "blocks_per_tensor": arguments.sample, "seed": arguments.seed}
        document = {"schema": "sqtheory.price/1", "version": __version__, **recipe}
        print_json({**document, "prices": [each.to_dict() for each in found]})
    else:
        table = price_table(found)
        print_text(table.markdown() if arguments.markdown else table.text())
    return 0


def _measure(arguments: argparse.Namespace) -> "list[Prices]":
    import numpy as np

    from sqtheory.cli.progress import progress
    from sqtheory.exceptions import about
    from sqtheory.files.checkpoints import reading
    from sqtheory.theory.price import Prices, prices

    rng = np.random.default_rng(arguments.seed)
    s = options.mask(arguments.mask, None, rng)
    formats = [options.quantizer(text, rng) for text in arguments.format]
    samples = [np.random.default_rng(arguments.seed) for _ in formats]
    parts: list[list[Prices]] = [[] for _ in formats]
    with reading(arguments.checkpoint) as checkpoint:
        taken, _ = options.targets(arguments).split(checkpoint.tensors)
        for info in progress(taken, "price", quiet=arguments.json):
            x = checkpoint.read(info.name)
            with about(f"tensor {info.name!r}"):
                for part, q, sample in zip(parts, formats, samples, strict=True):
                    part.append(prices(x, s, q, arguments.norm, blocks=arguments.sample, rng=sample))
    if not parts[0]:
        raise ValueError(f"{arguments.checkpoint} has no tensor to work on: see --targets and sqtheory inspect")
    return [Prices.together(part) for part in parts]
