"""The error of a quantizer, or of a mask before it, in machine code: a chunk at a time, to the last bit."""

import math
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from sqtheory.alphabet.kernels.engine import compiled
from sqtheory.alphabet.kernels.exact import UNIT
from sqtheory.alphabet.kernels.maxima import amax_of_runs
from sqtheory.alphabet.kernels.quantization import safe_scale, scale_rule
from sqtheory.alphabet.kernels.rounders import loop_rounding
from sqtheory.alphabet.kernels.scratch import scratch
from sqtheory.alphabet.operators import Operator, parts_of
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array

CHUNK = 1 << 18
"""Entries whose scales are computed at once."""
FURTHEST = 400
"""Powers of errors stay within 2^±this."""


def error_units(f: Operator, x: Array, p: float, out: Array | None) -> int | None:
    """2^1074 Σ |x_i − f(x)_i|^p, and f(x) in ``out`` if it is given; None where another way must be taken.

    That is for all but p = 1, 2, contiguous float32 tensors, and quantizers with a loop, alone or after a mask of
    which every unit has whole blocks. ``out`` is spoiled then.
    """
    loops, plain = compiled(x.size), all(a.flags.c_contiguous for a in (x, *([] if out is None else [out])))
    parts, unit = parts_of(f), f.own_run(x.shape)
    if loops is None or x.dtype != np.float32 or p not in (1, 2) or not plain or unit is None or x.shape[-1] % unit:
        return None
    *before, q = parts if 1 <= len(parts) <= 2 else (None,)
    s = before[0] if before else None
    if not isinstance(q, Quantizer) or not (s is None or isinstance(s, Sparsifier)):
        return None
    size, scale = q.partition.last_run(x.shape), scale_rule(x, q.format, q.scaling)
    rounding = loop_rounding(q.format, q.rounding, q.saturate)
    if rounding is None or size is None or scale is None or not q.format.has_zero:
        return None
    if not 1 < size <= loops.CHAINS.STRIP or unit > CHUNK:
        return None
    chunks = _Chunks(s, size, unit, loops.CHAINS)
    step, total = CHUNK // unit * unit, 0
    for at in range(0, x.size, step):
        part = x.reshape(-1)[at : at + step]
        image = scratch("image", part.size, x.dtype) if out is None else out.reshape(-1)[at : at + step]
        amax, bound = chunks.masked(part, image)
        if not bound < np.inf:
            return None
        sigma = scale(amax)
        most = float(np.maximum.reduce(sigma))
        power = math.frexp(bound + most * max(q.format.max, -q.format.min))[1] * int(p)
        if most > safe_scale(q.format, x.dtype) or abs(power) > FURTHEST:
            return None
        added = chunks.added(part, image, sigma, rounding, p, power)
        if added is None:
            return None
        total += added
    return total


@final
@dataclass(frozen=True)
class _Chunks:
    """A mask or none, and blocks of ``size`` in units of whole blocks and groups."""

    s: Sparsifier | None
    size: int
    unit: int
    loops: Any

    def masked(self, x: Array, out: Array) -> tuple[Array, float]:
        """What the mask leaves, in ``out``: the largest magnitude of each of its blocks, and of all of x."""
        amax: Array = scratch("tops", x.size // self.size, x.dtype)
        s, bits = self.s, np.int32
        four = s is not None and s.ties.index_only and s.ties.ordered and s.groups.last_run((self.unit,)) == 4
        if s is not None and four and self.size % 4 == 0:
            least, later = bits(4 - s.budget(4)), bits(s.ties.low_index)
            self.loops.masked(x.view(bits), least, later, self.size, out.view(bits), amax.view(bits))
            return amax, float(np.maximum.reduce(amax))
        if s is None:
            np.copyto(out, x)
        else:
            rows = x.reshape(-1, self.unit)
            s.into(out.reshape(rows.shape), rows, rows)
        bound = float(np.maximum.reduce(amax_of_runs(x, self.size)))
        np.copyto(amax, amax_of_runs(out, self.size))
        return amax, bound

    def added(self, x: Array, y: Array, sigma: Array, rounding: Any, p: float, power: int) -> int | None:
        """The images of y in its place, and the sum of the p-th powers of errors; None where some were too small."""
        strips = -(-x.size // (self.loops.STRIP // self.size * self.size))
        sums = np.empty((strips, 2), np.int64)
        square = (1,) if p == 2 else ()
        if not self.loops.image_and_error(x, y, np.array(sigma), self.size, tuple(rounding), square, power, sums):
            return None
        first, second = (int(sum(sums[:, at].tolist())) for at in (0, 1))
        return (first << UNIT + power - 52) + (second << UNIT + power - 104)
