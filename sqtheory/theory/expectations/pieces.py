"""A tensor in slabs on which a mask and a quantizer act as on all of it, so that work on it needs little memory."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.scaling import Frozen, Reach, maxima
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array, FixedArray, StreamedTensor
from sqtheory.theory.expectations.predict import blocks_of

Tensor: TypeAlias = Array | StreamedTensor
"""In memory, or in a file that is read piece by piece."""


def whole(x: Tensor) -> Array:
    """All of it in memory, in float64."""
    return (x.whole() if isinstance(x, StreamedTensor) else x).astype(np.float64)


def pieces(x: Tensor, s: Sparsifier, q: Quantizer) -> Iterator[tuple[Array, Quantizer]]:
    """Slabs of the first axis in float64, each with q as it acts there; one slab where blocks or chance reach further.

    s must keep a largest magnitude of every scale block, so that scales of two levels are those of x in both orders.
    """
    alone = s.ties.deterministic and q.scaling.looks_at is not Reach.nothing
    cuts = list(blocks_of(q).slabs(x.shape)) if alone and x.shape else []
    if len(cuts) < 2:
        yield whole(x), q
        return
    if q.scaling.looks_at is not Reach.tensor:
        yield from ((part, q) for part in _read(x, cuts))
        return
    top = np.array([max(np.max(np.abs(part)) for part in _read(x, cuts))]).reshape((1,) * len(x.shape))
    for part in _read(x, cuts):
        scales = q.scaling.of_maxima(maxima(part, q.partition), top, q.format)
        yield part, replace(q, scaling=Frozen(FixedArray(scales)))


def _read(x: Tensor, cuts: list[slice]) -> Iterator[Array]:
    if isinstance(x, np.ndarray):
        return (x[cut].astype(np.float64) for cut in cuts)
    row = math.prod(x.shape[1:])
    return (part.reshape(-1, *x.shape[1:]).astype(np.float64) for part in x.pieces(cuts[0].stop * row))
