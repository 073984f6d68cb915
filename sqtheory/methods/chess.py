"""CHESS: activations are pruned by |x_j|·E|u_j|, u what they are multiplied with, by magnitude where there is none."""

import numpy as np

from sqtheory.alphabet.quantizers import Quantizer, int_
from sqtheory.alphabet.scaling import Frozen
from sqtheory.alphabet.scores import magnitude, partnered
from sqtheory.alphabet.sparsifiers import Sparsifier, nm
from sqtheory.alphabet.thresholds import averaged_quantile, ranked
from sqtheory.arrays import FixedArray
from sqtheory.methods.evidence import Fails, Holds, OrderVerdict, Runs
from sqtheory.methods.method import Facts, Method
from sqtheory.methods.work import PrunedOperand
from sqtheory.orders.pair import Pair
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import prune_first_dominates, weighted_dominates


def build(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """The mask of s by magnitude, the rule for inputs of attention: a layer's inputs come with no u, and q."""
    return Pair(s.with_score(magnitude), q)


def gated(*means: float) -> Sparsifier:
    """2:4 of a gate g by |g_j| E|u_j| for the means of |u_j|."""
    return nm(2, 4, score=partnered(np.array([means])))


def by_channel(*scales: float) -> Quantizer:
    """int4 with these scales of the channels."""
    return int_(4, block=1, scaling=Frozen(FixedArray(np.array([scales]))))


def averages_quantiles() -> bool:
    """Half of two sequences: the mean of 2 and 20 prunes five of eight, their fourth score four."""
    one, other = np.array([1.0, 2, 3, 4]), np.array([10.0, 20, 30, 40])
    both = np.concatenate([one, other])
    thresholds = averaged_quantile([one, other], 0.5), ranked(both, 0.5)
    return thresholds == (11, 4) and [int((both <= t).sum()) for t in thresholds] == [5, 4]


METHOD = Method(
    name="chess",
    title="CHESS: activations pruned by themselves and the mean size of what multiplies them",
    source=Reference("he2024chess", "junhuihe-hjh/CHESS 293ca88, CHESS/notebooks/thresholds.py"),
    needs=(),
    build=build,
    evidence=(
        Holds(
            "of attention's inputs, by magnitude, in every norm of the activation",
            prune_first_dominates.THEOREM,
            Case.of([7, 2.5, 1, 1], int_(4), nm(2, 4)),
        ),
        Fails(
            "of a gate, in the norm of what is multiplied, where E|u_j| differs in a group",
            weighted_dominates.THEOREM,
            Case.of([7, 1.4375, 1, 0], int_(4), gated(1, 1, 1.375, 1)),
        ),
        Holds(
            "of a gate whose scale in channel j is c/E|u_j|, as thresholds by channel allow",
            weighted_dominates.THEOREM,
            Case.of([7, 1.4375, 1, 0], by_channel(4, 2, 1, 4), gated(1, 2, 4, 1)),
        ),
        Runs("as published a mean of quantiles is a quantile of another share", OrderVerdict.none, averages_quantiles),
    ),
    prunes=PrunedOperand.activations,
)
