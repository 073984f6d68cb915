"""CAST: entries outside the mask lose a constant amount a step until they are 0; a factor gives the norm back."""

from math import ceil

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
MASK = nm(2, 4).mask(X)


def faded(x: Array, mask: Mask, amount: float, steps: int) -> Array:
    """sign(x) max(|x| − steps·amount, 0) outside the mask, x inside. Raises ValueError for an amount below 0."""
    if amount < 0:
        raise ValueError(f"a decay is not negative: got {amount}")
    return np.where(mask, x, np.sign(x) * np.maximum(np.abs(x) - steps * amount, 0))


def restoring(x: Array, mask: Mask) -> float:
    """‖x‖₂/‖m ⊙ x‖₂, by which what is left has the norm of all. Raises ValueError where nothing is left."""
    left = float(np.linalg.norm(x[mask]))
    if left == 0:
        raise ValueError("what the mask leaves is 0: no factor gives its norm back")
    return float(np.linalg.norm(x)) / left


def ends() -> bool:
    """Zeros after ⌈|x|/amount⌉ steps and not one before, where a decay by a factor never ends."""
    steps = ceil(1.75 / 0.125)
    made = [faded(X, MASK, 0.125, t) for t in (steps - 1, steps)]
    return bool(made[0][1] == 0.125 and np.array_equal(made[1], np.where(MASK, X, 0)))


def norm_for_error() -> bool:
    """The factor restores the norm and raises the square error, which 1 makes least."""
    left = np.where(MASK, X, 0)
    factor = restoring(X, MASK)
    errors = [float(((X - f * left) ** 2).sum()) for f in (1.0, factor)]
    return (
        factor > 1 and abs(float(np.linalg.norm(factor * left) - np.linalg.norm(X))) <= 1e-12 and errors[0] < errors[1]
    )


def absorbed() -> bool:
    """A factor, here 2 and ¼, goes into the scale of largest entries: quantizing commutes with it."""
    q = int_(4)
    return all(np.array_equal(q(c * X), c * q(X)) for c in (2.0, 0.25))


METHOD = Idea(
    name="cast",
    title="CAST: semi-structured sparsity by a decay that ends",
    source=Reference("huang2025cast", "abstract; decay outside the mask and a factor"),
    computes="when decayed entries are zero, the factor that restores norms, and that a scale absorbs it.",
    outside="Adam's part in the decay, distillation, the scaling law.",
    evidence=(
        Runs("decayed entries are zero after finitely many steps", OrderVerdict.none, ends),
        Runs("the factor trades square error for norm: of factors 1 errs least", OrderVerdict.none, norm_for_error),
        Runs("a scale by the largest entry absorbs it", OrderVerdict.none, absorbed),
        Holds(
            "the last mask is by magnitude: with one scale for a group pruning first is never worse",
            prune_first_dominates.THEOREM,
            Case.of(X, int_(4), nm(2, 4)),
        ),
    ),
)
