"""Names under which tools know formats of weights: each means one operator exactly, or says what is missing."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import final

from sqtheory.alphabet.affine import Offset, affine
from sqtheory.alphabet.formats import E2M1, E2M3, E4M3, FLOAT16
from sqtheory.alphabet.partition import Rows, Tiles, Whole
from sqtheory.alphabet.quantizers import Quantizer, int_, mxfp, nvfp4, scaled
from sqtheory.alphabet.rounding import half_away, half_up
from sqtheory.alphabet.scaling import (
    SCALINGS,
    AbsMax,
    CandidateSearch,
    CoordinateDescent,
    Misfit,
    Reciprocal,
    Scaling,
    SignedMax,
    StoredScale,
    SuperBlock,
)

MIDPOINT, EVEN, RCEIL = SCALINGS["midpoint"], SCALINGS["even"], SCALINGS["rceil"]


@final
@dataclass(frozen=True)
class Preset:
    """A name, in capitals or not, and the quantizer of weights that it means."""

    name: str
    make: Callable[[], Quantizer]
    what: str

    @property
    def pattern(self) -> str:
        """Matches the name."""
        return f"(?i:{self.name})"

    def build(self, match: re.Match[str]) -> Quantizer:
        """The quantizer."""
        return self.make()


@final
@dataclass(frozen=True)
class Missing:
    """Names of formats that no operator here is: what it lacks, and what comes nearest."""

    name: str
    """How the names are written in a table."""
    pattern: str
    lacks: str
    nearest: str

    def build(self, match: re.Match[str]) -> Quantizer:
        """Raises ValueError."""
        near = f"; nearest is {self.nearest}" if self.nearest else ""
        raise ValueError(f"{match[0]} is no operator here: {self.lacks}{near}")


_WEIGHTS = "the weights only, activations are not quantized"


def _group(k: int) -> Callable[[], Quantizer]:
    return lambda: int_(k, block=128, scaling=MIDPOINT)


COMPRESSED: tuple[Preset, ...] = (
    Preset("W4A16", _group(4), "4 bits in groups of 128, scale 2 amax/15"),
    Preset("W4A8", _group(4), f"the same; {_WEIGHTS}"),
    *(Preset(f"W{k}A16", _group(k), f"{k} bits in groups of 128, scale 2 amax/{2**k - 1}") for k in (2, 3, 5, 6, 7, 8)),
    Preset("W4A16_ASYM", lambda: affine(4, block=128), "4 bits in groups of 128, an integer zero point"),
    Preset("W8A8", lambda: int_(8, per=Rows(), scaling=MIDPOINT), f"8 bits, one scale for each output; {_WEIGHTS}"),
    Preset("FP8", lambda: scaled(E4M3, per=Whole()), f"E4M3, one scale for the tensor; {_WEIGHTS}"),
    Preset("FP8_DYNAMIC", lambda: scaled(E4M3, per=Rows()), f"E4M3, one scale for each output; {_WEIGHTS}"),
    Preset("FP8_BLOCK", lambda: scaled(E4M3, per=Tiles(128, 128)), f"E4M3, one scale for 128×128; {_WEIGHTS}"),
    Preset("MXFP4A16", lambda: mxfp(E2M1, scaling=EVEN), "E2M1 in blocks of 32, exponents from the rounded maximum"),
    Preset("MXFP6A16", lambda: mxfp(E2M3, scaling=EVEN), "E2M3, the same"),
    Preset("MXFP8A16", lambda: mxfp(E4M3, scaling=RCEIL), "E4M3 in blocks of 32, exponents rounded up"),
    Preset("NVFP4A16", lambda: nvfp4(), "E2M1 under E4M3 per 16 under float32 per tensor"),
)
"""As the preset schemes of compressed-tensors 0.20.1 (llm-compressor, vLLM) have them, bit for bit on float32."""

_SIGNED, _LARGEST = (StoredScale(FLOAT16, Reciprocal(rule), least=0.0, late=True) for rule in (SignedMax(), AbsMax()))


def _legacy(k: int) -> Quantizer:
    return int_(k, block=32, scaling=_SIGNED, rounding=half_up)


def _with_minimum(k: int) -> Quantizer:
    return affine(k, block=32, offset=Offset.float, reciprocal=True, stored=FLOAT16, rounding=half_up)


def _ternary() -> Quantizer:
    return int_(2, block=256, scaling=_LARGEST, rounding=half_away)


GGUF: tuple[Preset, ...] = (
    Preset("Q4_0", lambda: _legacy(4), "4 bits in blocks of 32, the largest magnitude becomes −8, scales in float16"),
    Preset("Q5_0", lambda: _legacy(5), "the same with 5 bits"),
    Preset(
        "Q8_0",
        lambda: int_(8, block=32, scaling=_LARGEST, rounding=half_away),
        "8 bits in blocks of 32, amax/127, scales in float16",
    ),
    Preset("Q4_1", lambda: _with_minimum(4), "4 bits in blocks of 32 above the least entry, both in float16"),
    Preset("Q5_1", lambda: _with_minimum(5), "the same with 5 bits"),
    Preset("TQ1_0", _ternary, "−1, 0 and 1 in blocks of 256, amax, scales in float16"),
    Preset("TQ2_0", _ternary, "the same, stored otherwise"),
)
"""As gguf 0.19.0 quantizes (llama.cpp), bit for bit on float32 unless a scale is beyond float16."""


def _super(k: int, bits: int, rule: Scaling) -> Callable[[], Quantizer]:
    return lambda: int_(k, block=16, scaling=SuperBlock(bits, rule))


def _fitted(k: int, below: int) -> Callable[[], Quantizer]:
    return lambda: affine(k, block=32, offset=Offset.fitted, below=below)


def _two_bits() -> Quantizer:
    return affine(2, block=16, offset=Offset.fitted, misfit=Misfit.absolute, below=5, scale_bits=4, count=16)


K_QUANTS: tuple[Preset, ...] = (
    Preset("Q2_K", _two_bits, "2 bits in blocks of 16, fitted scales and minima, 4 bits each under float16 per 256"),
    Preset("Q3_K", _super(3, 6, CoordinateDescent()), "3 bits in blocks of 16, fitted scales of 6 bits"),
    Preset("Q4_K", _fitted(4, 10), "4 bits in blocks of 32, fitted scales and minima, 6 bits each"),
    Preset("Q5_K", _fitted(5, 5), "5 bits, the same"),
    Preset("Q6_K", _super(6, 8, CandidateSearch()), "6 bits in blocks of 16, fitted scales of 8 bits"),
)
"""As llama.cpp quantizes without an importance matrix (xllamacpp 2026.10.11549), bit for bit on float32 likewise."""
TYPED = COMPRESSED + GGUF + K_QUANTS

ABSENT: tuple[Missing, ...] = (
    Missing("Q8_1", r"(?i:q8_1)", "it is for activations: sums of codes are stored beside the scale", ""),
    Missing("Q8_K", r"(?i:q8_k)", "it is for activations: sums of codes are stored beside the scale", ""),
    *(
        Missing(f"Q{k}_K_S …", f"(?i:q{k}_k_\\w+)", "it is a mixture of types over the tensors of a file", f"Q{k}_K")
        for k in range(2, 7)
    ),
    Missing(
        "IQ…",
        r"(?i:iq\d_(k|nl|xs|xxs|s|m)(_\w+)?)",
        "its scales are fitted, and quantized themselves",
        "",
    ),
)
"""What people type and is not here."""

_ALL: tuple[Preset | Missing, ...] = (*TYPED, *ABSENT)
PATTERNS: Mapping[str, tuple[str, Callable[[re.Match[str]], Quantizer]]] = {
    one.pattern: (one.name, one.build) for one in _ALL
}
