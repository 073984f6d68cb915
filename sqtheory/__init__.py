"""Sparsity and quantization on one tensor: two orders, their errors, and the assumptions between them.

S→Q is ``s >> q`` and Q→S is ``q >> s``; ``compare`` measures both, ``explain`` says through which channel
order could matter.
"""

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
    bcq_format,
)
from sqtheory.alphabet.kernels import engine
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
from sqtheory.alphabet.scores import Gain, Random, Score, given, magnitude, wanda, wina
from sqtheory.alphabet.sparsifiers import Sparsifier, blockwise, fixed, nm, threshold, top
from sqtheory.alphabet.ties import Adversarial, RandomTies, Ties, adversarial, by_original, high_index, low_index
from sqtheory.arrays import FixedArray
from sqtheory.exceptions import CheckpointError, Indivisible, InputRefused, MissingExtra, NonFinite, SpellingError
from sqtheory.orders.channels import ChannelReport
from sqtheory.orders.channels import report as explain
from sqtheory.orders.errors import error, norm, relative_error, sqnr
from sqtheory.orders.report import OrderReport, compare
from sqtheory.orders.streaming import error_norm

__version__ = "0.1.0"

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
    "Adversarial",
    "Blocks",
    "Chain",
    "ChannelReport",
    "Channels",
    "CheckpointError",
    "Codebook",
    "Columns",
    "FixedArray",
    "FloatFormat",
    "Format",
    "Gain",
    "Heads",
    "Identity",
    "Indivisible",
    "InputRefused",
    "IntFormat",
    "MissingExtra",
    "NanRule",
    "NonFinite",
    "Nonfinite",
    "Operator",
    "OrderReport",
    "Partition",
    "Quantized",
    "Quantizer",
    "Random",
    "RandomTies",
    "Rounding",
    "Rows",
    "Score",
    "Sparsifier",
    "SpellingError",
    "Tail",
    "Ties",
    "Tiles",
    "Whole",
    "adversarial",
    "bcq",
    "bcq_format",
    "blockwise",
    "by_original",
    "cast",
    "compare",
    "engine",
    "error",
    "error_norm",
    "explain",
    "fixed",
    "given",
    "half_away",
    "hbfp",
    "high_index",
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
    "parse",
    "relative_error",
    "scaled",
    "sqnr",
    "stochastic",
    "threshold",
    "top",
    "toward_zero",
    "wanda",
    "wina",
]
