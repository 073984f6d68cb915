"""Which tokens a query chooses by a few channels of their keys, held in few bits (`yang2024double`, abstract).

Queries q (channels,) and keys k (tokens, channels) of one head, turned by their positions. The query stays whole here;
evaluation code of the authors rounds it as it does the keys.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sqtheory.arrays import Array

Places = NDArray[np.intp]
WIDEST = 16
"""Bits of a label, at most."""


def importance(batches: Sequence[tuple[Array, Array]], *, last: bool = False) -> Array:
    """Σ over batches of the mean over tokens of |q_t ∘ k_t|, (channels,); of each batch q, k (tokens, channels).

    ``last``: of the last batch alone, as published code has it: what it adds to, it looks for by another name.
    """
    return np.asarray(np.sum([np.abs(q * k).mean(axis=0) for q, k in (batches[-1:] if last else batches)], axis=0))


def largest(scores: Array, count: int) -> Places:
    """The places of so many largest scores, in order; of equal ones the first."""
    return np.sort(np.argsort(-scores, kind="stable")[:count])


def labels(k: Array, channels: Places, bits: int | None) -> Array:
    """These channels of every key, each key on its own 2^bits numbers from its least to its largest; None: as is."""
    kept = np.asarray(k[:, channels], np.float64)
    if bits is None:
        return kept
    low, span = kept.min(axis=1, keepdims=True), np.ptp(kept, axis=1, keepdims=True)
    step = np.where(span == 0, 1.0, span) / (2**bits - 1)
    return np.asarray(np.rint((kept - low) / step) * step + low)


def chosen(q: Array, k: Array, channels: Places, count: int, bits: int | None) -> Places:
    """The tokens of largest ⟨q, label⟩."""
    return largest(labels(k, channels, bits) @ q[channels], count)


def safe_bits(q: Array, k: Array, channels: Places, count: int) -> int | None:
    """The fewest bits, up to 16, at which labels choose the tokens of largest ⟨q, k⟩ for sure; None where none do.

    A label's score errs by at most Σ |q_j k_j| over the channels left out and ‖q‖₁ times half a step over those kept;
    tokens stay where that is less than half the gap at the cut. Raises ValueError for no cut.
    """
    if not 0 < count < len(k):
        raise ValueError(f"of {len(k)} tokens a cut leaves 1 to {len(k) - 1}, got {count}")
    ranked = np.sort(k @ q)[::-1]
    out = np.delete(np.abs(k * q), channels, axis=1).sum(axis=1).max()
    reach = np.abs(q[channels]).sum() * np.ptp(k[:, channels], axis=1).max()
    fits = (b for b in range(1, WIDEST + 1) if out + reach / (2 * (2**b - 1)) < (ranked[count - 1] - ranked[count]) / 2)
    return next(fits, None)
