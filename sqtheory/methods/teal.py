"""TEAL: of every row of a layer's inputs the entries of largest magnitude stay, whatever the weight."""

import numpy as np

from sqtheory.alphabet.quantizers import Quantizer, int_
from sqtheory.alphabet.scores import magnitude
from sqtheory.alphabet.sparsifiers import Sparsifier, nm
from sqtheory.methods.evidence import Fails, Holds
from sqtheory.methods.method import Facts, Method
from sqtheory.methods.work import PrunedOperand
from sqtheory.orders.pair import Pair
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import gram_dominates, prune_first_dominates


def build(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """The mask of s by magnitude, and q."""
    return Pair(s.with_score(magnitude), q)


METHOD = Method(
    name="teal",
    title="TEAL: activations pruned by magnitude",
    source=Reference("liu2025teal", "FasterDecoding/TEAL 5baaec8, utils/utils.py"),
    needs=(),
    build=build,
    evidence=(
        Holds(
            "of the activation itself, in every norm",
            prune_first_dominates.THEOREM,
            Case.of([7, 2.5, 1, 1], int_(4), nm(2, 4)),
        ),
        Fails(
            "of the layer's output (rows w are activations, x the weight), if columns of the weight differ in norm",
            gram_dominates.THEOREM,
            Case.of(np.diag([1.0, 8, 1, 1]).ravel(), int_(4), nm(2, 4), w=[7, 1.75, 2.25, 0] * 4),
        ),
    ),
    prunes=PrunedOperand.activations,
)
