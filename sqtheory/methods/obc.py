"""Optimal brain compression: the entry goes next that costs least, and all others of its row make up for it exactly."""

from dataclasses import replace

import numpy as np

from sqtheory.alphabet.compensation.column_grid import ScalesOf
from sqtheory.alphabet.procedures.greedy_removal import GreedyRemoval
from sqtheory.alphabet.quantizers import Quantizer, int_
from sqtheory.alphabet.scores import Statistic
from sqtheory.alphabet.sparsifiers import Sparsifier, nm
from sqtheory.arrays import Array, FixedArray
from sqtheory.methods.evidence import Holds, OnWeight, OrderVerdict, Runs, joint_gains
from sqtheory.methods.method import Facts, Method, Variant
from sqtheory.orders.pair import Pair
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import gram_dominates, refit_optimal


def build(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """The groups and budgets of s, by w_p²/[H⁻¹]_pp of what is left; q likewise."""
    return Pair(s, q, GreedyRemoval(FixedArray(known[Statistic.moments])))


def frozen(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """S→Q at the scales of the dense weight."""
    return Pair(s, q, replace(GreedyRemoval(FixedArray(known[Statistic.moments])), scales=ScalesOf.dense))


FIRST: Array = np.array([[2.0, -5, 1, 3]])
FIRST_MOMENTS: Array = np.array([[2.0, -1, 1, 0], [-1, 2, -1, -1], [1, -1, 3, 0], [0, -1, 0, 2]])
SECOND: Array = np.array([[3.0, -1, 4, -2]])
SECOND_MOMENTS: Array = np.array([[7.0, 0, 0, -3], [0, 3, -2, 0], [0, -2, 3, 0], [-3, 0, 0, 2]])


def _on(says: str, favours: OrderVerdict, w: Array, moments: Array) -> OnWeight:
    known = FixedArray(moments)
    return OnWeight(says, favours, FixedArray(w), Pair(nm(2, 4), int_(3), GreedyRemoval(known)), known)


def joint_is_not_always_best() -> bool:
    """The greedy over both grids loses more than S→Q on the first weight and less on the second."""
    first = _on("", OrderVerdict.holds, FIRST, FIRST_MOMENTS)
    return joint_gains(first) < 0 < joint_gains(_on("", OrderVerdict.fails, SECOND, SECOND_MOMENTS))


METHOD = Method(
    name="obc",
    title="Optimal brain compression: ExactOBS and OBQ, entry by entry",
    source=Reference("frantar2022obc", "§4 and §5"),
    needs=(Statistic.moments,),
    build=build,
    evidence=(
        Holds(
            "where inputs are uncorrelated and of one power in every group: then it is magnitude and plain rounding",
            gram_dominates.THEOREM,
            Case.of(np.eye(4).ravel(), int_(4), nm(2, 4), w=[7, 2.5, 1, 1] * 4),
        ),
        _on("on this weight of correlated inputs", OrderVerdict.holds, FIRST, FIRST_MOMENTS),
        _on(
            "on this one, of which both orders keep the same entries, S→Q at the scale of what was refitted",
            OrderVerdict.fails,
            SECOND,
            SECOND_MOMENTS,
        ),
        Runs(
            "pruning as rounding to the grid {0}, by what it loses more than rounding to Γ, loses more than S→Q on the "
            "first of these weights, and less on the second",
            OrderVerdict.depends,
            joint_is_not_always_best,
        ),
    ),
    rests_on=(refit_optimal.THEOREM,),
    variants=(Variant("frozen", "S→Q rounds at the scales of the dense weight, as the joint pass does", frozen),),
)
