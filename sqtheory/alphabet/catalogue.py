"""The tables of what there is: formats, masks, quantizers; computed from the definitions."""

from fractions import Fraction

import numpy as np

from sqtheory.alphabet.aliases import ABSENT, TYPED
from sqtheory.alphabet.formats import FORMATS, Format
from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.alphabet.traits import TRAITS
from sqtheory.exceptions import NonFinite
from sqtheory.tables import Table, number

QUANTIZERS: tuple[tuple[str, str], ...] = (
    ("int8", "integers, one real scale amax/(2^{k−1}−1) per 64"),
    ("int4:b32", "the same in blocks of 32"),
    ("int(4, per=row)", "one scale per row"),
    ("int(4, scaling=halfrange)", "GPTQ/SparseGPT symmetric rule, half range on one-signed blocks"),
    (
        "int(4, block=32, scaling=signedmax, rounding=half_up)",
        "the entry of largest magnitude is −8, of either sign; GGUF, ONNX Runtime",
    ),
    ("ternary", "−1, 0 and 1 times the mean magnitude of the tensor (BitNet b1.58)"),
    ("hbfp8", "block floating point, exponent ⌈log₂ amax⌉ per 64"),
    ("hbfp6", "the same with 6 bits"),
    ("hbfp4", "the same with 4 bits"),
    ("mxfp8", "E4M3 under a power of two per 32 (OCP MX)"),
    ("mxfp6", "E2M3 under a power of two per 32"),
    ("mxfp4", "E2M1 under a power of two per 32"),
    ("mxint8", "8-bit integers under a power of two per 32"),
    ("nvfp4", "E2M1 under E4M3 per 16 under float32 per tensor"),
    ("scaled(e2m1, block=16, scaling=stored(e4m3))", "NVFP4 without a scale of the tensor"),
    ("scaled(binary8p4se, per=tensor)", "8 bits of IEEE P3109 with one real scale"),
    ("nf4", "normal quantiles, one real scale per 64"),
    ("scaled(fp4)", "FP4 of bitsandbytes, one real scale per 64"),
    ("scaled(iq4, block=32, scaling=signedmax)", "the levels of GGUF's IQ4, of which none is 0"),
    ("int(4, block=32, scaling=leastsquares)", "scales of least squares, ten rounds from amax/7 on"),
    ("Q6_K", "fitted scales of 8 bits under float16 per 256 (GGUF)"),
    ("Q4_K", "fitted scales and minima of 6 bits under two float16 numbers per 256 (GGUF)"),
    ("bcq3", "binary-coded sums ±1±2±4 without a zero"),
    ("scaled(e4m3, per=tensor)", "FP8 with one real scale"),
    ("cast(bfloat16)", "plain rounding"),
    ("affine(4, block=128)", "codes 0…15, a real scale and an integer zero point per 128, range with 0 (GPTQ)"),
    ("affine(4, offset=float, block=32)", "codes 0…15, a real scale and the least entry per 32"),
)
"""Quantizers worth naming, as one writes them, with what they are."""

CASTS: tuple[tuple[str, str], ...] = (
    ("cast(e4m3)", "beyond ±448 the end of the range; infinity and NaN refused"),
    ("cast(e4m3, overflow=nan)", "above 464 NaN, of infinity too (ml_dtypes)"),
    ("cast(e4m3, overflow=saturate)", "448 of infinity too (PyTorch 2.13, ONNX, instructions that saturate)"),
    ("cast(e5m2, overflow=inf)", "from 61440 infinity (PyTorch, ml_dtypes)"),
    ("cast(e4m3, overflow=error)", "the first entry beyond the range is named"),
    (
        "cast(e8m0, overflow=nan)",
        "midpoints up, all between 2^−127 and 2^−126 up; 0 and negative numbers NaN (ml_dtypes)",
    ),
)
"""Casts with what they make of numbers beyond the range."""

MASKS: tuple[tuple[str, str], ...] = (
    ("2:4", "keep the 2 largest of every 4 along the last axis"),
    ("1:4", "keep 1 of 4"),
    ("4:8", "keep 4 of 8"),
    ("nm(2, 4, axis=0)", "groups along another axis"),
    ("50%", "prune half of the tensor by magnitude: of n entries ⌈n/2⌉ stay"),
    ("75%", "prune three quarters"),
    ("top(0.5, per=row)", "keep half of every row, ⌈n/2⌉ of n"),
    ("top(16, block=64)", "keep 16 of every 64"),
    ("threshold(0.01)", "keep |x| ≥ 0.01"),
    ("blockwise(0.5, tile=(4, 4))", "keep half of the 4×4 tiles, by their 2-norm"),
    ("transposable(2, 4)", "at most 2:4 along rows and columns: the best pattern of every 4×4 tile"),
    ("patterns(2, 4)", "2:4 by trying six patterns, 0101 first: the first of largest sum in float32"),
    ("two_way(2, 4, rule=greedy)", "of 4×4 tiles from the largest entry on, as Paddle breaks ties (mask_2d_greedy)"),
    (
        "two_way(2, 4, rule=best, score=signed)",
        "the first of 90 patterns of largest Σ x, not Σ |x| (Paddle's mask_2d_best)",
    ),
    ("two_way(2, 4, rule=tile)", "from the largest entry on, with the ties of torch's semi-structured tile"),
    ("sap(0.5, 1, per=row)", "as many of every row as its PQ index allows"),
    ("nm(2, 4, ties=by_original)", "ties of q(x) go to the larger original"),
    ("nm(2, 4, ties=introselect(keep))", "ties as torch.topk(largest=True) leaves them on a CPU: no index order"),
    ("nm(2, 4, ties=introselect(prune))", "the rest of torch.topk(largest=False), which is another choice"),
    ("nm(2, 4, ties=all_survive)", "all that tie at the cut stay: 2 of every 4 or more"),
    ("nm(2, 4, ties=all_die)", "all that tie at the cut go: 2 of every 4 or fewer"),
    (
        "nm(2, 4, tail=short)",
        "a last group of r < 4 keeps ⌈r/2⌉; tail=keep: min(2, r); tail=prune: it loses min(2, r)",
    ),
    ("top(0.5, count=even_pruned)", "of 5 entries 2 go, of 7 four: half to even of what is pruned"),
    ("top(0.5, count=even_kept)", "of 5 entries 2 stay, of 7 four: half to even of what is kept"),
    ("top(0.5, count=floor_rank)", "those up to the entry of rank ⌊(n − 1)/2⌋ go: one of one"),
    ("top(0.5, count=one_more)", "⌊n/2⌋ + 1 of n go"),
    ("top(0.5, count=one_fewer)", "⌊n/2⌋ − 1 of n go"),
    ("nm(2, 4, score=power(2, bfloat16))", "rank by x², computed and held in bfloat16"),
    ("nm(2, 4, score=wanda)", "rank by |w| times the norm of its input, told by --statistics"),
    ("nm(2, 4, score=gain(int4, 2))", "rank by what keeping an entry saves after rounding"),
)
"""Masks worth naming, as one writes them, with what they keep."""


def formats() -> Table:
    """Every named element format with its range and its properties."""
    header = ("format", "kind", "bits", "values", "max", "min normal", "min subnormal", "zero", "odd", "monotone")
    return Table(header, tuple(_format_row(f) for f in FORMATS.values()))


def values(fmt: Format) -> Table:
    """Every value of one format with its codes and the step to the next larger magnitude."""
    table = fmt.code_values
    codes = np.flatnonzero(np.isfinite(table))
    codes = codes[np.lexsort([~np.signbit(table[codes]), table[codes]])]
    steps = np.asarray(fmt.step(table[codes])).tolist()
    rows = tuple(
        (f"{code:0{fmt.bits}b}", repr(value), number(step, 8))
        for code, value, step in zip(codes.tolist(), table[codes].tolist(), steps, strict=True)
    )
    return Table(("code", "value", "step"), rows)


def quantizers() -> Table:
    """Named quantizers: spelling, canonical spelling, what they are, the traits they lack."""
    return Table(("written", "means", "what", "lacks"), tuple(_quantizer_row(text, what) for text, what in QUANTIZERS))


def casts() -> Table:
    """Casts, by what becomes of a number that is too large for the format, and of infinity."""
    return Table(("written", "too large", "infinity", "what"), tuple(_cast_row(text, what) for text, what in CASTS))


def aliases() -> Table:
    """Names of tools: what they mean exactly, and those that mean nothing here with what is missing."""
    known = ((one.name, str(one.make()), one.what) for one in TYPED)
    absent = ((one.name, "–", f"{one.lacks}{f'; nearest: {one.nearest}' if one.nearest else ''}") for one in ABSENT)
    return Table(("typed", "means", "what"), (*known, *absent))


def masks() -> Table:
    """Named masks: spelling, canonical spelling, share kept, what they keep."""
    return Table(("written", "means", "kept", "what"), tuple(_mask_row(text, what) for text, what in MASKS))


def _format_row(f: Format) -> tuple[str, ...]:
    limits = (number(f.max, 5), number(f.min_normal, 5), number(f.min_subnormal, 5))
    flags = (f.has_zero, f.odd, f.monotone)
    return (f.name, f.kind, str(f.bits), str(f.values.size), *limits, *("yes" if flag else "no" for flag in flags))


def _quantizer_row(text: str, what: str) -> tuple[str, ...]:
    q = parse(text)
    lacking = ", ".join(t.name.lower().replace("_", " ") for t in TRAITS if t not in q.traits)
    return (text, str(q), what, lacking or "–")


def _cast_row(text: str, what: str) -> tuple[str, ...]:
    f = parse(text)
    images = []
    for v in (1e30 if "e8m0" not in text else 2.0**127.9, np.inf):
        try:
            images.append(number(float(f([v])[0]), 5))
        except NonFinite:
            images.append("refused")
    return (text, *images, what)


def _mask_row(text: str, what: str) -> tuple[str, ...]:
    s = parse(text)
    assert isinstance(s, Sparsifier)
    group = 64
    kept = "by value" if s.budget(group) == group else str(Fraction(s.budget(group), group))
    return (text, str(s), kept, what)
