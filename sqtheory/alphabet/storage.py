"""Bits that a quantized and pruned tensor takes: codes, scales, and where the survivors are."""

from enum import Enum
from fractions import Fraction
from math import ceil, comb, log2

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.partition import Blocks, Shape
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier


class Index(Enum):
    """How the places of the survivors of a group are stored."""

    combination = "one number for each group: ⌈log₂ C(m, n)⌉ bits"
    position = "the place of every survivor: ⌈log₂ m⌉ bits each, as sparse tensor cores store 2:4"
    bitmap = "one bit for every entry"


def index_bits(s: Sparsifier, shape: Shape, index: Index) -> int:
    """Bits that say which entries of a tensor survive.

    Raises ValueError unless s keeps a number of entries of every group, where the index is not a bitmap.
    """
    if index is Index.bitmap:
        return (s.units or Blocks(1)).count(shape)
    if not s.fixed_budget:
        raise ValueError(f"{s} keeps no fixed number of entries of a group: its places take a bitmap")
    total = 0
    for rows in s.groups.split(_places(shape)):
        size, kept = rows.shape[1], s.budget(rows.shape[1])
        each = ceil(log2(comb(size, kept))) if index is Index.combination else kept * ceil(log2(size))
        total += rows.shape[0] * each
    return total


def stored_bits(
    q: Quantizer, shape: Shape, s: Sparsifier | None = None, *, index: Index = Index.combination, real: int = 32
) -> int:
    """Bits of a tensor of this shape: codes of survivors, scales and offsets of blocks, and the survivors' places."""
    block, shared = q.scaling.bits(real)
    scales = q.partition.count(shape) * (block + q.scaling.offset_bits(q.format, real)) + shared
    if s is None:
        return Blocks(1).count(shape) * q.format.bits + scales
    kept: int = sum(len(rows) * s.budget(rows.shape[1]) for rows in s.groups.split(_places(shape)))
    return kept * q.format.bits + scales + index_bits(s, shape, index)


def bits_per_entry(
    q: Quantizer, shape: Shape, s: Sparsifier | None = None, *, index: Index = Index.combination, real: int = 32
) -> Fraction:
    """``stored_bits`` over the number of entries: HBFP4 in blocks of 64: 4 + 8/64 = 4.125 (theorem ``storage``)."""
    return Fraction(stored_bits(q, shape, s, index=index, real=real), Blocks(1).count(shape))


def _places(shape: Shape) -> NDArray[np.bool_]:
    return np.zeros(shape, bool)
