"""Sparsity and quantization on one tensor: two orders, their errors, and the assumptions between them.

S→Q is ``s >> q`` and Q→S is ``q >> s``; ``compare`` measures both, ``explain`` says through which channel
order could matter; ``theorems`` holds what is proved, ``decide`` says whether a claim is true of a pipeline, and
``open_checkpoint`` reads files; ``order``, ``apply``, ``verify``, ``report``, ``predict``, ``inspect`` are verbs of the
command line as one call each. Each public name has an example: in its docstring, or in "Public names by example" of the
documentation.

>>> import sqtheory as sq
>>> s, q = sq.nm(2, 4), sq.int_(4)
>>> (s >> q)([5 / 3, 2, 1 / 6, 7]), (q >> s)([5 / 3, 2, 1 / 6, 7])
(array([0., 2., 0., 7.]), array([2., 0., 0., 7.]))
"""

from typing import TYPE_CHECKING

from sqtheory.exceptions import CheckpointError, Indivisible, InputRefused, MissingExtra, NonFinite, SpellingError
from sqtheory.version import __version__ as __version__

if TYPE_CHECKING:
    from sqtheory.alphabet.affine import Added, Offset, affine
    from sqtheory.alphabet.budgets import Count
    from sqtheory.alphabet.casts import Overflow
    from sqtheory.alphabet.formats import (
        BFLOAT16,
        E2M1,
        E2M3,
        E3M2,
        E4M3,
        E4M3_IEEE,
        E5M2,
        E8M0,
        FLOAT16,
        FORMATS,
        INT2,
        INT3,
        INT4,
        INT5,
        INT6,
        INT7,
        INT8,
        INT16,
        NF4,
        Codebook,
        FloatFormat,
        Format,
        IntFormat,
        Nonfinite,
        SpecialCodes,
        bcq_format,
    )
    from sqtheory.alphabet.kernels.engine import engine
    from sqtheory.alphabet.notation import parse
    from sqtheory.alphabet.operators import IDENTITY, Chain, Identity, Operator
    from sqtheory.alphabet.partition import Blocks, Channels, Columns, Heads, Partition, Rows, Tail, Tiles, Whole
    from sqtheory.alphabet.quantized import NanRule, Quantized
    from sqtheory.alphabet.quantizers import (
        Quantizer,
        bcq,
        cast,
        hbfp,
        int_,
        mxfp,
        mxint,
        nf4,
        nvfp4,
        scaled,
    )
    from sqtheory.alphabet.rounding import Rounding, half_away, nearest_even, stochastic, toward_zero
    from sqtheory.alphabet.scaling import Range
    from sqtheory.alphabet.scores import Gain, Random, Score, given, magnitude, wanda, wina
    from sqtheory.alphabet.sparsifiers import Sparsifier, TileRule, blockwise, fixed, nm, patterns, sap, threshold, top
    from sqtheory.alphabet.sparsifiers.transposable import transposable
    from sqtheory.alphabet.sparsifiers.two_way import two_way
    from sqtheory.alphabet.ties import (
        Adversarial,
        Introselect,
        RandomTies,
        Selected,
        Ties,
        adversarial,
        all_die,
        all_survive,
        by_original,
        high_index,
        low_index,
    )
    from sqtheory.api.apply import apply
    from sqtheory.api.inspect import inspect
    from sqtheory.api.order import order
    from sqtheory.api.predict import predict
    from sqtheory.api.report import report
    from sqtheory.api.verify import verify
    from sqtheory.arrays import FixedArray
    from sqtheory.files.checkpoints import open_checkpoint
    from sqtheory.orders.channels import ChannelReport, explain
    from sqtheory.orders.errors import error, norm, relative_error, sqnr
    from sqtheory.orders.report import OrderReport, compare
    from sqtheory.orders.streaming import error_norm
    from sqtheory.theory import theorems
    from sqtheory.theory.case import Case
    from sqtheory.theory.decide import decide

__all__ = [
    "BFLOAT16",
    "E2M1",
    "E2M3",
    "E3M2",
    "E4M3",
    "E4M3_IEEE",
    "E5M2",
    "E8M0",
    "FLOAT16",
    "FORMATS",
    "IDENTITY",
    "INT2",
    "INT3",
    "INT4",
    "INT5",
    "INT6",
    "INT7",
    "INT8",
    "INT16",
    "NF4",
    "Added",
    "Adversarial",
    "Blocks",
    "Case",
    "Chain",
    "ChannelReport",
    "Channels",
    "CheckpointError",
    "Codebook",
    "Columns",
    "Count",
    "FixedArray",
    "FloatFormat",
    "Format",
    "Gain",
    "Heads",
    "Identity",
    "Indivisible",
    "InputRefused",
    "IntFormat",
    "Introselect",
    "MissingExtra",
    "NanRule",
    "NonFinite",
    "Nonfinite",
    "Offset",
    "Operator",
    "OrderReport",
    "Overflow",
    "Partition",
    "Quantized",
    "Quantizer",
    "Random",
    "RandomTies",
    "Range",
    "Rounding",
    "Rows",
    "Score",
    "Selected",
    "Sparsifier",
    "SpecialCodes",
    "SpellingError",
    "Tail",
    "Ties",
    "TileRule",
    "Tiles",
    "Whole",
    "adversarial",
    "affine",
    "all_die",
    "all_survive",
    "apply",
    "bcq",
    "bcq_format",
    "blockwise",
    "by_original",
    "cast",
    "compare",
    "decide",
    "engine",
    "error",
    "error_norm",
    "explain",
    "fixed",
    "given",
    "half_away",
    "hbfp",
    "high_index",
    "inspect",
    "int_",
    "low_index",
    "magnitude",
    "mxfp",
    "mxint",
    "nearest_even",
    "nf4",
    "nm",
    "norm",
    "nvfp4",
    "open_checkpoint",
    "order",
    "parse",
    "patterns",
    "predict",
    "relative_error",
    "report",
    "sap",
    "scaled",
    "sqnr",
    "stochastic",
    "theorems",
    "threshold",
    "top",
    "toward_zero",
    "transposable",
    "two_way",
    "verify",
    "wanda",
    "wina",
]


LATER = frozenset(
    {"Case", "apply", "decide", "inspect", "open_checkpoint", "order", "predict", "report", "theorems", "verify"}
)
"""Names that load more than numpy: sympy, or readers of files."""
_PARTS = frozenset({"alphabet", "arrays", "orders", "tables", "tex"})
"""Modules that are there once the other names are."""


def __getattr__(name: str) -> object:
    """The public names, loaded when they are asked for: ``LATER`` one by one, all others together."""
    if name in LATER:
        from sqtheory.api.later import called

        return called(name)
    if name in __all__ or name in _PARTS:
        globals().update({found: value for found, value in _operators().items() if found not in LATER})
        return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _operators() -> dict[str, object]:
    """What is public and not ``LATER``."""
    from sqtheory.alphabet import (
        affine,
        budgets,
        formats,
        kernels,
        notation,
        operators,
        partition,
        quantized,
        quantizers,
        rounding,
        scores,
        sparsifiers,
        ties,
    )
    from sqtheory.arrays import FixedArray
    from sqtheory.orders import channels, errors, report, streaming

    alphabet = (
        *(affine, budgets, formats, kernels, notation, operators, partition, quantized, quantizers),
        *(rounding, scores, sparsifiers, ties),
    )
    found: dict[str, object] = {"FixedArray": FixedArray}
    for home in (channels, errors, report, streaming, *alphabet):  # some import a cast of their own
        found |= {name: value for name, value in vars(home).items() if name in __all__}
    return found


def __dir__() -> list[str]:
    """The public names, those that are loaded on first use among them."""
    return sorted({*globals(), *__all__})
