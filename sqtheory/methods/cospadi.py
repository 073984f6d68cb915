"""CoSpaDi: weights as a dictionary times sparse codes, for the outputs of a layer; the codes quantized."""

import numpy as np

from sqtheory.alphabet.compensation.dictionary import best_dictionary, pursued, stored_values, whitened
from sqtheory.alphabet.compensation.low_rank import best_of_rank
from sqtheory.alphabet.quantizers import int_
from sqtheory.methods.evidence import OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.claims import Reference

ATOMS = np.array([[3.0, 4, 0, 0], [4, -3, 0, 0], [0, 0, 3, 4], [0, 0, 4, -3]]).T / 5
LINES = ATOMS @ np.hstack([np.diag([5.0, 4, 6, 7]), np.diag([3.0, 2, 6, 1]), np.diag([4.0, 7, 2, 5])])
"""Twelve outputs, each a multiple of one of four atoms of four inputs."""
X = np.array([[1.0, 2, 0, 1], [0, 1, 1, 0], [2, 0, 1, 1], [1, 1, 1, 3], [0, 2, 1, 1]])
Q = int_(3)


def whitening_keeps_the_loss() -> bool:
    """‖X E‖_F = ‖Lᵀ E‖_F for XᵀX = L Lᵀ."""
    outputs, white = np.linalg.norm(X @ LINES), np.linalg.norm(whitened(LINES, X.T @ X))
    return bool(abs(outputs - white) <= 1e-12 * outputs)


def lines_need_no_subspace() -> bool:
    """One atom an output is exact with 28 values; rank 2, with 32, loses more than a third."""
    inputs, outputs = LINES.shape
    rest = LINES - ATOMS @ pursued(LINES, ATOMS, 1)
    low = LINES - best_of_rank(LINES, 2)
    fewer = stored_values(inputs, outputs, 4, 1) < 2 * (inputs + outputs)
    return bool(fewer and np.abs(rest).max() <= 1e-14 and 3 * np.linalg.norm(low) > np.linalg.norm(LINES))


def rank_is_a_dictionary() -> bool:
    """r atoms that every output uses are the best rank r, with as many values."""
    low = best_of_rank(X.T, 2)
    atoms = np.linalg.svd(X.T)[0][:, :2]
    same = np.abs(atoms @ pursued(X.T, atoms, 2) - low).max() <= 1e-12
    return bool(same and stored_values(4, 5, 2, 2) == 2 * (4 + 5))


def refit_absorbs() -> bool:
    """A dictionary refitted to quantized codes loses less than the one that they were pursued in."""
    codes = Q(pursued(LINES, ATOMS, 1))
    before, after = (np.linalg.norm(LINES - d @ codes) for d in (ATOMS, best_dictionary(LINES, codes)))
    return bool(after < 0.95 * before)


def on_no_grid() -> bool:
    """Codes of a quantized weight are not what quantizing leaves alone."""
    codes = pursued(Q(LINES), ATOMS, 1)
    return bool(np.abs(codes - Q(codes)).max() > 0.1)


METHOD = Idea(
    name="cospadi",
    title="CoSpaDi: weights as a dictionary times column-sparse codes",
    source=Reference("makhov2025cospadi", "abstract; pursuit and K-SVD are the textbook's"),
    computes="whitening by the inputs, matching pursuit, a round of K-SVD, the refit of a dictionary, values stored.",
    outside="dictionaries shared by layers, and how many rounds a model needs.",
    evidence=(
        Runs(
            "a factor of the second moments makes errors of outputs plain", OrderVerdict.none, whitening_keeps_the_loss
        ),
        Runs(
            "outputs on lines take fewer values as codes than as a low rank", OrderVerdict.none, lines_need_no_subspace
        ),
        Runs(
            "a low rank is a dictionary that all use: at best codes never lose more",
            OrderVerdict.none,
            rank_is_a_dictionary,
        ),
        Runs(
            "a refit of the dictionary makes up for part of what rounding codes loses", OrderVerdict.none, refit_absorbs
        ),
        Runs("codes of a quantized weight lie on no grid: codes are rounded last", OrderVerdict.none, on_no_grid),
    ),
)
