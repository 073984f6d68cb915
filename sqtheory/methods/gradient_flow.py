"""Progressive gradient flow: pruned entries are weakened by β, which falls to 0, before they are zeros."""

import numpy as np

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import Array, Mask
from sqtheory.methods.evidence import Holds, OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import prune_first_dominates

X = np.array([7, 1.75, 2.25, 0.25])


def decayed(x: Array, mask: Mask, beta: float) -> Array:
    """x ⊙ (m + β(1 − m)). Raises ValueError for β outside [0, 1]."""
    if not 0 <= beta <= 1:
        raise ValueError(f"a decay lies in [0, 1]: got {beta}")
    return np.where(mask, x, beta * x)


def noise(kept: int, pruned: int, beta: float) -> float:
    """k + β²(n − k): the variance of a gradient that flows through it, where each entry's noise has variance 1."""
    return kept + beta**2 * pruned


def rounds_to_the_mask() -> bool:
    """On integer codes all β < 2/7 give what β = 0 gives, and the scale is the same for every β."""
    q, mask = int_(4), nm(2, 4).mask(X)
    hard = q(decayed(X, mask, 0.0))
    early = all(np.array_equal(q(decayed(X, mask, b / 64)), hard) for b in range(19))
    return early and not np.array_equal(q(decayed(X, mask, 0.3)), hard)


METHOD = Idea(
    name="gradient_flow",
    title="Progressive gradient flow: masks that fade in",
    source=Reference("bambhaniya2025gradientflow", "Figure 2, (b): decay of the mask"),
    computes="the soft mask, the noise of a gradient through it, and when quantizing makes it a hard one.",
    outside="training by it; the other decay, of n in n:m, is a sequence of masks.",
    evidence=(
        Runs(
            "codes are those of the hard mask once β times the largest pruned entry is below half a step, before β is "
            "0: to quantize is to prune then",
            OrderVerdict.none,
            rounds_to_the_mask,
        ),
        Holds(
            "the last mask is by magnitude: with one scale for a group pruning first is never worse",
            prune_first_dominates.THEOREM,
            Case.of(X, int_(4), nm(2, 4)),
        ),
    ),
)
