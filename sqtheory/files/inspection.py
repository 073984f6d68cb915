"""What one tensor holds: zeros, values that are no numbers, range, and the n:m patterns it keeps already."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.kernels import fullest
from sqtheory.alphabet.partition import Shape
from sqtheory.arrays import Array, as_real
from sqtheory.files.checkpoints.tensors import TensorInfo
from sqtheory.tables import json_ready

PATTERNS: tuple[tuple[int, int], ...] = ((1, 4), (2, 4), (4, 8), (1, 2))
"""The n:m patterns looked for, in the order they are reported."""
_CHUNK = 1 << 18


@final
@dataclass(frozen=True)
class TensorSummary:
    """Counts and range of one tensor; NaN entries count as non-zero and take no part in the range."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    size: int
    zeros: int
    """Entries equal to 0, the negative ones included."""
    negative_zeros: int
    nan: int
    inf: int
    absmax: float
    """The largest magnitude; NaN when there is no entry, or none but NaN."""
    absmin_nonzero: float
    """The smallest magnitude above 0; NaN when there is none."""
    patterns: tuple[str, ...]
    """The ``n:m`` such that at most n of every m consecutive entries along the reduced axis, else the last, are not 0.

    Only where the question makes sense: two axes or more, the last a multiple of m, some entry not 0.
    """

    def of_file(self, info: TensorInfo) -> "TensorSummary":
        """The same with the shape that a tensor has in its file, where it was shown as matrices."""
        return replace(self, shape=info.stored.shape)

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, ready for JSON: numbers that are not finite as "NaN" and "Infinity"."""
        return {name: json_ready(value) for name, value in asdict(self).items()}


def inspect_slabs(info: TensorInfo, slabs: Iterable[NDArray[Any]]) -> TensorSummary:
    """Count and measure the entries of a tensor that comes in flat pieces, as ``Checkpoint.slabs`` gives them."""
    zeros = negative_zeros = nan = inf = 0
    high, low = -math.inf, math.inf
    kept = _candidates(info.shape)
    for chunk in _chunks(slabs):
        zero = chunk == 0
        zeros += int(np.count_nonzero(zero))
        negative_zeros += int(np.count_nonzero(zero & np.signbit(chunk)))
        nan += int(np.count_nonzero(np.isnan(chunk)))
        magnitude = np.abs(chunk)
        inf += int(np.count_nonzero(np.isinf(magnitude)))
        high = max(high, float(np.fmax.reduce(magnitude, initial=-math.inf)))
        low = min(
            low, float(np.fmin.reduce(np.where(zero, magnitude.dtype.type(math.inf), magnitude), initial=math.inf))
        )
        alive = np.logical_not(zero, out=zero)
        kept = [(n, m) for n, m in kept if fullest(alive, m) <= n]
    return TensorSummary(
        name=info.name,
        dtype=info.dtype,
        shape=info.shape,
        size=info.size,
        zeros=zeros,
        negative_zeros=negative_zeros,
        nan=nan,
        inf=inf,
        absmax=high if nan < info.size else math.nan,
        absmin_nonzero=low if zeros + nan < info.size else math.nan,
        patterns=_spelled(kept, zeros < info.size),
    )


def _chunks(slabs: Iterable[NDArray[Any]]) -> Iterator[Array]:
    """The entries in C order as floats, at most a power of two at a time, so that no group of m is cut."""
    for flat in slabs:
        for at in range(0, flat.size, _CHUNK):
            yield as_real(flat[at : at + _CHUNK])


def kept_patterns(shape: Shape, values: Array) -> tuple[int, tuple[str, ...]]:
    """How many entries are 0, and ``TensorSummary.patterns``, of finite entries of a tensor of this shape."""
    flat, zeros, kept = np.ascontiguousarray(values).reshape(-1), 0, _candidates(shape)
    for at in range(0, flat.size, _CHUNK):
        alive = flat[at : at + _CHUNK] != 0
        zeros += alive.size - int(np.count_nonzero(alive))
        kept = [(n, m) for n, m in kept if fullest(alive, m) <= n]
    return zeros, _spelled(kept, zeros < flat.size)


def _candidates(shape: Shape) -> list[tuple[int, int]]:
    return [(n, m) for n, m in PATTERNS if len(shape) >= 2 and shape[-1] % m == 0]


def _spelled(kept: list[tuple[int, int]], something: bool) -> tuple[str, ...]:
    return tuple(f"{n}:{m}" for n, m in kept) if something else ()
