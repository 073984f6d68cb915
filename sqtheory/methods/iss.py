"""Iterative soft shrinkage: in every step the smallest weights are multiplied by less than 1; zeros come at the end."""

from math import ceil, log

import numpy as np

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import Sparsifier, nm
from sqtheory.arrays import Array
from sqtheory.methods.evidence import Holds, OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import prune_first_dominates

X, S = np.array([7, 1.75, 2.25, 0.25]), nm(2, 4)
FACTOR = 0.95


def shrunk(x: Array, s: Sparsifier, factor: float, steps: int) -> Array:
    """What s prunes of x, times the factor, step by step with a mask chosen anew. ValueError outside (0, 1)."""
    if not 0 < factor < 1:
        raise ValueError(f"a factor of shrinkage lies in (0, 1): got {factor}")
    for _ in range(steps):
        x = np.where(s.mask(x), x, factor * x)
    return x


def until_zero(size: float, step: float, factor: float) -> int:
    """⌈ln(Δ/2|x|)/ln f⌉, at least 0: the steps until a weight lies in the dead zone |x| ≤ Δ/2 of a grid."""
    return max(0, ceil(log(step / (2 * size)) / log(factor)))


def geometric() -> bool:
    """Without training the mask never changes, and after t steps fᵗ of what it prunes is left."""
    return bool(np.allclose(shrunk(X, S, FACTOR, 40), np.where(S.mask(X), X, FACTOR**40 * X), rtol=1e-13))


def rounding_prunes_first() -> bool:
    """Integer codes are those of the hard mask after 25 steps, when 0.49 of 1.75 is left, and not after 24."""
    q, steps = int_(4), until_zero(1.75, 1.0, FACTOR)
    made = [np.array_equal(q(shrunk(X, S, FACTOR, t)), q(S(X))) for t in (steps - 1, steps)]
    return steps == 25 and made == [False, True]


METHOD = Idea(
    name="iss",
    title="ISS-P: iterative soft shrinkage of the smallest weights",
    source=Reference("wang2023iss", "abstract; factor and masks as in its published code, 0.95 here"),
    computes="the shrinkage of a layer that is not trained meanwhile, and when a grid makes its zeros.",
    outside="training between steps, by which weights come back; the penalty that follows.",
    evidence=(
        Runs("without training it is the hard mask, reached geometrically", OrderVerdict.none, geometric),
        Runs(
            "quantizing prunes what has shrunk below half a step, before it is pruned",
            OrderVerdict.none,
            rounding_prunes_first,
        ),
        Holds(
            "the last mask is by magnitude: with one scale for a group pruning first is never worse",
            prune_first_dominates.THEOREM,
            Case.of(X, int_(4), S),
        ),
    ),
)
