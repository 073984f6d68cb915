"""The words that operators are written with: constructors, short spellings, and what each kind of argument can be."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeAlias, final

import numpy as np

from sqtheory.alphabet import affine, aliases, held_scores, named_scores, quantizers, scaling, scores, sparsifiers, ties
from sqtheory.alphabet.bernoulli import bernoulli
from sqtheory.alphabet.budgets import Count
from sqtheory.alphabet.casts import Overflow
from sqtheory.alphabet.formats import (
    E2M1,
    E2M3,
    E3M2,
    E4M3,
    E5M2,
    FORMATS,
    FloatFormat,
    Format,
    IntFormat,
    UnsignedFormat,
    bcq_format,
    p3109,
)
from sqtheory.alphabet.operators import IDENTITY, Operator
from sqtheory.alphabet.partition import Channels, Columns, Partition, Rows, Tail, Whole
from sqtheory.alphabet.quantized import NanRule
from sqtheory.alphabet.rounding import ROUNDINGS, Rounding, stochastic
from sqtheory.arrays import FixedArray

Patterns: TypeAlias = Mapping[str, tuple[str, Callable[[re.Match[str]], Any]]]
"""Pattern → (what it stands for, how to build it)."""


def _size(match: re.Match[str]) -> int:
    return int(match[2] or match[3] or 64)


def _percentage(match: re.Match[str]) -> sparsifiers.TopSparsifier:
    """The mask that prunes k % of a tensor, k a decimal number as one writes it."""
    number = re.fullmatch(r"\d+(\.\d+)?", match[1], re.ASCII)
    if number is None or not Fraction(match[1]) < 100:
        raise ValueError(f"a mask prunes 0% to less than 100%, as in 50% or 37.5%, got {match[0][:40]}")
    return sparsifiers.top(1 - Fraction(match[1]) / 100)


def _frozen(scale: int | float | FixedArray) -> scaling.Frozen:
    return scaling.Frozen(FixedArray(scale))


OPERATORS: Mapping[str, Callable[..., Operator]] = {
    "int": quantizers.int_,
    "hbfp": quantizers.hbfp,
    "mxfp": quantizers.mxfp,
    "mxint": quantizers.mxint,
    "nvfp4": quantizers.nvfp4,
    "nf4": quantizers.nf4,
    "bcq": quantizers.bcq,
    "cast": quantizers.cast,
    "scaled": quantizers.scaled,
    "nm": sparsifiers.nm,
    "top": sparsifiers.top,
    "threshold": sparsifiers.threshold,
    "blockwise": sparsifiers.blockwise,
    "transposable": sparsifiers.transposable,
    "sap": sparsifiers.sap,
    "fixed": sparsifiers.fixed,
    "identity": lambda: IDENTITY,
    "affine": affine.affine,
    "patterns": sparsifiers.patterns,
    "two_way": sparsifiers.two_way,
    "bernoulli": bernoulli,
}
"""The constructors by the name they are written with."""

ALIASES: Patterns = {
    r"(\d+):(\d+)": ("n:m", lambda m: sparsifiers.nm(int(m[1]), int(m[2]))),
    r"(.+)%": ("k% pruned, over the tensor", _percentage),
    r"int(\d+)(?::b(\d+)|:g(\d+))?": ("int4, int4:b32", lambda m: quantizers.int_(int(m[1]), block=_size(m))),
    r"hbfp(\d+)(?::b(\d+)|:g(\d+))?": ("hbfp6, hbfp6:b32", lambda m: quantizers.hbfp(int(m[1]), block=_size(m))),
    r"mxint(\d+)": ("mxint8", lambda m: quantizers.mxint(int(m[1]))),
    r"mxfp8": ("mxfp(e4m3)", lambda m: quantizers.mxfp(E4M3)),
    r"mxfp6": ("mxfp(e2m3)", lambda m: quantizers.mxfp(E2M3)),
    r"mxfp4": ("mxfp(e2m1)", lambda m: quantizers.mxfp(E2M1)),
    r"mxfp8_e5m2": ("mxfp(e5m2)", lambda m: quantizers.mxfp(E5M2)),
    r"mxfp6_e3m2": ("mxfp(e3m2)", lambda m: quantizers.mxfp(E3M2)),
    r"bcq(\d+)": ("bcq3", lambda m: quantizers.bcq(int(m[1]))),
    r"ternary": (
        "ternary",
        lambda m: quantizers.int_(2, per=Whole(), scaling=scaling.AbsMean()),
    ),
    **aliases.PATTERNS,
}
"""Short spellings as people type them; ``nvfp4`` and others without parentheses are constructors of their own."""
ALIAS_EXAMPLES = (
    *("2:4", "50%", "4:8", "1:4", "75%", "int8", "int4", "int4:b32", "hbfp8", "hbfp6", "hbfp4"),
    *("mxfp8", "mxfp6", "mxfp4", "mxfp8_e5m2", "mxfp6_e3m2", "mxint8", "nvfp4", "nf4", "bcq3", "ternary"),
    *(preset.name.lower() for preset in aliases.TYPED),
)

FLOAT_FAMILIES: Patterns = {
    r"binary(\d+)p(\d+)([su])([ef])": (
        "binary8p3se, binary6p4uf",
        lambda m: p3109(int(m[1]), int(m[2]), signed=m[3] == "s", extended=m[4] == "e"),
    ),
}
"""Floating-point formats by pattern, beside those with a name of their own."""
FORMAT_FAMILIES: Patterns = {
    r"int(\d+)(full)?": ("int9, int9full", lambda m: IntFormat(int(m[1]), bool(m[2]))),
    r"uint(\d+)": ("uint4", lambda m: UnsignedFormat(int(m[1]))),
    r"bcq(\d+)(zero)?": ("bcq4, bcq4zero", lambda m: bcq_format(int(m[1]), bool(m[2]))),
    **FLOAT_FAMILIES,
}
"""Formats by pattern, beside those with a name of their own."""

PARTITIONS: Mapping[str, Callable[[int | None], Partition]] = {
    "row": lambda axis: Rows(),
    "column": lambda axis: Columns(),
    "tensor": lambda axis: Whole(),
    "channel": lambda axis: Channels(axis or 0),
}
"""What stands after ``per=``, given ``axis=``."""


@final
@dataclass(frozen=True)
class ArgumentKind:
    """What an argument of one type can be: a bare word, a word with arguments, or an object bound by the caller."""

    what: str
    names: Mapping[str, Any] = field(default_factory=dict)
    constructors: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    patterns: Patterns = field(default_factory=dict)
    examples: tuple[str, ...] = ()
    """Words that fit the patterns."""


FLOATS: Mapping[str, FloatFormat] = {name: f for name, f in FORMATS.items() if isinstance(f, FloatFormat)}
SCALING_BUILDERS: Mapping[str, Callable[..., scaling.Scaling]] = {
    "percentile": scaling.Percentile,
    "mse": scaling.mse,
    "lp": scaling.LeastNorm,
    "fouroversix": scaling.FourOverSix,
    "sweep": scaling.SweptScale,
    "mixed": scaling.MixedFormat,
    "absmean": scaling.AbsMean,
    "histogram": scaling.LeastOfHistogram,
    "frozen": _frozen,
    "twolevel": scaling.TwoLevel,
    "signedmax": scaling.SignedMax,
    "double": scaling.DoubleQuantization,
    "leastsquares": scaling.LeastSquares,
    "search": scaling.CandidateSearch,
    "descent": scaling.CoordinateDescent,
    "superblock": scaling.SuperBlock,
    "stored": scaling.StoredScale,
    "reciprocal": scaling.Reciprocal,
    "shared": scaling.SharedExponent,
    "unscaled": scaling.Unscaled,
}
SCORE_BUILDERS: Mapping[str, Callable[..., scores.Score]] = {
    "gain": scores.Gain,
    "wanda": scores.wanda,
    "wina": scores.wina,
    "partnered": scores.partnered,
    "given": scores.given,
    "random": scores.Random,
    "magnitude": held_scores.held_magnitude,
    "power": held_scores.held_power,
}
TIE_BUILDERS: Mapping[str, Callable[..., ties.Ties]] = {
    "random": ties.RandomTies,
    "adversarial": ties.Adversarial,
    "introselect": ties.Introselect,
}
KINDS: Mapping[Any, ArgumentKind] = {
    Operator: ArgumentKind("operator", {}, OPERATORS, ALIASES, ALIAS_EXAMPLES),
    FloatFormat: ArgumentKind("floating-point format", FLOATS, {}, FLOAT_FAMILIES),
    Format: ArgumentKind("format", {**FLOATS, **FORMATS}, {}, FORMAT_FAMILIES),
    scaling.Scaling: ArgumentKind("scaling rule", scaling.SCALINGS, SCALING_BUILDERS),
    Rounding: ArgumentKind("rounding rule", ROUNDINGS, {"stochastic": stochastic}),
    scores.Score: ArgumentKind("score", named_scores.SCORES, SCORE_BUILDERS),
    ties.Ties: ArgumentKind("tie rule", ties.TIES, TIE_BUILDERS),
    held_scores.Precision: ArgumentKind("type of numbers", {str(held): held for held in held_scores.Precision}),
    ties.Selected: ArgumentKind("side of a selection", {str(side): side for side in ties.Selected}),
    sparsifiers.TileRule: ArgumentKind("rule for tiles", {str(rule): rule for rule in sparsifiers.TileRule}),
    Count: ArgumentKind("rule for counts", {str(rule): rule for rule in Count}),
    affine.Offset: ArgumentKind("offset", {str(offset): offset for offset in affine.Offset}),
    affine.Added: ArgumentKind("place of the zero point", {str(added): added for added in affine.Added}),
    scaling.BlockError: ArgumentKind("error of a block", {str(error): error for error in scaling.BlockError}),
    scaling.Misfit: ArgumentKind("misfit", {str(misfit): misfit for misfit in scaling.Misfit}),
    scaling.Range: ArgumentKind("range", {str(range): range for range in scaling.Range}),
    Overflow: ArgumentKind("overflow rule", {str(rule): rule for rule in Overflow}),
    NanRule: ArgumentKind("NaN rule", {str(rule): rule for rule in NanRule}),
    Tail: ArgumentKind("tail rule", {str(tail): tail for tail in Tail}),
    Partition: ArgumentKind("partition", PARTITIONS),
    bool: ArgumentKind("truth value", {"true": True, "false": False}),
    FixedArray: ArgumentKind("array"),
    np.random.Generator: ArgumentKind("numpy.random.Generator"),
}
"""What can be written for an argument, by its type; numbers beside."""
