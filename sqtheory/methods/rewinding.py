"""Lottery tickets: prune by magnitude in rounds, return to early weights, train what is left again."""

import numpy as np

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.methods.evidence import Holds, OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import frozen_commutation, prune_first_dominates

X = np.array([7, 1.75, 2.25, 0.25, -3, 1, 4, -0.5])


def nested() -> bool:
    """3:4 then 2:4 of what is left keeps what 2:4 of all would."""
    rounds = nm(2, 4).mask(nm(3, 4)(X))
    return bool(np.array_equal(rounds, nm(2, 4).mask(X)) and (nm(3, 4).mask(X) | ~rounds).all())


METHOD = Idea(
    name="rewinding",
    title="Lottery tickets: magnitude pruning in rounds, with weights taken back",
    source=Reference("frankle2019lottery", "§2, strategy 1: iterative pruning with resetting"),
    computes="the masks: they nest, and are that of one round where no weight changes between.",
    outside="the training between rounds, for which there are rounds.",
    evidence=(
        Runs("rounds without training are one round", OrderVerdict.none, nested),
        Holds(
            "each mask is by magnitude: with one scale for a group pruning first is never worse",
            prune_first_dominates.THEOREM,
            Case.of([7, 1.75, 2.25, 0], int_(4), nm(2, 4)),
        ),
        Holds(
            "the last mask is fixed while what is left is trained: at fixed scales order is nothing then",
            frozen_commutation.THEOREM,
            Case.of([7, 1.75, 2.25, 0], int_(4), nm(2, 4)),
        ),
    ),
)
