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
    """The stream Σ f_i 2^{ik} of the lowest k bits of fields in C order, as bytes with the lowest first; 0 ≤ k ≤ 64."""
    flat = fields.reshape(-1)
    out = np.empty(stream_bytes(flat.size, k), np.uint8)
    for at, stop, begin, end in _pieces(flat.size, k):
        if k <= 8:
            out[begin:end] = _folded(flat[at:stop], k)[: end - begin]
            continue
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
        if k <= 8:
            out[at:stop] = _unfolded(raw[begin:end], k)[: stop - at]
            continue
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


def _folded(fields: NDArray[np.integer[Any]], k: int) -> NDArray[np.uint8]:
    """The bytes of fields of k = 1 … 8 bits, and zeros up to a multiple of k bytes.

    Two neighbours of a word become one field of twice the width, until these are whole bytes or eight are together.
    """
    full = np.zeros(-(-fields.size // 8) * 8, np.uint8)
    np.bitwise_and(fields, (1 << k) - 1, out=full[: fields.size], casting="unsafe")
    width = 8
    while k % 8 and width < 64:
        width *= 2
        word = full.view(f"<u{width // 8}")
        half = word.dtype.type((1 << width // 2) - 1)
        full = (word & half) | ((word & ~half) >> (width // 2 - k))
        k *= 2
    return full.view(np.uint8).reshape(-1, width // 8)[:, : k // 8].reshape(-1)


def _unfolded(raw: NDArray[np.uint8], k: int) -> NDArray[np.uint8]:
    """The fields of bytes, and zeros up to a multiple of eight: the steps of ``_folded`` from last to first."""
    doublings = next(n for n in range(4) if (k << n) % 8 == 0)
    width, k = 8 << doublings, k << doublings
    rows = np.zeros((-(-raw.size * 8 // k), width // 8), np.uint8)
    whole = raw.size * 8 // k
    rows[:whole, : k // 8] = raw[: whole * k // 8].reshape(whole, k // 8)
    rows[whole:, : raw.size - whole * k // 8] = raw[whole * k // 8 :]
    full = rows.reshape(-1)
    while width > 8:
        k //= 2
        word = full.view(f"<u{width // 8}")
        field = (1 << k) - 1
        full = ((word & field) | ((word << (width // 2 - k)) & (field << width // 2))).view(np.uint8)
        width //= 2
    return full
