"""What keeping an entry saves of the error, and what ranks boxes of entries like their norms."""

import numpy as np

from sqtheory.alphabet.norms import power_units
from sqtheory.alphabet.partition import Partition
from sqtheory.arrays import PIECE, Array


def gain(x: Array, image: Array, p: float) -> Array:
    """|x|^p − |x − y|^p for an image y of x, in float64; ±∞ or NaN where that overflows.

    p = ∞ stands for the limit of the ranking (see ``Gain``). For p = 1, 2, ∞ no cancellation loses digits:
    with t = ±y, the sign that of x, the gains are min(t, 2|x| − t) and t(2|x| − t), and |x| exceeds the error
    exactly if 0 < t < 2|x|.
    """
    along = image.astype(np.float64) * np.copysign(1.0, x)
    return saved(np.abs(x.astype(np.float64)), along, p, np.empty(x.shape))


def saved(size: Array, along: Array, p: float, out: Array) -> Array:
    """``gain`` from |x| and t, all float64, into ``out``."""
    with np.errstate(over="ignore", invalid="ignore"):
        beyond = np.subtract(np.multiply(size, 2, out=out), along, out=out)
        if p == 1:
            return np.asarray(np.minimum(along, beyond, out=out))
        if p == 2:
            return np.asarray(np.multiply(along, beyond, out=out))
        error = np.abs(size - along)
        if p == np.inf:
            return np.where((along > 0) & (beyond > 0), size, np.where((along == 0) | (beyond == 0), 0.0, -error))
        return np.asarray(np.subtract(size**p, error**p, out=out))


def gains(x: Array, image: Array, p: float, boxes: Partition) -> Array:
    """``gain``, over the p-th power of a unit of their own in boxes whose powers would leave the range of float64.

    So the ranking in every box is that of the gain, whatever the size of its entries.
    """
    pieces = []
    for rows, images in zip(boxes.split(x), boxes.split(image), strict=True):
        ends = [end(axis=1).astype(np.float64) for array in (rows, images) for end in (array.max, array.min)]
        unit = power_units(np.maximum.reduce(np.abs(ends)), p)[:, None]
        out = np.empty(rows.shape)
        height, width = max(1, PIECE // max(1, rows.shape[1])), min(PIECE, rows.shape[1])
        for at in range(0, rows.shape[0], height):
            for begin in range(0, rows.shape[1], width):
                cut = slice(at, at + height), slice(begin, begin + width)
                out[cut] = gain(rows[cut] / unit[cut[0]], images[cut] / unit[cut[0]], p)
        pieces.append(out)
    return boxes.join(pieces, x.shape)


def unit_norms(unit: Partition, sizes: Array, p: float) -> Array:
    """One number for each box of ``unit`` that ranks the boxes like the p-norms of their entries, sizes ≥ 0.

    The maximum, or Σ (e/2^j)^p with one j for the tensor that keeps the largest power from overflowing.
    """
    entries = sizes.astype(np.float64)
    if p == np.inf:
        return unit.reduce(entries, lambda rows: rows.max(axis=1))
    exponent = np.frexp(entries.max(initial=0))[1]
    return unit.reduce(np.ldexp(entries, -exponent) ** p, lambda rows: rows.sum(axis=1))
