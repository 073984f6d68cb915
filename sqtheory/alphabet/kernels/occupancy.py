"""How many entries of runs of 2, 4, 8 are not 0: bytes of a word added up by one product."""

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.kernels.scratch import per_tile, scratch
from sqtheory.arrays import Array, Mask

WORDS = (2, 4, 8)
"""The lengths of runs whose flags fill a word."""
_ONES = {m: int.from_bytes(b"\1" * m, "little") for m in WORDS}


def fullest(flags: Mask, m: int) -> int:
    """The most flags that are set in a run of m = 2, 4 or 8 of a contiguous array of whole runs; 0 for none."""
    words = flags.reshape(-1).view(f"<u{m}")
    counts: NDArray[np.unsignedinteger] = scratch("counts", words.size, words.dtype)
    np.multiply(words, _ONES[m], out=counts)  # the highest byte is the sum of all
    return int(np.maximum.reduce(counts, initial=0)) >> 8 * (m - 1)


def fullest_run(x: Array, m: int) -> int:
    """The most entries that are not 0 in a run of m = 2, 4 or 8 of a contiguous array of whole runs."""
    flat, step = x.reshape(-1), per_tile(x)
    parts = (flat[at : at + step] for at in range(0, flat.size, step))
    return max(
        (fullest(np.not_equal(part, 0, out=scratch("alive", part.size, np.bool_)), m) for part in parts), default=0
    )
