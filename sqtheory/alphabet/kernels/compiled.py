"""The loops of ``loops`` in machine code (extra ``fast``): serial, compiled when first called, kept on disk.

Written so that they vectorize: (v + c) − c with c = 1.5·2^f·step, f the fraction bits of the dtype, rounds v to a
multiple of step, ties to even, as ``rint(v / step) * step`` does but for the sign of zero.
"""

from typing import Any, TypeAlias

import numpy as np

from sqtheory.alphabet.kernels import (
    compiled_chains,
    compiled_codes,
    compiled_cuts,
    compiled_groups,
    compiled_masks,
    compiled_row_cuts,
)
from sqtheory.alphabet.kernels.compiled_loop import loop

Loop: TypeAlias = Any
"""A compiled function; its arguments are arrays and numpy scalars of one precision."""


def _maxima(kind: type) -> Loop:
    @loop
    def maxima(bits, flipped, wanted, out):  # type: ignore[no-untyped-def]
        """The largest of 0 and of (b ^ flipped) & wanted for the bits b of every row (runs, size), into ``out``."""
        for r in range(bits.shape[0]):
            top = kind(0)
            for j in range(bits.shape[1]):
                top = max(top, kind((bits[r, j] ^ flipped) & wanted))
            out[r] = top

    return maxima


def _integers() -> Loop:
    @loop
    def integers(x, scales, low, high, magic, out):  # type: ignore[no-untyped-def]
        """σ rint(clip(x/σ)), +0 where that is 0; x (layers, runs, size), one σ for each run."""
        one, zero = magic / magic, magic - magic
        for layer in range(x.shape[0]):
            for r in range(x.shape[1]):
                scale = scales[r]
                divisor = one if scale == zero else scale
                for j in range(x.shape[2]):
                    v = min(max(x[layer, r, j] / divisor, low), high)
                    out[layer, r, j] = ((v + magic) - magic) * scale

    return integers


def _floats(real: type, kind: type) -> Loop:
    @loop
    def floats(x, scales, low, high, exponent, least, lift, sign, out):  # type: ignore[no-untyped-def]
        """σ clip(x/σ), rounded to the step of its binade or of ``least``; ``lift`` makes c of its exponent bits."""
        one, zero = high / high, high - high
        for layer in range(x.shape[0]):
            for r in range(x.shape[1]):
                scale = scales[r]
                divisor = one if scale == zero else scale
                for j in range(x.shape[2]):
                    v = min(max(x[layer, r, j] / divisor, low), high)
                    bits = real(v).view(kind)
                    c = kind(max(kind(bits & exponent), least) + lift)
                    rounded = (v + kind(c).view(real)) - kind(c).view(real)
                    signed = kind(real(rounded).view(kind) | kind(bits & sign))
                    out[layer, r, j] = kind(signed).view(real) * scale

    return floats


def _largest_of_runs(m: int) -> Loop:
    @loop
    def largest_of_runs(bits, magnitude, k, earlier, later, out):  # type: ignore[no-untyped-def]
        """Mark the k largest magnitudes of every m entries of a vector.

        Entry j beats i if its bits are at least those of i plus ``earlier`` (j < i) or ``later`` (j > i): 0 or 1.
        """
        for run in range(bits.size // m):
            start = run * m
            for i in range(m):
                own, losses = bits[start + i] & magnitude, np.int32(0)
                for j in range(i):
                    losses += np.int32((bits[start + j] & magnitude) >= own + earlier)
                for j in range(i + 1, m):
                    losses += np.int32((bits[start + j] & magnitude) >= own + later)
                out[start + i] = losses < k

    return largest_of_runs


@loop
def count_losses(columns, wins_ties, out):  # type: ignore[no-untyped-def]
    """How many entries of its run beat each entry of columns (m, runs); a tie is lost by the later, or the earlier."""
    m, runs = columns.shape
    out[:, :] = 0
    for i in range(m):
        for j in range(i + 1, m):
            for r in range(runs):
                own, other = columns[i, r], columns[j, r]
                won = (own > other) | ((own == other) & wins_ties)
                out[j, r] += won
                out[i, r] += not won


@loop
def count_losses_by_key(columns, keys, wins_ties, out):  # type: ignore[no-untyped-def]
    """The same with ties of columns decided by keys first."""
    m, runs = columns.shape
    out[:, :] = 0
    for i in range(m):
        for j in range(i + 1, m):
            for r in range(runs):
                own, other, key, rival = columns[i, r], columns[j, r], keys[i, r], keys[j, r]
                preferred = (key > rival) | ((key == rival) & wins_ties)
                won = (own > other) | ((own == other) & preferred)
                out[j, r] += won
                out[i, r] += not won


LENGTHS = (2, 8)
"""Other runs do not vectorize and are ranked faster by columns."""
MAXIMA = {np.dtype(np.float32): _maxima(np.int32), np.dtype(np.float64): _maxima(np.int64)}
INTEGERS = _integers()
FLOATS = {np.dtype(np.float32): _floats(np.float32, np.int32), np.dtype(np.float64): _floats(np.float64, np.int64)}
LARGEST = {m: _largest_of_runs(m) for m in LENGTHS}
GROUPS = compiled_groups
"""Both orders on short groups."""
CUTS = compiled_cuts
"""Both orders on groups of whole scale blocks."""
ROW_CUTS = compiled_row_cuts
"""Where rows are cut that are such groups."""
MASKS = compiled_masks
"""Masks of the largest magnitudes."""
CODES = compiled_codes
"""Codes of float32 numbers, and back."""
CHAINS = compiled_chains
"""What a mask and a format make of float32 numbers, and its error."""


def prepare() -> None:
    """Let numba do what it does at the first call of any loop, which takes as long as loading it."""
    MAXIMA[np.dtype(np.float32)](np.zeros((1, 1), np.int32), np.int32(0), np.int32(0), np.empty(1, np.int32))
