"""Streams of k-bit fields: field i takes bits i·k … i·k + k − 1, the lowest bit of every byte first."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

_CHUNK = 1 << 17
"""Fields handled at once: a whole number of bytes for every k."""


def stream_bytes(count: int, k: int) -> int:
    """⌈count · k / 8⌉: bytes of a stream, the last one filled up with zeros."""
    return -(-count * k // 8)


def pack_bits(fields: NDArray[np.integer[Any]], k: int) -> NDArray[np.uint8]:
    """The stream Σ f_i 2^{ik} of fields 0 ≤ f_i < 2^k in C order, as bytes with the lowest first; 0 ≤ k ≤ 64."""
    flat = fields.reshape(-1)
    out = np.empty(stream_bytes(flat.size, k), np.uint8)
    for at, stop, begin, end in _pieces(flat.size, k):
        octets = np.ascontiguousarray(flat[at:stop], flat.dtype.newbyteorder("<")).view(np.uint8)
        each = np.unpackbits(octets.reshape(stop - at, -1), axis=1, bitorder="little")
        out[begin:end] = np.packbits(each[:, :k].reshape(-1), bitorder="little")
    return out


def unpack_bits(raw: NDArray[np.uint8], k: int, count: int) -> NDArray[np.unsignedinteger[Any]]:
    """The fields of a stream, in the narrowest unsigned type of at least k bits; ValueError unless it is whole.

    Bits after the last field must be 0.
    """
    if raw.ndim != 1 or raw.dtype != np.uint8 or raw.size != stream_bytes(count, k):
        raise ValueError(f"{count} fields of {k} bits take {stream_bytes(count, k)} bytes, got {raw.dtype} {raw.shape}")
    if raw.size and count * k % 8 and int(raw[-1]) >> count * k % 8:
        raise ValueError(f"the bits after {count} fields of {k} bits are not all 0")
    width = next(w for w in (8, 16, 32, 64) if k <= w)
    out = np.zeros(count, f"<u{width // 8}")
    for at, stop, begin, end in _pieces(count, k):
        each = np.unpackbits(raw[begin:end], count=(stop - at) * k, bitorder="little")
        wide = np.zeros((stop - at, width), np.uint8)
        wide[:, :k] = each.reshape(-1, k)
        out[at:stop] = np.packbits(wide, axis=1, bitorder="little").reshape(-1).view(out.dtype)
    return out.astype(out.dtype.newbyteorder("="), copy=False)


def _pieces(count: int, k: int) -> Iterator[tuple[int, int, int, int]]:
    """Fields at … stop and the bytes begin … end that hold them, for pieces that begin with a byte."""
    for at in range(0, count if k else 0, _CHUNK):
        stop = min(at + _CHUNK, count)
        yield at, stop, at * k // 8, stream_bytes(stop, k)
