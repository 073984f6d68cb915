"""CoreMatching: tokens are ranked by how many active neurons they share with one token, and cut at the knee."""

import numpy as np

from sqtheory.alphabet.quantizers import int_
from sqtheory.arrays import Array
from sqtheory.methods.evidence import OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.claims import Reference

ACTIVATIONS = np.array([[7.0, 0, 3, 1], [4, 7, 2, 0.25], [0, 7, 0, 0]])


def overlaps(activations: Array) -> Array:
    """G = P Pᵀ of the patterns P = [a > 0]: how many active neurons two tokens share; (tokens, neurons)."""
    patterns = (activations > 0).astype(np.float64)
    return np.asarray(patterns @ patterns.T)


def knee(curve: Array) -> int:
    """Where a falling curve is farthest below the chord of its ends, the first of equals.

    Raises ValueError for a curve that rises.
    """
    if (np.diff(curve) > 0).any():
        raise ValueError("a knee is that of a falling curve: sort the overlaps first")
    chord = np.linspace(curve[0], curve[-1], len(curve))
    return int(np.argmax(chord - curve))


def scales_are_free() -> bool:
    """Positive scales of tokens change no overlap; nor does the knee move when the curve is scaled and shifted."""
    curve = np.array([9.0, 8, 3, 2, 1.5])
    scaled = overlaps(ACTIVATIONS * np.array([[2.0], [0.5], [3]]))
    return np.array_equal(scaled, overlaps(ACTIVATIONS)) and knee(curve) == knee(4 * curve - 7) == 2


def zeros_count() -> bool:
    """Codes of one scale a token change an overlap exactly at entries that round to 0: here 0.25 of 7."""
    codes = np.stack([int_(4)(row) for row in ACTIVATIONS])
    lost = (ACTIVATIONS > 0) & (codes == 0)
    changed = overlaps(codes) != overlaps(ACTIVATIONS)
    return bool(lost.sum() == 1 and changed.any() and not changed[:, 2].any())


METHOD = Idea(
    name="corematching",
    title="CoreMatching: core tokens by the neurons that they share",
    source=Reference("wang2025corematching", "abstract; overlaps of active neurons and a knee"),
    computes="overlaps, the knee, and what quantized activations change of them.",
    outside="the model whose tokens these are, and speed.",
    evidence=(
        Runs("it sees no scale of a token, and the knee none of the curve", OrderVerdict.none, scales_are_free),
        Runs(
            "rounding changes an overlap only where a positive activation rounds to 0",
            OrderVerdict.none,
            zeros_count,
        ),
    ),
)
