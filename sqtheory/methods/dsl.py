"""Dynamic sparse learning: the smallest weights drop, those of largest gradient grow, and the number stays."""

import numpy as np

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import Array, Mask
from sqtheory.methods.evidence import Holds, OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import prune_first_dominates

TARGET = np.array([3.0, 1, 2, 0.5])
ALIVE = np.array([True, True, False, False])


def exchanged(w: Array, gradient: Array, alive: Mask, count: int) -> Mask:
    """The ``count`` living entries of least |w| drop, as many dead ones of largest |gradient| grow; lowest index first.

    Raises ValueError where fewer are alive or dead.
    """
    living, dead = np.flatnonzero(alive), np.flatnonzero(~alive)
    if count > min(living.size, dead.size):
        raise ValueError(f"{count} entries cannot change places: {living.size} are alive, {dead.size} are not")
    made = alive.copy()
    made[living[np.argsort(np.abs(w[living]), kind="stable")[:count]]] = False
    made[dead[np.argsort(-np.abs(gradient[dead]), kind="stable")[:count]]] = True
    return made


def loss(mask: Mask, h: Array) -> float:
    """½ Σ h_i t_i² of the entries that are not there: of a quadratic with minimum t, the others at their best."""
    return float(0.5 * np.sum((h * TARGET**2)[~mask]))


def helps() -> bool:
    """One exchange keeps the budget and lowers this loss, 2.125 to 0.625, by (|g|² − |w|²)/2."""
    made = exchanged(np.where(ALIVE, TARGET, 0), -TARGET, ALIVE, 1)
    return made.sum() == ALIVE.sum() and (loss(ALIVE, np.ones(4)), loss(made, np.ones(4))) == (2.125, 0.625)


def hurts() -> bool:
    """Curvatures (9, 1) and minimum (1, 2): the smaller weight that drops is worth more than what grows."""
    h, best, alive = np.array([9.0, 1]), np.array([1.0, 2]), np.array([True, False])
    made = exchanged(np.where(alive, best, 0), -h * best * ~alive, alive, 1)
    before, after = (float(0.5 * np.sum((h * best**2)[~m])) for m in (alive, made))
    return after > before


METHOD = Idea(
    name="dsl",
    title="Dynamic sparse learning: drop by magnitude, grow by gradient, keep the number",
    source=Reference("wang2024dsl", "§3, from its words; no official code"),
    computes="the exchange, on quadratics whose loss is known.",
    outside="embeddings of a recommender, which are trained.",
    evidence=(
        Runs(
            "an exchange keeps the budget and, where all curve alike, lowers the loss by (g² − w²)/2",
            OrderVerdict.none,
            helps,
        ),
        Runs("where they curve unlike it can raise it", OrderVerdict.none, hurts),
        Holds(
            "what drops is least in magnitude: with one scale for all it is better chosen before rounding",
            prune_first_dominates.THEOREM,
            Case.of([7, 1.75, 2.25, 0], int_(4), nm(2, 4)),
        ),
    ),
)
