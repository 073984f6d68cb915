"""Counting, as in ``overlap``: what is kept of a group in the block of a pruned maximum scores no less, so is as large.

Let the maximum of B lie at i ∈ G and be pruned while B keeps an entry. If |G ∖ B| < k_G, or if B ⊆ G, some kept entry
of G lies in B. It scores no less than i, as the mask is on top, and so it is no smaller, as the maximum is first in B.
"""

from itertools import product
from typing import Any

import numpy as np

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.quantizers import hbfp, int_, mxfp
from sqtheory.alphabet.scores import Gain
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.theory.case import Case
from sqtheory.theory.theorems.overlap import MOVED
from sqtheory.theory.theorems.score_keeps_scale import THEOREM

from .coq_claims import FormallyConcludes
from .overlap import counting, moved
from .proof import Proof
from .steps import Enumerated, Formal, Smt

MAGNITUDES = (0.0, 0.25, 0.5, 1.0, 1.5, 2.5, 4.0, 6.5, 7.0)


def grows(p: int) -> Any:
    """g = t^p − d^p grows strictly: d′ ≤ d + (t′ − t), d < t or d = t and d′ < t′, for 0 ≤ t < t′."""

    def question(z3: Any) -> tuple[list[Any], Any]:
        t, u, d, e = z3.Reals("t u d e")
        near = [0 <= t, t < u, 0 <= d, d <= t, 0 <= e, e < u, e <= d + (u - t)]
        return near, z3.Product([u] * p) - z3.Product([e] * p) > z3.Product([t] * p) - z3.Product([d] * p)

    return question


def rivals(z3: Any) -> tuple[list[Any], Any]:
    """A kept entry scores no less than a pruned maximum, smaller ones would score less: it is as large."""
    size, most, score, first = z3.Reals("size most score first")
    return [size <= most, score >= first, z3.Implies(size < most, score < first)], size == most


def unranked() -> list[str]:
    """Formats and masks under which a row of few magnitudes breaks the order of gains in a block, or moves a scale."""
    wrong = []
    rows = np.array(list(product(MAGNITUDES, repeat=4)))
    for q, p in product((int_(4), int_(3, block=2), hbfp(4), hbfp(3, block=2), mxfp(E2M1, block=4)), (2.0, 3.0)):
        for n in (1, 2, 3):
            case = Case.of(rows, q, nm(n, 4, score=Gain(q, p)), p)
            if not all(a.holds(case).all() for a in THEOREM.given) or MOVED.of(case).any():
                wrong.append(str(case))
    return wrong


PROOF = Proof(
    theorem=THEOREM,
    model={MOVED: moved},
    steps=(
        Smt("|G ∖ B| < k_G: some kept entry of G lies in B", counting),
        Smt("… and it is as large as the maximum that is pruned", rivals),
        Smt("gains to nearest, p = 2: they grow with |x| wherever the larger entry errs by less than itself", grows(2)),
        Smt("p = 3: the same", grows(3)),
        Enumerated("all rows of four out of nine magnitudes, by gain for p = 2 and 3", unranked),
        FormallyConcludes("every score, vector, pair of partitions and budget", "score_keeps_scale"),
        Formal("maxima of blocks are kept", "scores_keep_maxima"),
    ),
)
