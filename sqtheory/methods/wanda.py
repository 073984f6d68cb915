"""Wanda: of every group the weights of largest |W_ij|·‖X_j‖₂ stay, the others become 0; nothing is trained."""

import numpy as np

from sqtheory.alphabet.quantizers import Quantizer, int_
from sqtheory.alphabet.scores import Statistic, awaiting_wanda, wanda
from sqtheory.alphabet.sparsifiers import Sparsifier, nm
from sqtheory.methods.evidence import Fails, Holds
from sqtheory.methods.method import Facts, Method
from sqtheory.orders.pair import Pair
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import (
    partner_exact,
    partner_optimal,
    partner_regret,
    prune_first_dominates,
    wanda_converse,
    wanda_margin,
    wanda_reversal,
    weighted_dominates,
)


def build(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """The mask of s by Wanda's score, which a spelling calls ``score=wanda``, and q."""
    return Pair(s.with_score(awaiting_wanda.told(known[Statistic.norms])), q)


def _two_of_four(*norms: float) -> Sparsifier:
    return nm(2, 4, score=wanda(np.diag(norms)))


METHOD = Method(
    name="wanda",
    title="Wanda: pruning by weights and activations",
    source=Reference("sun2024wanda", "Eq. 1"),
    needs=(Statistic.norms,),
    build=build,
    evidence=(
        Fails(
            "in the plain norm, since rounding can turn round how two weights of unlike inputs rank",
            prune_first_dominates.THEOREM,
            Case.of([7, 2.375, 2.625, 0], int_(4), _two_of_four(8, 1.375, 1, 1)),
        ),
        Fails(
            "in the norm weighted by the inputs too, where a step of the grid weighs more for one of them",
            weighted_dominates.THEOREM,
            Case.of([7, 1.4375, 1, 0], int_(4), _two_of_four(1, 1, 1.375, 1)),
        ),
        Holds(
            "in that norm, where ‖X_j‖₂ times the scale is one number in every group: inputs of one power, or scales "
            "that make up for it",
            weighted_dominates.THEOREM,
            Case.of([7, 1.4375, 1, 0], int_(4), _two_of_four(2, 2, 2, 2)),
        ),
    ),
    rests_on=(
        *(partner_exact.THEOREM, partner_optimal.THEOREM, partner_regret.THEOREM),
        *(wanda_reversal.THEOREM, wanda_converse.THEOREM, wanda_margin.THEOREM),
    ),
)
