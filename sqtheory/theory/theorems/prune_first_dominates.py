"""Pruning first is never the worse order."""

from math import inf

import numpy as np

from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp, mxint, nvfp4
from sqtheory.alphabet.rounding import floor, toward_zero
from sqtheory.alphabet.scaling import Percentile
from sqtheory.alphabet.scores import wanda
from sqtheory.alphabet.sparsifiers import nm, top
from sqtheory.alphabet.ties import Adversarial, by_original, high_index
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Attained, Claim, Reference
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import ERROR_QS, ERROR_SQ, MAGNITUDE, NORM, ONE_SCALE, ORDERED, SIGMA, Z
from sqtheory.theory.theorem import Theorem

THEOREM = Theorem(
    slug="prune_first_dominates",
    title="Pruning before quantizing is never the worse order, for every tensor, p ≥ 1 and tie rule",
    claims=(Claim(ERROR_SQ, "<=", ERROR_QS),),
    where=(ERROR_SQ, ERROR_QS),
    given=(
        Z.shown(Case.of([3, -1], bcq(2), nm(1, 2))),
        SIGMA.shown(Case.of([0, 1, 1, 1], int_(4, scaling=Percentile(50)), nm(2, 4))),
        ORDERED.shown(Case.of([7, 2.875, -2.8125, 0], int_(4, rounding=floor), nm(2, 4))),
        MAGNITUDE.shown(
            Case.of([7, 2.375, 2.625, 0], int_(4), nm(2, 4, score=wanda(np.diag([8, 1.375, 1.0, 1.0])))),
        ),
        ONE_SCALE.shown(Case.of([7, 0.5, 0.4375, 1], hbfp(4, block=2), top(3, per=Rows()))),
        NORM.shown(Case.of([2, 2.375, 0, 7], int_(4), nm(2, 4), 0.5)),
    ),
    domain=Domain(
        x=Arrays(8),
        q=OneOf(
            *(int_(4), int_(3, block=4), int_(2), int_(4, rounding=toward_zero), hbfp(4), hbfp(3, block=4)),
            *(mxint(4), mxfp(E2M1), mxfp(E4M3, block=4), nvfp4(block=8), bcq(2, zero=True)),
        ),
        s=OneOf(
            *(nm(2, 4), nm(1, 4), nm(3, 4), nm(2, 4, ties=high_index), nm(2, 4, ties=by_original)),
            *(nm(2, 4, ties=Adversarial(1)), nm(1, 2, ties=Adversarial(inf))),
        ),
        p=OneOf(1.0, 1.5, 2.0, 3.0, inf),
    ),
    witness=Attained(Case.of([7, 2.5, 1, 1], int_(4), nm(2, 4))),
    source=Reference("harma2025interplay", "after Theorems 3.5 and 3.6; for every norm also unified2026"),
    formal=(
        *("prune_first_dominates", "prune_first_dominates_largest", "half_even_prune_first", "by_maxima_prune_first"),
        *("finite_grid_prune_first", "int_prune_first", "hbfp_prune_first", "mxint_prune_first", "mxfp_prune_first"),
        "nvfp4_prune_first",
    ),
)
