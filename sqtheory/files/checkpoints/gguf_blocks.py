"""Values of GGUF blocks in float32: d·q, d·(q − 8), d·(q − 16), d·q + m, 2^(e−128)·q, or d times a table's q.

Source of the bytes: gguf 0.19.0, ``quants.dequantize``.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.formats import E4M3, IQ4

_HALF = np.dtype("<f2")
_DOUBLED = np.array((0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12), np.float32)
"""Twice the values of the codes of E2M1; there is no −0."""
TERNARY = ((32, 5), (16, 5), (4, 4))
"""How the 256 ternary digits of a block of TQ1_0 lie: (m, n) are m bytes of n digits, m entries apart."""


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


def _q5_1(blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
    values = _nibbles(blocks[:, 8:])
    values += 16.0 * np.unpackbits(blocks[:, 4:8], axis=1, bitorder="little")
    values *= _scale(blocks, 0)
    values += _scale(blocks, 2)
    return values


def _iq4_nl(blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
    values = np.take(IQ4.values.astype(np.float32), _nibbles(blocks[:, 2:]).astype(np.uint8))
    values *= _scale(blocks, 0)
    return values


def _tq1_0(blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Bytes are ⌈256 v/243⌉ of v = Σ 3^(4−j) t_j, so that digit j is the integer part of 3·(3^j byte mod 256)/256."""
    parts, at = [], 0
    for count, digits in TERNARY:
        turned = blocks[:, None, at : at + count] * np.array([3**j for j in range(digits)], np.uint8)[:, None]
        parts.append((turned.astype(np.uint16) * 3 >> 8).reshape(len(blocks), -1))
        at += count
    values = np.concatenate(parts, axis=1).astype(np.float32) - np.float32(1)
    values *= _scale(blocks, at)
    return values


def _tq2_0(blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
    octets = blocks[:, :64].reshape(-1, 2, 1, 32)
    fields = octets >> np.array([0, 2, 4, 6], np.uint8)[:, None] & np.uint8(3)
    values = fields.reshape(-1, 256).astype(np.float32) - np.float32(1)
    values *= _scale(blocks, 64)
    return values


def _nvfp4(blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Four scales of E4M3 without their signs, then their codes, eight bytes each; NaN is 0, with a sign 480."""
    sizes = E4M3.decode(blocks[:, :4] & np.uint8(127))
    sizes = np.where(np.isnan(sizes), np.where(blocks[:, :4] < 128, np.float32(0), np.float32(480)), sizes)
    octets = blocks[:, 4:].reshape(-1, 4, 8)
    values: NDArray[np.float32] = np.take(_DOUBLED, np.concatenate((octets & 15, octets >> 4), axis=2))
    values *= (sizes / 2).astype(np.float32)[:, :, None]
    return values.reshape(-1, 64)


def _mxfp4(blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
    values = np.take(_DOUBLED, np.concatenate((blocks[:, 1:] & 15, blocks[:, 1:] >> 4), axis=1))
    values *= np.ldexp(np.float32(1), blocks[:, :1].astype(np.int32) - 128)
    return values


def _q8_0(blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
    values: NDArray[np.float32] = blocks[:, 2:].view(np.int8).astype(np.float32)
    values *= _scale(blocks, 0)
    return values


EXPANSIONS: Mapping[str, Callable[[NDArray[np.uint8]], NDArray[np.float32]]] = MappingProxyType(
    {
        **{"Q4_0": _q4_0, "Q4_1": _q4_1, "Q5_0": _q5_0, "Q5_1": _q5_1, "Q8_0": _q8_0, "MXFP4": _mxfp4},
        **{"IQ4_NL": _iq4_nl, "TQ1_0": _tq1_0, "TQ2_0": _tq2_0, "NVFP4": _nvfp4},
    }
)
"""Of the bytes of [n, ...] blocks the values of each, by the name of the type; the gguf package expands the others."""


def _nibbles(octets: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The low halves of 16 bytes, then the high halves."""
    values = np.empty((len(octets), 32), np.float32)
    values[:, :16] = octets & 15
    values[:, 16:] = octets >> 4
    return values


def _scale(blocks: NDArray[np.uint8], at: int) -> NDArray[Any]:
    """A float16 of each block, as a column of float32."""
    return np.ascontiguousarray(blocks[:, at : at + 2]).view(_HALF).astype(np.float32)
