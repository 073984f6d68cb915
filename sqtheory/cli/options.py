"""Options that several verbs share, and their readers."""

import argparse
import math
from dataclasses import replace
from typing import Any, TypeAlias

from sqtheory.exceptions import SpellingError
from sqtheory.notation import parse
from sqtheory.quantizers import Quantizer
from sqtheory.sparsifiers import BlockSparsifier, Sparsifier, TopSparsifier
from sqtheory.targets import Targets
from sqtheory.ties import TIES, Ties

Verbs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

CHECKPOINT_HELP = "a .safetensors, .npz or .npy file, or zoo:NAME for a model that comes with the package"


def add_targets(parser: argparse.ArgumentParser) -> None:
    """``--targets`` and ``--ignore``."""
    parser.add_argument(
        "--targets",
        action="append",
        default=[],
        metavar="NAME|re:PATTERN",
        help="work on these tensors only (repeatable); default: every floating-point tensor of two or more axes "
        "except embeddings, heads and normalizations",
    )
    parser.add_argument(
        "--ignore", action="append", default=[], metavar="NAME|re:PATTERN", help="leave these alone (repeatable)"
    )


def targets(arguments: argparse.Namespace) -> Targets:
    """The rule that the two options spell."""
    return Targets(tuple(arguments.targets), tuple(arguments.ignore))


def mask(text: str, ties: Ties | None = None) -> Sparsifier:
    """Read a mask; ``ties`` replaces the tie rule it is written with."""
    s = parse(text)
    if not isinstance(s, Sparsifier):
        raise SpellingError(f"{s} is no mask (try 2:4, 50%, top(0.5, per=row))", text, 0)
    return replace(s, ties=ties) if ties is not None and isinstance(s, TopSparsifier | BlockSparsifier) else s


def quantizer(text: str) -> Quantizer:
    """Read a quantizer."""
    q = parse(text)
    if not isinstance(q, Quantizer):
        raise SpellingError(f"{q} is no format (try int4, int4:b32, hbfp6, mxfp4, nvfp4)", text, 0)
    return q


def tie_rule(text: str) -> Ties:
    """Read a tie rule: a bare name, or as in ``nm(2, 4, ties=…)``."""
    if text in TIES:
        return TIES[text]
    s = parse(f"top(1, ties={text})")
    assert isinstance(s, TopSparsifier)
    return s.ties


def exponent(text: str) -> float:
    """Read the p of a norm: a positive number or ``inf``."""
    try:
        p = float(text)
    except ValueError:
        p = math.nan
    if not p > 0:
        raise argparse.ArgumentTypeError(f"a norm is a number in (0, inf], got {text!r}")
    return p


def envelope(schema: str, **content: Any) -> dict[str, Any]:
    """The one object that ``--json`` prints, with its schema first."""
    return {"schema": schema, **content}
