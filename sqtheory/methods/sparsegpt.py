"""SparseGPT: columns are pruned and rounded in one pass, and those that follow make up for both."""

from dataclasses import replace

import numpy as np

from sqtheory.alphabet.compensation.column_grid import ScalesOf
from sqtheory.alphabet.procedures.pruning_feedback import PruningFeedback
from sqtheory.alphabet.quantizers import Quantizer, int_
from sqtheory.alphabet.scores import Statistic
from sqtheory.alphabet.sparsifiers import Sparsifier, nm
from sqtheory.arrays import Array, FixedArray
from sqtheory.methods.evidence import Holds, OnWeight, OrderVerdict, Runs, joint_gains
from sqtheory.methods.method import Facts, Method, Variant
from sqtheory.orders.pair import Pair
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import (
    compensation_reversal,
    gram_dominates,
    prune_then_feedback,
    refit_optimal,
    sweep_bound,
)


def by(known: Facts) -> PruningFeedback:
    """The pass that knows the moments of a tensor's inputs."""
    return PruningFeedback(FixedArray(known[Statistic.moments]))


def build(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """The groups and budgets of s, by |w_ij| √D_j; q in the same pass, before it or after it."""
    return Pair(s, q, by(known))


def frozen(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """S→Q at the scales of the dense weight, as the joint pass has them."""
    return Pair(s, q, replace(by(known), scales=ScalesOf.dense))


def inclusive(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """Slabs that prune one entry too many."""
    return Pair(s, q, replace(by(known), inclusive=True))


FIRST: Array = np.array([[3.0, -1, 5, 4]])
FIRST_MOMENTS: Array = np.array([[4.0, 0, 2, 0], [0, 2, 0, -1], [2, 0, 2, 1], [0, -1, 1, 2]])
SECOND: Array = np.array([[7.0, 2, -3, -1]])
SECOND_MOMENTS: Array = np.array([[3.0, -1, -1, 1], [-1, 2, 0, 1], [-1, 0, 4, 3], [1, 1, 3, 5]])


def _on(says: str, favours: OrderVerdict, w: Array, moments: Array) -> OnWeight:
    known = FixedArray(moments)
    return OnWeight(says, favours, FixedArray(w), Pair(nm(2, 4), int_(3), PruningFeedback(known)), known)


def joint_is_not_always_best() -> bool:
    """The joint pass loses more than S→Q on the first weight and less on the second."""
    first = _on("", OrderVerdict.holds, FIRST, FIRST_MOMENTS)
    return joint_gains(first) < 0 < joint_gains(_on("", OrderVerdict.fails, SECOND, SECOND_MOMENTS))


METHOD = Method(
    name="sparsegpt",
    title="SparseGPT: pruning and rounding in one pass with error feedback",
    source=Reference("frantar2023sparsegpt", "§3.3 to §3.5"),
    needs=(Statistic.moments,),
    build=build,
    evidence=(
        Holds(
            "where inputs are uncorrelated and of one power in every group, of a slab at most: then it is magnitude "
            "and plain rounding",
            gram_dominates.THEOREM,
            Case.of(np.eye(4).ravel(), int_(4), nm(2, 4), w=[7, 2.5, 1, 1] * 4),
        ),
        _on("on this weight of correlated inputs", OrderVerdict.holds, FIRST, FIRST_MOMENTS),
        _on("on this one, whose mask is better chosen after rounding", OrderVerdict.fails, SECOND, SECOND_MOMENTS),
        Runs(
            "one pass for both loses more than S→Q on the first of these weights and less on the second: at one mask "
            "and one scale they are equal, but it chooses its mask among rounded weights, and its scale before all",
            OrderVerdict.depends,
            joint_is_not_always_best,
        ),
    ),
    rests_on=(
        *(sweep_bound.THEOREM, refit_optimal.THEOREM),
        *(prune_then_feedback.THEOREM, compensation_reversal.THEOREM),
    ),
    variants=(
        Variant("frozen", "S→Q rounds at the scales of the dense weight, as the joint pass does", frozen),
        Variant("inclusive", "slabs prune one entry more, by ≤ a sorted score, as published code does", inclusive),
    ),
)
