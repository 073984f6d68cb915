"""Finite sets of representable numbers: integers, small floating-point formats, codebooks, binary-coded sums."""

from collections.abc import Mapping

import numpy as np

from sqtheory.alphabet.formats.codebook import Codebook, bcq_format, dynamic_format, sums_of
from sqtheory.alphabet.formats.floating import FloatFormat, SpecialCodes, binade, p3109
from sqtheory.alphabet.formats.format import Codes, Format, Table, is_monotone, is_nearly_monotone, is_odd
from sqtheory.alphabet.formats.integer import IntFormat
from sqtheory.alphabet.formats.steps import StepFunction, steps
from sqtheory.alphabet.formats.unsigned import UnsignedFormat

Nonfinite = SpecialCodes
"""The name of SpecialCodes up to version 0.1, too near to the exception NonFinite."""
INT2, INT3, INT4, INT5, INT6, INT7, INT8, INT16 = (IntFormat(k) for k in (2, 3, 4, 5, 6, 7, 8, 16))
E4M3 = FloatFormat("e4m3", 4, 3, 7, SpecialCodes.nan_only)
E5M2 = FloatFormat("e5m2", 5, 2, 15, SpecialCodes.ieee)
E3M2 = FloatFormat("e3m2", 3, 2, 3)
E2M3 = FloatFormat("e2m3", 2, 3, 1)
E2M1 = FloatFormat("e2m1", 2, 1, 1)
E8M0 = FloatFormat("e8m0", 8, 0, 127, SpecialCodes.nan_only, signed=False, subnormals=False)
UE4M3 = FloatFormat("ue4m3", 4, 3, 7, SpecialCodes.nan_only, signed=False)
UE5M3 = FloatFormat("ue5m3", 5, 3, 15, SpecialCodes.nan_only, signed=False)
"""Scales of FP4 blocks without a sign, in 7 and 8 bits; the code of all ones is NaN (CUDA Math API 13.4, cuda_fp8)."""
BFLOAT16 = FloatFormat("bfloat16", 8, 7, 127, SpecialCodes.ieee)
FLOAT16 = FloatFormat("float16", 5, 10, 15, SpecialCodes.ieee)
E4M3_IEEE = FloatFormat("e4m3ieee", 4, 3, 7, SpecialCodes.ieee)
NF4 = Codebook(
    "nf4",
    (
        -1.0,
        -0.6961928009986877,
        -0.5250730514526367,
        -0.39491748809814453,
        -0.28444138169288635,
        -0.18477343022823334,
        -0.09105003625154495,
        0.0,
        0.07958029955625534,
        0.16093020141124725,
        0.24611230194568634,
        0.33791524171829224,
        0.44070982933044434,
        0.5626170039176941,
        0.7229568362236023,
        1.0,
    ),
)
"""NormalFloat4: quantiles of the normal law, as published (`dettmers2023qlora`, App. E); levels are float32 numbers."""
IQ4 = Codebook("iq4", tuple(map(float, (-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113))))
"""The levels of GGUF's IQ4_NL and IQ4_XS (source code of ggml), of which none is 0."""
_TWELFTHS = (1 / 16, 2, 3, 4, 6, 8, 12)
FP4 = Codebook("fp4", tuple(sorted(float(np.float32(v / 12)) for v in (*_TWELFTHS, 0, *(-v for v in _TWELFTHS)))))
"""The levels of bitsandbytes' FP4 (its source code), whose smallest is 1/192; float32 numbers."""
FP4INC = Codebook(
    "fp4inc",
    tuple(
        sorted(float(np.float32(v / 6)) for v in (0, *(s * t for s in (1, -1) for t in (1 / 16, 1, 1.5, 2, 3, 4, 6))))
    ),
)
"""The levels of neural-compressor's ``fp4_e2m1`` (its code), of E2M1 over 6 but for ±1/96 in place of ±1/12."""
DYNAMIC8 = dynamic_format()
BINARY8P3, BINARY8P4 = p3109(8, 3), p3109(8, 4)

FORMATS: Mapping[str, Format] = {
    f.name: f
    for f in (
        *(INT2, INT3, INT4, INT5, INT6, INT7, INT8, INT16),
        *(IntFormat(k, full_range=True) for k in (2, 3, 4, 5, 6, 7, 8, 16)),
        *(E4M3, E5M2, E3M2, E2M3, E2M1, E8M0, UE4M3, UE5M3, BFLOAT16, FLOAT16, E4M3_IEEE),
        *(BINARY8P3, BINARY8P4),
        *(NF4, FP4, FP4INC, IQ4, DYNAMIC8),
        *(bcq_format(2), bcq_format(3), bcq_format(3, zero=True)),
    )
}
"""Every format with a name, in the order the tables print them."""

__all__ = [
    "BFLOAT16",
    "BINARY8P3",
    "BINARY8P4",
    "DYNAMIC8",
    "E2M1",
    "E2M3",
    "E3M2",
    "E4M3",
    "E4M3_IEEE",
    "E5M2",
    "E8M0",
    "FLOAT16",
    "FORMATS",
    "FP4",
    "FP4INC",
    "INT2",
    "INT3",
    "INT4",
    "INT5",
    "INT6",
    "INT7",
    "INT8",
    "INT16",
    "IQ4",
    "NF4",
    "UE4M3",
    "UE5M3",
    "Codebook",
    "Codes",
    "FloatFormat",
    "Format",
    "IntFormat",
    "Nonfinite",
    "SpecialCodes",
    "StepFunction",
    "Table",
    "UnsignedFormat",
    "bcq_format",
    "binade",
    "dynamic_format",
    "is_monotone",
    "is_nearly_monotone",
    "is_odd",
    "p3109",
    "steps",
    "sums_of",
]
