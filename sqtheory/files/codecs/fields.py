"""Codes of k bits in words: along the last axis they are one stream, the lowest bit of every word first."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqtheory.files.bits import pack_bits

WORD = 32
"""Bits of a word of most layouts."""


def unpacked(words: NDArray[Any], bits: int) -> NDArray[np.uint8]:
    """The codes of rows of words, [..., n] words of w bits to [..., n·w/k] codes, each row a stream of its own.

    1 ≤ k ≤ 8 and k divides the bits of a row; a code may lie across two words. Raises ValueError where it does not.
    """
    count = 8 * words.itemsize * words.shape[-1]
    if count % bits:
        raise ValueError(f"rows of {count} bits are no whole number of {bits}-bit codes")
    little = np.ascontiguousarray(words, words.dtype.newbyteorder("<"))
    octets = little.reshape(-1).view(np.uint8)
    together, width = math.lcm(bits, 8) // bits, math.lcm(bits, 8) // 8
    out = np.empty((octets.size // width, together), np.uint8)
    for place in range(together):
        first, shift = divmod(bits * place, 8)
        code = octets[first::width] >> shift
        if shift + bits > 8:
            code |= octets[first + 1 :: width] << (8 - shift)
        np.bitwise_and(code, (1 << bits) - 1, out=out[:, place])
    return out.reshape(*words.shape[:-1], count // bits)


def as_words(codes: NDArray[Any], bits: int) -> NDArray[np.int32]:
    """Rows of codes as words of 32 bits, each row filled up with zeros to whole words: ``unpacked`` gives them back."""
    rows, columns = codes.shape
    fields = np.zeros((rows, -(-columns // WORD) * WORD), np.uint8)
    fields[:, :columns] = codes
    return pack_bits(fields, bits).view("<i4").reshape(rows, -1)[:, : -(-columns * bits // WORD)]
