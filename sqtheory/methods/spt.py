"""SPT: updates go where squared gradients are largest, which is where a step of descent gains most, to first order."""

import numpy as np

from sqtheory.arrays import Array
from sqtheory.methods.evidence import OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.claims import Reference

G, H = np.array([4.0, 3, -2, 1]), np.array([8.0, 1, 1, 1])


def gain(g: Array, h: Array, rate: float) -> Array:
    """η g² − ½ η² h g²: what a step η g on each entry alone lowers a loss of gradient g and curvature h by."""
    return np.asarray(rate * g**2 - 0.5 * rate**2 * h * g**2)


def first_order() -> bool:
    """At a small rate the two of largest g² gain most."""
    return set(np.argsort(-(G**2))[:2]) == set(np.argsort(-gain(G, H, 0.01))[:2])


def curvature_counts() -> bool:
    """At rate ¼ the entry of largest g², with curvature 8, gains nothing."""
    made = gain(G, H, 0.25)
    return int(np.argmax(G**2)) == 0 and made[0] == 0 and bool((made[1:] > 0).all())


METHOD = Idea(
    name="spt",
    title="SPT: sensitive weights are tuned, the others stay",
    source=Reference("he2023spt", "§3.1, (3) to (5), the sensitivity"),
    computes="the gain of a step on a quadratic, entry by entry.",
    outside="low-rank updates in place of dense ones, which are trained.",
    evidence=(
        Runs("to first order the largest g² gain most", OrderVerdict.none, first_order),
        Runs(
            "at a rate of 2/h an entry gains nothing however large its gradient is", OrderVerdict.none, curvature_counts
        ),
    ),
)
