"""Rounding a tile of ratios in place: the operations of ``Format.round``, without its temporaries."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from sqtheory.alphabet.formats import Codebook, FloatFormat, Format, IntFormat
from sqtheory.alphabet.kernels.engine import compiled
from sqtheory.alphabet.kernels.levels import FEW, level_cuts, to_level
from sqtheory.alphabet.kernels.maxima import INTEGER
from sqtheory.alphabet.kernels.scratch import scratch
from sqtheory.alphabet.rounding import Rounding, nearest_even
from sqtheory.arrays import Array

Rounder: TypeAlias = Callable[[Array, Callable[[], float]], None]
"""Round the entries of a flat array in place; the second argument finds a bound on their magnitudes."""

Compiled: TypeAlias = Callable[[Array, Array, Array], None]
"""(x, σ of every run, out): write images of x to ``out``."""


def rounder(fmt: Format, rounding: Rounding, saturate: bool, dtype: np.dtype[Any]) -> Rounder:
    """How ``fmt.round(v, rounding, saturate=saturate)`` is done on a tile: by itself where no loop is faster."""
    if saturate and isinstance(fmt, IntFormat) and rounding == nearest_even:
        return lambda v, bound: _to_integer(v, fmt, bound)
    if saturate and isinstance(fmt, FloatFormat) and rounding == nearest_even and _steps_by_exponent(fmt, dtype):
        return _float_rounder(fmt, dtype)
    if saturate and isinstance(fmt, Codebook) and rounding.deterministic:
        return lambda v, bound: to_level(v, fmt, rounding)
    return lambda v, bound: np.copyto(v, fmt.round(v, rounding, saturate=saturate))


def compiled_image(
    fmt: Format, rounding: Rounding, saturate: bool, dtype: np.dtype[Any], entries: int
) -> Compiled | None:
    """σ ρ(x/σ) as one compiled loop over (layers, runs, size); None where numpy or the definition must do it."""
    loops = compiled(entries)
    if loops is None or not (saturate and rounding == nearest_even and fmt.min < 0):
        return None
    low, high, places = dtype.type(fmt.min), dtype.type(fmt.max), np.finfo(dtype).nmant
    if isinstance(fmt, IntFormat):
        magic = dtype.type(1.5 * 2.0**places)
        return lambda x, sigma, out: loops.INTEGERS(x, sigma, low, high, magic, out)
    if isinstance(fmt, FloatFormat) and _steps_by_exponent(fmt, dtype):
        kind = INTEGER[dtype].type
        exponent, least = (kind(np.asarray(v, dtype).view(kind)) for v in (np.inf, fmt.min_normal))
        lift, sign = kind((places - fmt.m << places) + (1 << places - 1)), np.iinfo(kind).min
        return lambda x, sigma, out: loops.FLOATS[dtype](x, sigma, low, high, exponent, least, lift, kind(sign), out)
    return None


def loop_rounding(fmt: Format, rounding: Rounding, saturate: bool) -> Any:
    """How compiled loops round float32 ratios: by whole numbers, exponents or cuts; None where they do not.

    To be called where the engine is numba.
    """
    loops, real = compiled(), np.float32
    if loops is None or not saturate or not rounding.deterministic:
        return None
    ends, none = (real(fmt.min), real(fmt.max)), np.empty(0, np.float32)
    places = np.finfo(real).nmant
    if rounding == nearest_even and isinstance(fmt, IntFormat):
        return loops.GROUPS.LoopRounding(0, *ends, real(1.5 * 2.0**places), np.int32(0), np.int32(0), none, none)
    if rounding == nearest_even and isinstance(fmt, FloatFormat) and _steps_by_exponent(fmt, np.dtype(real)):
        least = np.asarray(fmt.min_normal, real).view(np.int32)[()]
        lift = np.int32((places - fmt.m << places) + (1 << places - 1))
        return loops.GROUPS.LoopRounding(1, *ends, real(0), least, lift, none, none)
    if len(fmt.values) > FEW:
        return None
    cuts = level_cuts(fmt, rounding, np.dtype(real))
    return loops.GROUPS.LoopRounding(2, *ends, real(0), np.int32(0), np.int32(0), cuts, fmt.values.astype(real))


def _to_integer(v: Array, fmt: IntFormat, bound: Callable[[], float]) -> None:
    if not bound() < min(fmt.max, -fmt.min) + 0.5:  # below, rounding alone stays in the range
        v.clip(fmt.min, fmt.max, out=v)
    np.rint(v, out=v)
    np.add(v, 0, out=v)


def _float_rounder(fmt: FloatFormat, dtype: np.dtype[Any]) -> Rounder:
    kind, low, high = INTEGER[dtype], fmt.min, fmt.max
    least, exponent = (int(np.asarray(value, dtype).view(kind)) for value in (fmt.min_normal, np.inf))
    fraction = fmt.m << np.finfo(dtype).nmant

    def round_in_place(v: Array, bound: Callable[[], float]) -> None:
        v.clip(low, high, out=v)
        bits = np.bitwise_and(v.view(kind), exponent, out=scratch("step", v.size, kind))
        bits.clip(least, exponent, out=bits)
        step = np.subtract(bits, fraction, out=bits).view(dtype)
        np.divide(v, step, out=v)
        np.rint(v, out=v)
        np.multiply(v, step, out=v)

    return round_in_place


def _steps_by_exponent(fmt: FloatFormat, dtype: np.dtype[Any]) -> bool:
    """Every step is a normal number of the dtype, so that its bits are a shifted exponent; 0 and −0 round as others."""
    return fmt.has_negative_zero and fmt.emin - fmt.m >= int(np.finfo(dtype).minexp)
