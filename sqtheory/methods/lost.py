"""LOST: a weight as its largest singular directions and the columns of the rest that hold most."""

import numpy as np

from sqtheory.alphabet.compensation.low_rank import best_of_rank, tails
from sqtheory.alphabet.quantizers import int_
from sqtheory.arrays import Array
from sqtheory.methods.evidence import OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.claims import Reference

W = np.array([[9.0, 8, 1, 7], [8, 8, -2, 8], [7, 9, 6, 9], [9, 7, -5, 8]])
Q = int_(4)


def split(w: Array, rank: int, channels: int) -> tuple[Array, Array]:
    """L, the best of that rank, and so many columns of W − L, those of largest norm: what is left is least for this L.

    ‖W − L − S‖² = Σ_{i>r} σ_i² less the squares of the columns of S. w: (outputs, inputs); float64. Raises ValueError
    for a number of columns that w does not have.
    """
    if not 0 <= channels <= w.shape[1]:
        raise ValueError(f"a weight of {w.shape[1]} inputs has no {channels} columns")
    low = best_of_rank(w, rank)
    rest = w - low
    kept = np.argsort(-np.linalg.norm(rest, axis=0), kind="stable")[:channels]
    sparse = np.zeros_like(rest)
    sparse[:, kept] = rest[:, kept]
    return low, sparse


def energies_add_up() -> bool:
    """What both parts leave is the tail of the spectrum less what the columns hold."""
    low, sparse = split(W, 1, 1)
    left = tails(W)[1] ** 2 - np.sum(sparse**2)
    return bool(abs(np.sum((W - low - sparse) ** 2) - left) <= 1e-12 * np.sum(W**2))


def parts_of_their_own() -> bool:
    """Rounded each at its own scale, both parts lose less of their sum than it does at one, and add up to no grid."""
    low, sparse = split(W, 1, 1)
    apart, whole = Q(low) + Q(sparse), Q(low + sparse)
    lost = [np.linalg.norm(low + sparse - image) for image in (apart, whole)]
    return bool(lost[0] < lost[1] and np.abs(Q(apart) - apart).max() > 0.1)


def rank_of_an_image() -> bool:
    """Parts of a quantized weight are on no grid."""
    low, _ = split(Q(W), 1, 1)
    return bool(np.abs(Q(low) - low).max() > 0.1)


def not_the_best_pair() -> bool:
    """Of rank 1 and a column: its own choice leaves 2, the other column and what is left of rank 1 leave nothing."""
    spiked = np.array([[1.0, 1, 9], [1, 1, -9]])
    low, sparse = split(spiked, 1, 1)
    other = spiked * np.array([1, 1, 0])
    return bool(np.sum((spiked - low - sparse) ** 2) > 1.9 and tails(other)[1] <= 1e-12)


METHOD = Idea(
    name="lost",
    title="LOST: a low rank and the columns that it leaves most of",
    source=Reference("li2025lost", "abstract; columns by their norm in the rest, the mixing weight left out"),
    computes="both parts, and what they leave.",
    outside="training from them.",
    evidence=(
        Runs("what is left is the tail of the spectrum less the columns kept", OrderVerdict.none, energies_add_up),
        Runs(
            "parts are rounded apart: each has its scale, and their sum is on no grid",
            OrderVerdict.none,
            parts_of_their_own,
        ),
        Runs("the low rank taken first need not be that of the best pair", OrderVerdict.none, not_the_best_pair),
        Runs("parts of a quantized weight are on no grid: parts are rounded last", OrderVerdict.none, rank_of_an_image),
    ),
)
