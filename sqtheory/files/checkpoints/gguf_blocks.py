"""Values of GGUF blocks of 32 codes in float32: d·q, d·(q − 8), d·(q − 16), d·q + m, or 2^(e−128)·q."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

_HALF = np.dtype("<f2")
_DOUBLED = np.array((0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12), np.float32)
"""Twice the values of the codes of E2M1; there is no −0."""


def _q4_0(blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
    values = _nibbles(blocks[:, 2:])
    values -= 8
    values *= _scale(blocks, 0)
    return values


def _q4_1(blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
    values = _nibbles(blocks[:, 4:])
    values *= _scale(blocks, 0)
    values += _scale(blocks, 2)
    return values


def _q5_0(blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
    values = _nibbles(blocks[:, 6:])
    values += 16.0 * np.unpackbits(blocks[:, 2:6], axis=1, bitorder="little")
    values -= 16
    values *= _scale(blocks, 0)
    return values


def _mxfp4(blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
    values = np.take(_DOUBLED, np.concatenate((blocks[:, 1:] & 15, blocks[:, 1:] >> 4), axis=1))
    values *= np.ldexp(np.float32(1), blocks[:, :1].astype(np.int32) - 128)
    return values


def _q8_0(blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
    values: NDArray[np.float32] = blocks[:, 2:].view(np.int8).astype(np.float32)
    values *= _scale(blocks, 0)
    return values


EXPANSIONS: Mapping[str, Callable[[NDArray[np.uint8]], NDArray[np.float32]]] = MappingProxyType(
    {"Q4_0": _q4_0, "Q4_1": _q4_1, "Q5_0": _q5_0, "Q8_0": _q8_0, "MXFP4": _mxfp4}
)
"""Of the bytes of [n, ...] blocks the [n, 32] values, by the name of the type; the gguf package expands the others."""


def _nibbles(octets: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The low halves of 16 bytes, then the high halves."""
    values = np.empty((len(octets), 32), np.float32)
    values[:, :16] = octets & 15
    values[:, 16:] = octets >> 4
    return values


def _scale(blocks: NDArray[np.uint8], at: int) -> NDArray[Any]:
    """A float16 of each block, as a column of float32."""
    return np.ascontiguousarray(blocks[:, at : at + 2]).view(_HALF).astype(np.float32)
