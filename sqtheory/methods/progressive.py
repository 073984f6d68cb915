"""The progressive-intensity hypothesis, "the weaker first": no method, but a rule for the order, refuted on tensors."""

from sqtheory.alphabet.quantizers import Quantizer, hbfp, int_
from sqtheory.alphabet.sparsifiers import Sparsifier, nm
from sqtheory.arrays import FixedArray
from sqtheory.methods.evidence import Fails, Holds, OnWeight, OrderVerdict
from sqtheory.methods.method import Facts, Method
from sqtheory.orders.pair import Pair
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import prune_first_dominates

MILD_CODES, MILD_MASK = [7, 2, 2.25, 0], [7, 0.5, 0.4375, 1]
"""Of the first q alone loses ¼ and s alone 2; of the second s alone loses 0.4375 and q alone 0.5."""
INTEGERS, SPLIT = (nm(2, 4), int_(4)), (nm(3, 4), hbfp(4, block=2))


def build(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """s and q as they are: the hypothesis is about the order of any two."""
    return Pair(s, q)


METHOD = Method(
    name="progressive",
    title="Hypothesis: whichever of both harms less comes first",
    source=Reference("kim2026order", "abstract; the sign rule and the monotony are read from its words alone"),
    needs=(),
    build=build,
    evidence=(
        Holds(
            "under its assumptions whatever is the weaker: here quantizing is, and the hypothesis would begin with it",
            prune_first_dominates.THEOREM,
            Case.of(MILD_CODES, INTEGERS[1], INTEGERS[0], 2),
        ),
        OnWeight(
            "… and loses more by that, 2.25 instead of 2.02",
            OrderVerdict.holds,
            FixedArray([MILD_CODES]),
            Pair(*INTEGERS),
        ),
        Fails(
            "without them, where a group has two scales: here pruning is the weaker, and beginning with it loses more",
            prune_first_dominates.THEOREM,
            Case.of(MILD_MASK, SPLIT[1], SPLIT[0], 2),
        ),
    ),
)
