"""Beyond ℓ1 sparse coding in V1: codes by soft, hard, half and CEL0 thresholding; which of them move a scale."""

import numpy as np

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.shrinkage import Hard, Shrinkage, Soft, continuous_exact
from sqtheory.methods.channel import OrderChannel
from sqtheory.methods.evidence import OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.claims import Reference

Q, SOFT, HARD, EXACT = int_(4), Soft(1.0), Hard(3.92), continuous_exact(2.0, 0.5)
"""Thresholds 1, 2.8 and 1; the last is the identity from 4 on."""
ROW, FINER, COARSER, KEPT = [7.0, 2.75, 0.5], [7.0, 2.5, 2.5], [7.0, 5.5, 5.5], [7.0, 2.625, 2.625]


def lead(shrinkage: Shrinkage, row: list[float]) -> float:
    """How much less of a row thresholding before quantizing loses than after it."""
    x = np.array([row])
    first, second = (np.linalg.norm(x - image) for image in (Q(shrinkage.of(x)), shrinkage.of(Q(x))))
    return float(second - first)


def bias() -> bool:
    """Soft thresholding takes its threshold off the maximum, hard and CEL0 nothing."""
    tops = [step.of(np.array([ROW])).max() for step in (SOFT, HARD, EXACT)]
    return tops == [6.0, 7.0, 7.0]


METHOD = Idea(
    name="beyond_l1",
    title="Beyond ℓ1 sparse coding: thresholding without bias",
    source=Reference("rentzeperis2023beyond", "abstract; steps by soubies2015cel0 and xu2012half"),
    computes="the proximal steps of ℓ1, ℓ½, ℓ0, the firm penalty and CEL0.",
    outside="dictionaries learned from images, and how many units they need.",
    evidence=(
        Runs("a soft threshold λ takes λ off the maximum of a block; hard and CEL0 leave it", OrderVerdict.none, bias),
        Runs(
            "so after soft thresholding the rest is rounded more finely",
            OrderVerdict.holds,
            lambda: lead(SOFT, FINER) > 0.8,
        ),
        Runs(
            "… or had better been rounded up at the scale before",
            OrderVerdict.fails,
            lambda: lead(SOFT, COARSER) < -0.7,
            through=(OrderChannel.scale,),
        ),
        Runs(
            "at the scale that hard thresholding keeps, an entry below the threshold can round to one above it",
            OrderVerdict.fails,
            lambda: lead(HARD, KEPT) < -3,
            through=(OrderChannel.selection,),
        ),
    ),
)
