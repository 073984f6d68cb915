"""Tensors with the entries that break careless arithmetic, drawn one by one so that they shrink."""

from collections.abc import Collection
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from math import inf, prod
from typing import Any, TypeAlias

import numpy as np
from hypothesis import strategies as st

from sqtheory.alphabet.formats import E2M1, E2M3, E4M3, NF4, Format, IntFormat, bcq_format
from sqtheory.alphabet.partition import Shape
from sqtheory.arrays import Array

Real: TypeAlias = np.dtype[np.floating[Any]]


class Kind(Enum):
    """What the entries of one block look like; simpler kinds come first, and shrinking goes towards them."""

    zero = "every entry is 0"
    dyadic = "multiples of 1/8 of at most 8"
    repeated = "one or two magnitudes, any signs"
    signed_zero = "+0 and −0, and dyadic numbers"
    one_signed = "dyadic numbers, none below 0 or none above"
    tie = "levels of a format, midpoints and their float neighbours, times 2^j; the largest level is there"
    power = "powers of two from 2^−20 to 2^20"
    near_power = "the float neighbours of these powers"
    heavy = "dyadic numbers times 1, a few of them times up to 2^20"
    subnormal = "multiples of the smallest positive number, the smallest normal number among them"
    wide = "any numbers of the dtype"
    mixed = "entries of all these kinds side by side"


DYADICS = tuple(sorted((k / 8 for k in range(-64, 65)), key=lambda v: (Fraction(v).denominator, abs(v), v < 0)))
TIE_GRIDS: tuple[Format, ...] = (*(IntFormat(k) for k in (2, 3, 4, 8)), E2M1, E2M3, E4M3, NF4, bcq_format(3))
SIZES = (1, 2, 3, 4, 5, 8, 16, 32)
Entries: TypeAlias = dict[Kind, st.SearchStrategy[float]]


@lru_cache
def _entries(real: Real, largest: float) -> Entries:
    """One entry of each kind whose entries are independent."""
    info = np.finfo(real)
    eps, least, normal = float(info.eps), float(info.smallest_subnormal), float(info.tiny)
    exact = [sign * 2.0**j for i in range(21) for j in sorted({i, -i}) for sign in (1, -1)]
    near, edges = [v * side for v in exact for side in (1 - eps / 2, 1 + eps)], (normal, -normal, normal - least)
    dyadic = st.sampled_from(DYADICS)
    entries = dict.fromkeys((Kind.dyadic, Kind.one_signed), dyadic) | {
        Kind.signed_zero: st.sampled_from((0.0, -0.0)) | dyadic,
        Kind.power: st.sampled_from(exact),
        Kind.near_power: st.sampled_from(near),
        Kind.heavy: st.builds(lambda v, j: v * 2.0**j, dyadic, st.sampled_from((0, 0, 0, 0, 0, 7, 12, 20))),
        Kind.subnormal: st.integers(-2048, 2048).map(lambda k: k * least) | st.sampled_from(edges),
        Kind.wide: st.floats(-largest, largest),
    }
    return {**entries, Kind.mixed: st.one_of(*entries.values())}


@lru_cache
def _critical(fmt: Format, real: Real) -> tuple[float, ...]:
    """Levels, then midpoints, then the float neighbours of midpoints, each by size."""
    middle = ((fmt.values[1:] + fmt.values[:-1]) / 2).astype(real)
    sides = np.concatenate([np.nextafter(middle, real.type(end)) for end in (-inf, inf)])
    return tuple(float(v) for part in (fmt.values, middle, sides) for v in part[np.lexsort([part < 0, np.abs(part)])])


def _block(draw: st.DrawFn, kind: Kind, size: int, grid: Format | None, real: Real, entries: Entries) -> list[float]:
    if kind is Kind.zero:
        return [0.0] * size
    if kind is Kind.repeated:
        pair = draw(st.lists(st.sampled_from(DYADICS[1::2]), min_size=1, max_size=2))
        return [draw(st.sampled_from([sign * v for v in pair for sign in (1, -1)])) for _ in range(size)]
    if kind is Kind.tie:
        fmt = draw(st.sampled_from(TIE_GRIDS)) if grid is None else grid
        points, unit = st.sampled_from(_critical(fmt, real)), 2.0 ** draw(st.sampled_from((0, 1, -1, 2, -2, 5, -5)))
        block = [draw(points) * unit for _ in range(size)]
        block[draw(st.integers(0, size - 1))] = fmt.max * unit
        return block
    block = [draw(entries[kind]) for _ in range(size)]
    sign = draw(st.sampled_from((1, -1))) if kind is Kind.one_signed else 0
    return [sign * abs(v) for v in block] if sign else block


def tensors(
    shape: Shape | st.SearchStrategy[Shape] | None = None,
    *,
    dtype: type[np.floating[Any]] | None = None,
    block: int | None = None,
    kinds: Collection[Kind] = tuple(Kind),
    grid: Format | None = None,
    magnitudes: tuple[float, float] = (0.0, 2.0**100),
) -> st.SearchStrategy[Array]:
    """x of a shape (given, or drawn as by ``shapes``), every run of ``block`` entries of the last axis of one kind.

    float32 or float64; what is not given is drawn. The last run of an axis may be short. Kind ``tie`` takes its
    levels from ``grid``, else from common formats. Entries are 0 or of magnitude within ``magnitudes``; they are
    drawn one by one and shrink to zeros and small dyadic numbers. Raises TypeError for another dtype, ValueError
    where no tensor is of these kinds, blocks and magnitudes.
    """
    reals: list[Real] = [np.dtype(real) for real in (np.float32, np.float64) if dtype in (None, real)]
    chosen, (low, high) = [k for k in Kind if k in kinds], magnitudes
    if not reals:
        raise TypeError(f"tensors are float32 or float64, got dtype {dtype!r}")
    if not (chosen and (block is None or block >= 1) and 0 <= low <= high <= float(np.finfo(reals[0]).max)):
        raise ValueError(f"no tensors have kinds={kinds!r}, block={block!r}, magnitudes={magnitudes!r} in {reals[0]}")
    where = shapes() if shape is None else shape if isinstance(shape, st.SearchStrategy) else st.just(tuple(shape))
    entries, kind = {real: _entries(real, high) for real in reals}, st.sampled_from(chosen)

    def tensor(draw: st.DrawFn) -> Array:
        sides, real = draw(where), draw(st.sampled_from(reals))
        last = sides[-1] if sides else 1
        run = draw(st.sampled_from(SIZES[::-1])) if block is None else block
        starts = [i for _ in range(prod(sides[:-1])) for i in range(0, last, run)]
        values = [v for i in starts for v in _block(draw, draw(kind), min(run, last - i), grid, real, entries[real])]
        x = np.clip(np.array(values, np.float64), -high, high).astype(real).reshape(sides)
        return np.where(np.abs(x) < low, np.copysign(real.type(0), x), x)

    return st.composite(tensor)()


def blocks(
    size: int | None = None, *, dtype: type[np.floating[Any]] | None = None, kinds: Collection[Kind] = tuple(Kind)
) -> st.SearchStrategy[Array]:
    """x ∈ ℝ^size (1 to 16 where not given), all of one kind; parameters and errors as those of ``tensors``."""
    one_axis = st.integers(1, 16).map(lambda n: (n,)) if size is None else st.just((size,))
    return tensors(one_axis, dtype=dtype, block=max(size or 16, 1), kinds=kinds)


def shapes(least: int = 1, most: int = 3) -> st.SearchStrategy[Shape]:
    """(n₁, …, n_d) with least ≤ d ≤ most axes: up to 17 entries along the last axis, up to 3 along the others."""
    return st.integers(least, most).flatmap(lambda d: st.tuples(*[st.integers(1, 3)] * (d - 1), st.integers(1, 17)))


def norms(least: float = 0.0) -> st.SearchStrategy[float]:
    """p ∈ [max(least, 1/4), 16] ∪ {∞}, often 1, 2, ∞; the triangle inequality needs ``least=1``."""
    usual = [p for p in (1.0, 2.0, inf, 0.5, 3.0) if p >= least]
    return st.sampled_from(usual) | (st.floats(max(least, 0.25), 16) if least <= 16 else st.nothing())
