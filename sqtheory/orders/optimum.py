"""The best any order could do at the scales of x: q(x) on the admissible mask of largest total gain."""

import numpy as np

from sqtheory.alphabet.gains import gain, gains
from sqtheory.alphabet.norms import power_units
from sqtheory.alphabet.partition import Whole
from sqtheory.alphabet.selection import LONG, top_of
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array, Mask
from sqtheory.orders.errors import largest_of


def gain_mask(x: Array, image: Array, s: Sparsifier, p: float) -> Mask:
    """The admissible mask m of least ‖x − m ⊙ q(x)‖_p, for the image q(x) (theorem ``gain_optimal``)."""
    if s.fixed_budget and s.groups == Whole() and x.size >= LONG and s.budget(x.size) < x.size:
        kept = _gain_mask_of_all(x.reshape(-1), image.reshape(-1), s.budget(x.size), p)
        if kept is not None:
            return kept.reshape(x.shape)
    return s.best_mask(_benefit(x, image, s, p), image, x)


def _gain_mask_of_all(x: Array, image: Array, k: int, p: float) -> Mask | None:
    """The k entries of largest gain, which is made piece by piece; None where an entry is not finite."""
    largest = np.max([largest_of(a.__getitem__, a.size) for a in (x, image)])
    if not np.isfinite(largest):
        return None
    unit = power_units(largest, p)  # in which every gain is finite

    def benefit(cut: slice) -> Array:
        return gain(x[cut] / unit, image[cut] / unit, p)

    return top_of(benefit, x.size, k, lambda at: np.abs(x[at]))


def gain_optimum(x: Array, image: Array, s: Sparsifier, p: float) -> Array:
    """The image q(x) on its ``gain_mask``, 0 elsewhere."""
    return np.where(gain_mask(x, image, s, p), image, x.dtype.type(0))


def _benefit(given: Array, image: Array, s: Sparsifier, p: float) -> Array:
    """The gain of every entry, in a unit for every group so that powers stay in range.

    Gains of entries add up over a unit of a block mask, but not those of p = ∞: there each unit has one
    gain, of its largest entry and its largest error, put at its first entry.
    """
    x = given.astype(np.float64)
    units = s.units
    if p < np.inf or units is None:
        return gains(x, image, p, s.groups)
    size, error = (units.reduce(np.abs(e), lambda rows: rows.max(axis=1)) for e in (x, x - image))
    saved = units.split_grid(np.where(size > error, size, np.where(error > size, -error, 0.0)), x.shape)
    rows = [np.zeros(piece.shape) for piece in units.split(x)]
    for piece, values in zip(rows, saved, strict=True):
        piece[:, 0] = values
    return units.join(rows, x.shape)
