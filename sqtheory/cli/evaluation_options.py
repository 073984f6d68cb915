"""Options of the verbs that compute with a model."""

import argparse
from pathlib import Path

from sqtheory.cli import options


def add_model(parser: argparse.ArgumentParser) -> None:
    """MODEL and ``--heads``."""
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="a model of the zoo (vit-dense, vit-s50, vit-s2of4, lm-dense, lm-s50, lm-s2of4) or a checkpoint file",
    )
    parser.add_argument(
        "--heads",
        type=options.count,
        default=None,
        metavar="N",
        help="attention heads, which tensors do not tell (width/32 for images, width/64 for text)",
    )


def add_data(parser: argparse.ArgumentParser) -> None:
    """``--data`` and ``--seed``."""
    parser.add_argument(
        "--data",
        nargs="+",
        default=[],
        metavar="FILE",
        help="your own: one text, or IDX images and IDX labels; default: what comes with the zoo",
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="seed of the generator that spellings call rng (0)"
    )


def add_evaluation(parser: argparse.ArgumentParser, usual: str = "all") -> None:
    """``--samples``, ``--workers`` and ``--results``."""
    parser.add_argument(
        "--samples",
        type=options.count,
        default=None,
        metavar="N",
        help=f"so many images or windows, evenly spread over the set ({usual})",
    )
    parser.add_argument("--workers", type=options.count, default=None, metavar="N", help="threads (as many as cores)")
    parser.add_argument(
        "--results",
        type=Path,
        default=None,
        metavar="DIR",
        help="keep every finished evaluation here, and go on from there after an interruption",
    )


def cores() -> int:
    """The number of processors."""
    import os

    return os.cpu_count() or 1
