"""GPTQ: columns are rounded one after the other, and those that follow make up for the error of each."""

from dataclasses import replace

import numpy as np

from sqtheory.alphabet.compensation.column_grid import ScalesOf
from sqtheory.alphabet.compensation.rounding import ColumnOrder, Zeros
from sqtheory.alphabet.procedures.error_feedback import ErrorFeedback
from sqtheory.alphabet.quantizers import Quantizer, int_
from sqtheory.alphabet.scores import Statistic
from sqtheory.alphabet.sparsifiers import Sparsifier, nm
from sqtheory.arrays import FixedArray
from sqtheory.methods.evidence import Holds, OnWeight, OrderVerdict
from sqtheory.methods.method import Facts, Method, Variant
from sqtheory.orders.pair import Pair
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import feedback_refills, gram_dominates, refit_optimal, sweep_bound, zeros_survive


def by(known: Facts) -> ErrorFeedback:
    """The sweep that knows the moments of a tensor's inputs."""
    return ErrorFeedback(FixedArray(known[Statistic.moments]))


def build(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """s as it is; q with feedback, the zeros of the mask held."""
    return Pair(s, q, by(known))


def act_order(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """Columns of large power first."""
    return Pair(s, q, replace(by(known), order=ColumnOrder.power))


def frozen(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """S→Q at the scales of the dense weight."""
    return Pair(s, q, replace(by(known), scales=ScalesOf.dense))


def running(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """Scales of a block from what it holds when the sweep comes to it."""
    return Pair(s, q, replace(by(known), scales=ScalesOf.running))


def spared(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """Feedback reaches survivors only."""
    return Pair(s, q, replace(by(known), zeros=Zeros.spared))


def refilled(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """Nothing holds the zeros of the mask."""
    return Pair(s, q, replace(by(known), zeros=Zeros.refilled))


def _on(says: str, favours: OrderVerdict, w: list[int], moments: list[list[int]]) -> OnWeight:
    known = FixedArray(np.array(moments, np.float64))
    pair = Pair(nm(2, 4), int_(3), ErrorFeedback(known))
    return OnWeight(says, favours, FixedArray(np.array([w], np.float64)), pair, known)


METHOD = Method(
    name="gptq",
    title="GPTQ: rounding with error feedback (OPTQ, LDLQ), the mask as it is",
    source=Reference("frantar2023gptq", "Algorithm 1"),
    needs=(Statistic.moments,),
    build=build,
    evidence=(
        Holds(
            "where inputs are uncorrelated and of one power in every group: then there is nothing to make up with",
            gram_dominates.THEOREM,
            Case.of(np.eye(4).ravel(), int_(4), nm(2, 4), w=[7, 2.5, 1, 1] * 4),
        ),
        _on(
            "on this weight of correlated inputs",
            OrderVerdict.holds,
            [-7, -4, -1, 6],
            [[3, 1, 0, 1], [1, 4, 0, -1], [0, 0, 6, 0], [1, -1, 0, 3]],
        ),
        _on(
            "on this one, of which both orders keep the same entries: the sweep over s(W) does not know what is lost",
            OrderVerdict.fails,
            [-3, -7, 6, 2],
            [[4, -1, 1, 1], [-1, 3, 0, 1], [1, 0, 3, -2], [1, 1, -2, 3]],
        ),
    ),
    rests_on=(sweep_bound.THEOREM, zeros_survive.THEOREM, feedback_refills.THEOREM, refit_optimal.THEOREM),
    variants=(
        Variant("act_order", "the columns of largest H_jj are rounded first, at scales fixed before", act_order),
        Variant("frozen", "S→Q rounds at the scales of the dense weight", frozen),
        Variant("running", "each block takes its scales from what it holds when the sweep comes to it", running),
        Variant("spared", "errors are handed on to survivors only", spared),
        Variant("refilled", "nothing holds the zeros of the mask: feedback refills them", refilled),
    ),
)
