"""The largest magnitude of every block."""

import numpy as np

from sqtheory.alphabet.partition import Partition
from sqtheory.alphabet.rationals import Rationals
from sqtheory.arrays import Array


def maxima(x: Array, blocks: Partition) -> Array:
    """max |x_B| for every block, shape ``blocks.grid(x.shape)``, never −0."""
    return blocks.reduce(x, lambda rows: np.maximum(rows.max(axis=1), -rows.min(axis=1)) + rows.dtype.type(0))


def exact_maxima(x: Rationals, blocks: Partition) -> Rationals:
    """max |x_B| for every block of an array of Fractions."""
    return blocks.reduce(np.abs(x), lambda rows: rows.max(axis=1))
