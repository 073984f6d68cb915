"""``sqtheory pack``: short for ``sqtheory apply --pack``."""

import argparse

from sqtheory.cli import apply
from sqtheory.cli.options import Verbs


def add(verbs: Verbs) -> None:
    """Describe the verb."""
    parser = verbs.add_parser(
        "pack",
        help="short for apply --pack: write the codes of a checkpoint",
        description="The same as sqtheory apply --pack; sqtheory apply --help says what that writes.",
        epilog="example:\n  sqtheory pack model.safetensors packed.safetensors --format int4:b32 --mask 2:4",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    apply.add_arguments(parser)
    parser.set_defaults(pack=True)
