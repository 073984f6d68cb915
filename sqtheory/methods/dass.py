"""DASS: searched architectures whose candidates are masked layers, mixed by weights that are learned."""

import numpy as np

from sqtheory.methods.evidence import OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.claims import Reference

W, MASK = np.array([[1.0, 1], [1, -1]]), np.array([[1, 1], [1, 0]])
X = np.array([3.0, -2])


def one_layer() -> bool:
    """A mixture of masked linear layers is the layer of the mixed weight."""
    share = np.array([0.25, 0.75])
    mixed = share[0] * W @ X + share[1] * (W * MASK) @ X
    return np.array_equal(mixed, (share[0] * W + share[1] * W * MASK) @ X)


def norm_grows() -> bool:
    """Masking makes the spectral norm of this matrix larger, √2 to (1 + √5)/2, and its Frobenius norm smaller."""
    dense, masked = (np.linalg.svd(w, compute_uv=False) for w in (W, W * MASK))
    return bool(masked[0] > dense[0] + 0.2 and np.sum(masked**2) < np.sum(dense**2))


METHOD = Idea(
    name="dass",
    title="DASS: architecture search among masked operators",
    source=Reference("mousavi2023dass", "abstract; no official code"),
    computes="what a mixture of masked layers is, and that a mask does not bound how much a layer amplifies.",
    outside="the search: two nested problems, trained.",
    evidence=(
        Runs(
            "masked candidates mixed by weights are one linear layer, so a mask is in none of them",
            OrderVerdict.none,
            one_layer,
        ),
        Runs(
            "a mask can make a layer's spectral norm larger, though never its Frobenius norm",
            OrderVerdict.none,
            norm_grows,
        ),
    ),
)
