"""A mask and a quantizer, or that alone, over a tensor in machine code: chunk by chunk, the scales of each in numpy."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from sqtheory.alphabet.kernels.engine import compiled
from sqtheory.alphabet.kernels.maxima import amax_of_runs
from sqtheory.alphabet.kernels.quantization import Scale, safe_scale, scale_rule
from sqtheory.alphabet.kernels.rounders import loop_rounding
from sqtheory.alphabet.kernels.scratch import scratch
from sqtheory.alphabet.operators import Operator, parts_of
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array

CHUNK = 1 << 18
"""Entries whose scales are computed at once."""


@final
@dataclass(frozen=True)
class Chunks:
    """Blocks of ``size`` in units of whole blocks and of whole groups of a mask, if there is one."""

    s: Sparsifier | None
    q: Quantizer
    size: int
    unit: int
    scale: Scale
    rounding: Any
    loops: Any

    @classmethod
    def of(cls, f: Operator, x: Array, out: Array | None) -> "Chunks | None":
        """How f is taken over x, its image in ``out`` if it is given; None where another way must be taken.

        That is for all but contiguous float32 tensors, and quantizers with a loop, alone or after a mask of which
        every unit has whole blocks.
        """
        loops, plain = compiled(x.size), all(a.flags.c_contiguous for a in (x, *([] if out is None else [out])))
        parts, unit = parts_of(f), f.own_run(x.shape)
        if loops is None or x.dtype != np.float32 or not plain or unit is None or x.shape[-1] % unit:
            return None
        *before, q = parts if 1 <= len(parts) <= 2 else (None,)
        s = before[0] if before else None
        if not isinstance(q, Quantizer) or not (s is None or isinstance(s, Sparsifier)):
            return None
        size, scale = q.partition.last_run(x.shape), scale_rule(x, q.format, q.scaling)
        rounding = loop_rounding(q.format, q.rounding, q.saturate)
        if rounding is None or size is None or scale is None or not q.format.has_zero:
            return None
        fits = 1 < size <= loops.CHAINS.STRIP and unit <= CHUNK
        return cls(s, q, size, unit, scale, tuple(rounding), loops.CHAINS) if fits else None

    @property
    def safe(self) -> float:
        """Scales up to this make no number near the largest of float32."""
        return safe_scale(self.q.format, np.dtype(np.float32))

    def cuts(self, x: Array, out: Array | None) -> Iterator[tuple[Array, Array]]:
        """The chunks of x, and of ``out`` or of memory that is used again."""
        step = CHUNK // self.unit * self.unit
        for at in range(0, x.size, step):
            part = x.reshape(-1)[at : at + step]
            yield part, scratch("image", part.size, x.dtype) if out is None else out.reshape(-1)[at : at + step]

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
            np.copyto(amax, amax_of_runs(x, self.size))
            return amax, float(np.maximum.reduce(amax))
        rows = x.reshape(-1, self.unit)
        s.into(out.reshape(rows.shape), rows, rows)
        bound = float(np.maximum.reduce(amax_of_runs(x, self.size)))
        np.copyto(amax, amax_of_runs(out, self.size))
        return amax, bound
